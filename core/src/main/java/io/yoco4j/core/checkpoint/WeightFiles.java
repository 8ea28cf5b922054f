package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.json.StrictJson;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A folder's model.safetensors, or the shards that its index names, unchecked against config.json.
 *
 * @param tensors of all files
 * @param bytes of all files
 */
record WeightFiles(Map<String, StoredTensor> tensors, long bytes) {

    /** The file that says which tensors there are. */
    static Path index(Path folder) {
        Path index = folder.resolve(Checkpoint.WEIGHTS_INDEX);
        Path whole = folder.resolve(Checkpoint.WEIGHTS);
        return !Files.exists(whole) && Files.exists(index) ? index : whole;
    }

    /**
     * Maps them.
     *
     * @throws InvalidInputException when a file is missing or unsound, or the index does not fit them
     */
    static WeightFiles open(Path folder, Arena arena) {
        Path index = index(folder);
        if (index.endsWith(Checkpoint.WEIGHTS)) {
            Safetensors whole = Safetensors.open(index, arena);
            return new WeightFiles(whole.tensors(), whole.bytes());
        }
        Map<String, Safetensors> shards = new LinkedHashMap<>();
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (var entry : weightMap(index).properties()) {
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
                    throw new InvalidInputException(shard.path() + " has a tensor " + name + " that "
                            + Checkpoint.WEIGHTS_INDEX + " does not name");
                }
            }
        }
        return new WeightFiles(
                tensors, shards.values().stream().mapToLong(Safetensors::bytes).sum());
    }

    private static JsonNode weightMap(Path index) {
        String text = Checkpoint.readText(index);
        JsonNode map;
        try {
            map = StrictJson.object(text).path("weight_map");
        } catch (InvalidInputException e) {
            throw e.in(index + ": ");
        }
        if (!map.isObject() || map.isEmpty()) {
            throw new InvalidInputException(index + ": weight_map must be an object that names each tensor's file");
        }
        return map;
    }
}
