package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ArchitectureJson;
import io.yoco4j.core.arch.ParameterLayout;
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

    private static final JsonMapper MAPPER = new JsonMapper();
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
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        ParameterLayout.of(architecture).forEach((name, shape) -> {
            StoredTensor tensor = stored.get(name);
            if (tensor == null) {
                throw new InvalidInputException(folder.resolve(WEIGHTS) + " has no tensor " + name
                        + ", which config.json calls for: the file is incomplete or of another model");
            }
            requireSound(folder, tensor, shape);
            tensors.put(name, tensor);
        });
        for (String name : stored.keySet()) {
            if (!tensors.containsKey(name)) {
                throw new InvalidInputException(folder.resolve(WEIGHTS) + " has a tensor " + name
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

    private static void requireSound(Path folder, StoredTensor tensor, long[] shape) {
        String where = folder.resolve(WEIGHTS) + ": tensor " + tensor.name();
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
        try {
            GenerationConfig config = GenerationConfig.read(readText(file));
            config.eos().forEach(id -> requireToken("eos_token_id", id, architecture));
            config.bos().ifPresent(id -> requireToken("bos_token_id", id, architecture));
            return config;
        } catch (InvalidInputException e) {
            throw e.in(file + ": ");
        }
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
        Path index = folder.resolve(WEIGHTS_INDEX);
        if (Files.exists(folder.resolve(WEIGHTS)) || !Files.exists(index)) {
            return Safetensors.open(folder.resolve(WEIGHTS), arena).tensors();
        }
        JsonNode map;
        try {
            map = MAPPER.readTree(readText(index)).path("weight_map");
        } catch (JacksonException e) {
            throw new InvalidInputException(index + " is not valid JSON: " + e.getOriginalMessage(), e);
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
            throw new UncheckedIOException(file + " could not be read: " + e.getMessage(), e);
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
