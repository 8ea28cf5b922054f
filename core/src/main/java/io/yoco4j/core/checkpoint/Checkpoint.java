package io.yoco4j.core.checkpoint;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ParameterLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model folder: config.json, model.safetensors (or shards with an index), and where given tokenizer.json and
 * generation_config.json. Opening checks all of it: the architecture's rules, and that exactly its tensors are there,
 * with its shapes, in a floating-point type or as config.json quantizes them, every value finite.
 */
public final class Checkpoint {
    /** File names of the format. */
    public static final String CONFIG = "config.json";

    public static final String WEIGHTS = "model.safetensors";
    /** What Hugging Face's folders have a chat template and its tokens in; ours keep them as they are. */
    static final List<String> CHAT_FILES = List.of("chat_template.jinja", "tokenizer_config.json");

    public static final String WEIGHTS_INDEX = "model.safetensors.index.json";
    public static final String TOKENIZER = "tokenizer.json";
    public static final String GENERATION_CONFIG = "generation_config.json";
    public static final String MODEL_CARD = "README.md";

    private static final long MAX_JSON = 1L << 28;

    private final Path folder;
    private final CheckpointConfig config;
    private final Map<String, StoredTensor> tensors;
    private final GenerationConfig generation;

    private Checkpoint(
            Path folder, CheckpointConfig config, Map<String, StoredTensor> tensors, GenerationConfig generation) {
        this.folder = folder;
        this.config = config;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.generation = generation;
    }

    /**
     * Opens a model folder; weights are mapped, not copied.
     *
     * @param arena how long the tensors stay valid
     * @throws InvalidInputException naming file and field or tensor
     * @throws UncheckedIOException when reading fails
     */
    public static Checkpoint open(Path folder, Arena arena) {
        CheckpointConfig config = readConfig(folder);
        Map<String, StoredTensor> tensors = new WeightChecks(folder)
                .requireAll(config, WeightFiles.open(folder, arena).tensors());
        Path generation = folder.resolve(GENERATION_CONFIG);
        return new Checkpoint(
                folder,
                config,
                tensors,
                Files.exists(generation) ? readGeneration(generation, config.architecture()) : GenerationConfig.NONE);
    }

    private static GenerationConfig readGeneration(Path file, Architecture architecture) {
        String text = readText(file);
        try {
            GenerationConfig config = GenerationConfig.read(text);
            requireTokens(config, architecture);
            return config;
        } catch (InvalidInputException e) {
            throw e.in(file + ": ");
        }
    }

    static void requireTokens(GenerationConfig config, Architecture architecture) {
        config.eos().forEach(id -> requireToken("eos_token_id", id, architecture));
        config.bos().ifPresent(id -> requireToken("bos_token_id", id, architecture));
    }

    private static void requireToken(String field, int id, Architecture architecture) {
        if (id >= architecture.vocabSize()) {
            throw new InvalidInputException(
                    field + " is " + id + ", but the vocabulary has " + architecture.vocabSize() + " tokens");
        }
    }

    /**
     * Reads config.json alone.
     *
     * @throws InvalidInputException naming file and field
     */
    public static CheckpointConfig readConfig(Path folder) {
        Path file = folder.resolve(CONFIG);
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(folder + " is not a folder: name a model folder, one with config.json");
        }
        String json = readText(file);
        try {
            return CheckpointConfig.read(json);
        } catch (InvalidInputException e) {
            throw e.in(file + ": ");
        }
    }

    /** The architecture in {@link #readConfig}. */
    public static Architecture readArchitecture(Path folder) {
        return readConfig(folder).architecture();
    }

    static String readText(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new InvalidInputException(file + " is missing or not a file: is its folder a model folder?");
        }
        try {
            if (Files.size(file) > MAX_JSON) {
                throw new InvalidInputException(file + " has " + Files.size(file) + " bytes, too many for such a file");
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(file + " is not UTF-8 text", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " could not be read: " + AtomicFiles.reason(e), e);
        }
    }

    public Path folder() {
        return folder;
    }

    public Architecture architecture() {
        return config.architecture();
    }

    /** What the matrices are quantized to; empty where they are in floating point. */
    public Optional<WeightFormat> quantization() {
        return config.quantization();
    }

    /** Exactly the tensors of {@link ParameterLayout}, in its order, and after each quantized matrix its scales. */
    public Map<String, StoredTensor> tensors() {
        return tensors;
    }

    /** The tensor of that name; the name must be one of the architecture's. */
    public StoredTensor tensor(String name) {
        StoredTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no tensor " + name + " in this architecture");
        }
        return tensor;
    }

    public GenerationConfig generation() {
        return generation;
    }

    /** The tokenizer file, where the folder has one. */
    public Optional<Path> tokenizer() {
        Path file = folder.resolve(TOKENIZER);
        return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
    }
}
