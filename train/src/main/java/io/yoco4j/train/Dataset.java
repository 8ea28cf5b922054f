package io.yoco4j.train;

import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.train.data.Sequences;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** What a model learns from and is evaluated on: text in token shards ({@link TrainingData}), or sequences made by a program. */
public interface Dataset extends AutoCloseable {
    /** What tokens are below; a model's vocabulary must have at least as many. */
    int vocabularySize();

    /** For the model's folder, and for samples. */
    Tokenizer tokenizer();

    /** The token that ends a text, where there is one. */
    OptionalInt endOfText();

    /**
     * Sequences to train on, in the order they come: step s takes those from {@code s * accumulation * batchSize} on.
     *
     * @throws io.yoco4j.core.InvalidInputException when the sequence length does not fit the data
     */
    Sequences training(TrainingOptions options);

    /**
     * Sequences to evaluate on, of which the first are read that {@link TrainingOptions#evaluationTokens} allow; none of them is
     * trained on.
     *
     * @throws io.yoco4j.core.InvalidInputException when the sequence length does not fit the data
     */
    Sequences heldOut(TrainingOptions options);

    /** UTF-8 bytes per token of the sequences that are evaluated; empty where the data is no text. */
    OptionalDouble bytesPerToken(TrainingOptions options);

    @Override
    void close();
}
