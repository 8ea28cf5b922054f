package io.yoco4j.experiment;

import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.train.Dataset;
import io.yoco4j.train.TrainingData;
import io.yoco4j.train.TrainingOptions;
import io.yoco4j.train.data.Sequences;
import io.yoco4j.train.data.Windows;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Text whose validation curve is taken over its first windows, by the bytes of all of them: as in all results so far, with
 * which curves are compared. What systems are ranked by is measured on held-out sets after training.
 */
record FirstWindows(TrainingData text) implements Dataset {
    @Override
    public int vocabularySize() {
        return text.vocabularySize();
    }

    @Override
    public Tokenizer tokenizer() {
        return text.tokenizer();
    }

    @Override
    public OptionalInt endOfText() {
        return text.endOfText();
    }

    @Override
    public Sequences training(TrainingOptions options) {
        return text.training(options);
    }

    @Override
    public Sequences heldOut(TrainingOptions options) {
        return new Windows(text.shards().validation(), options.sequenceLength());
    }

    @Override
    public OptionalDouble bytesPerToken(TrainingOptions options) {
        return OptionalDouble.of(text.shards().validation().bytesPerToken());
    }

    @Override
    public void close() {
        text.close();
    }
}
