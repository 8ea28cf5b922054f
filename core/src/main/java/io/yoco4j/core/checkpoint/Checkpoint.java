package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ArchitectureJson;
import io.yoco4j.core.arch.ParameterLayout;
import io.yoco4j.core.json.StrictJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A model folder: config.json, model.safetensors (or shards with an index), and where given tokenizer.json and
 * generation_config.json. Opening checks all of it: the architecture's rules, and that exactly its tensors are there,
 * with its shapes, in a floating-point type, every value finite.
 */
public final class Checkpoint {
    /** File names of the format. */
    public static final String CONFIG = "config.json";

    public static final String WEIGHTS = "model.safetensors";
    public static final String WEIGHTS_INDEX = "model.safetensors.index.json";
    public static final String TOKENIZER = "tokenizer.json";
    public static final String GENERATION_CONFIG = "generation_config.json";

    private static final long MAX_JSON = 1L << 28;

    private final Path folder;
    private final Architecture architecture;
    private final Map<String, StoredTensor> tensors;
    private final GenerationConfig generation;

    private Checkpoint(
            Path folder, Architecture architecture, Map<String, StoredTensor> tensors, GenerationConfig generation) {
        this.folder = folder;
        this.architecture = architecture;
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
        Architecture architecture = readArchitecture(folder);
        Map<String, StoredTensor> stored = readTensors(folder, arena);
        requireTensors(folder, architecture, stored);
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        ParameterLayout.of(architecture).forEach((name, shape) -> {
            StoredTensor tensor = stored.get(name);
            if (tensor == null) {
                throw new InvalidInputException(weights(folder) + " has no tensor " + name
                        + ", which config.json calls for: the file is incomplete or of another model");
            }
            requireSound(folder, tensor, shape);
            tensors.put(name, tensor);
        });
        for (String name : stored.keySet()) {
            if (!tensors.containsKey(name)) {
                throw new InvalidInputException(weights(folder) + " has a tensor " + name
                        + " that config.json has no place for: the two files are of different models");
            }
        }
        Path generation = folder.resolve(GENERATION_CONFIG);
        return new Checkpoint(
                folder,
                architecture,
                tensors,
                Files.exists(generation) ? readGeneration(generation, architecture) : GenerationConfig.NONE);
    }

    /** Fewer tensors than layers: then no layout of (perhaps very many) layers is made to find the first missing. */
    static void requireTensors(Path folder, Architecture architecture, Map<String, StoredTensor> stored) {
        if (stored.size() < architecture.layers()) {
            throw new InvalidInputException(weights(folder) + " has " + stored.size() + " tensors, too few for the "
                    + architecture.layers() + " layers of config.json: the file is incomplete or of another model");
        }
    }

    /** The file that says which tensors there are. */
    static Path weights(Path folder) {
        return folder.resolve(
                !Files.exists(folder.resolve(WEIGHTS)) && Files.exists(folder.resolve(WEIGHTS_INDEX))
                        ? WEIGHTS_INDEX
                        : WEIGHTS);
    }

    /** Checks shape, type and values of a weight. */
    static void requireSound(Path folder, StoredTensor tensor, long[] shape) {
        String where = weights(folder) + ": tensor " + tensor.name();
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw new InvalidInputException(where + " has shape " + Arrays.toString(tensor.shape())
                    + ", but config.json makes it " + Arrays.toString(shape));
        }
        if (!tensor.dtype().floating()) {
            throw new InvalidInputException(where + " is " + tensor.dtype() + ", but weights are F32, BF16 or F16");
        }
        if (!tensor.finite()) {
            throw new InvalidInputException(where
                    + " has a value that is NaN or infinite: the training that wrote it diverged, or it is corrupt");
        }
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
    public static Architecture readArchitecture(Path folder) {
        Path file = folder.resolve(CONFIG);
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(folder + " is not a folder: name a model folder, one with config.json");
        }
        String json = readText(file);
        try {
            return ArchitectureJson.read(json);
        } catch (InvalidInputException e) {
            throw e.in(file + ": ");
        }
    }

    /** All tensors of a folder's model.safetensors or of the shards its index names, unchecked against config.json. */
    static Map<String, StoredTensor> readTensors(Path folder, Arena arena) {
        Path index = weights(folder);
        if (index.endsWith(WEIGHTS)) {
            return Safetensors.open(index, arena).tensors();
        }
        String text = readText(index);
        JsonNode map;
        try {
            map = StrictJson.object(text).path("weight_map");
        } catch (InvalidInputException e) {
            throw e.in(index + ": ");
        }
        if (!map.isObject() || map.isEmpty()) {
            throw new InvalidInputException(index + ": weight_map must be an object that names each tensor's file");
        }
        Map<String, Safetensors> shards = new LinkedHashMap<>();
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (var entry : map.properties()) {
            String file = entry.getValue().asText();
            if (!entry.getValue().isTextual() || !file.matches("[A-Za-z0-9._-]+\\.safetensors")) {
                throw new InvalidInputException(
                        index + ": weight_map." + entry.getKey() + " must name a .safetensors file in the same folder");
            }
            Safetensors shard = shards.computeIfAbsent(file, f -> Safetensors.open(folder.resolve(f), arena));
            tensors.put(entry.getKey(), shard.tensor(entry.getKey()));
        }
        for (Safetensors shard : shards.values()) {
            for (String name : shard.tensors().keySet()) {
                if (!tensors.containsKey(name)) {
                    throw new InvalidInputException(
                            shard.path() + " has a tensor " + name + " that " + WEIGHTS_INDEX + " does not name");
                }
            }
        }
        return tensors;
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
        return architecture;
    }

    /** Exactly the tensors of {@link ParameterLayout}, in its order. */
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
