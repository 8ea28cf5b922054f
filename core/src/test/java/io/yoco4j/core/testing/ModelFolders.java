package io.yoco4j.core.testing;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.CheckpointWriter;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.text.BpeTrainer;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Model folders for tests that need text: {@code nano}, random weights, a tokenizer of 300 tokens. */
public final class ModelFolders {
    private static final int VOCABULARY = 300;

    private ModelFolders() {}

    /**
     * Writes a folder.
     *
     * @param folder that is not there yet
     * @param text that the tokenizer is trained on
     * @return the folder
     */
    public static Path create(Path folder, String system, int seed, String text) {
        Architecture a = Presets.architecture(system, "nano");
        SafetensorsWriter weights = new SafetensorsWriter();
        RandomWeights.of(a, WeightFormat.F32, seed).values().forEach(weights::add);
        String tokenizer = BpeTrainer.builder()
                .vocabularySize(VOCABULARY)
                .build()
                .train(Stream.of(text))
                .json();
        new CheckpointWriter(a, weights).tokenizer(tokenizer).create(folder);
        return folder;
    }
}
