package io.yoco4j.core.checkpoint;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Writes a model folder. A new folder appears whole or not at all; in an existing one each file is replaced atomically,
 * the weights last.
 */
public final class CheckpointWriter {
    private final Architecture architecture;
    private final SafetensorsWriter weights;
    private Optional<WeightFormat> quantization = Optional.empty();
    private final Map<String, byte[]> texts = new LinkedHashMap<>();

    public CheckpointWriter(Architecture architecture, SafetensorsWriter weights) {
        this.architecture = architecture;
        this.weights = weights;
    }

    /** Says in config.json what the matrices among the weights are quantized to. */
    public CheckpointWriter quantization(WeightFormat format) {
        quantization = Optional.of(format);
        return this;
    }

    /** Adds tokenizer.json. */
    public CheckpointWriter tokenizer(String json) {
        return text(Checkpoint.TOKENIZER, json);
    }

    /** Adds generation_config.json. */
    public CheckpointWriter generation(GenerationConfig config) {
        return text(Checkpoint.GENERATION_CONFIG, config.write());
    }

    /** Adds a text file of another folder, where that has it. */
    CheckpointWriter copy(Path folder, String file) {
        Path from = folder.resolve(file);
        if (!Files.isRegularFile(from)) {
            return this;
        }
        if (file.equals(Checkpoint.MODEL_CARD)) {
            try {
                // As it is: it is never read.
                texts.put(file, Files.readAllBytes(from));
            } catch (IOException e) {
                throw new UncheckedIOException(from + " could not be read: " + AtomicFiles.reason(e), e);
            }
            return this;
        }
        return text(file, Checkpoint.readText(from));
    }

    /** Adds the model card, or another text file, under a plain file name. */
    public CheckpointWriter text(String file, String content) {
        texts.put(file, content.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /**
     * Writes a folder that must not exist yet, or be empty.
     *
     * @throws InvalidInputException when there is something at {@code folder} already
     * @throws UncheckedIOException when writing fails; no folder is then left behind
     */
    public void create(Path folder) {
        requireFree(folder);
        try {
            AtomicFiles.createFolder(folder, this::replace);
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " could not be written: " + AtomicFiles.reason(e), e);
        } catch (UncheckedIOException e) {
            // It names a file of the temporary folder, which the caller never heard of.
            IOException cause = Objects.requireNonNull(e.getCause());
            throw new UncheckedIOException(folder + " could not be written: " + AtomicFiles.reason(cause), cause);
        }
    }

    /**
     * Refuses an output folder that holds something.
     *
     * @throws InvalidInputException when it does, or is a file
     */
    public static void requireFree(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> entries = Files.isDirectory(folder) ? Files.list(folder) : Stream.of(folder)) {
            if (entries.findAny().isPresent()) {
                throw new InvalidInputException(
                        folder + " exists already and is not an empty folder: name another, or remove it first");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " could not be read: " + AtomicFiles.reason(e), e);
        }
    }

    /** Writes into {@code folder}, made where it is missing, replacing the files of this name one by one. */
    public void replace(Path folder) {
        texts.forEach((file, content) -> AtomicFiles.write(folder.resolve(file), content));
        AtomicFiles.writeString(
                folder.resolve(Checkpoint.CONFIG), new CheckpointConfig(architecture, quantization).write());
        weights.write(folder.resolve(Checkpoint.WEIGHTS));
    }
}
