package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ArchitectureJson;
import io.yoco4j.core.json.JsonFields;
import io.yoco4j.core.json.StrictJson;
import java.util.Optional;
import java.util.Set;

/**
 * What config.json says: the architecture, and what its matrices are quantized to, which is no matter of architecture.
 *
 * @param quantization empty where matrices are stored in floating point
 */
public record CheckpointConfig(Architecture architecture, Optional<WeightFormat> quantization) {
    private static final String QUANTIZATION = "quantization";
    private static final String FORMAT = "format";
    private static final String GROUP_SIZE = "group_size";

    public CheckpointConfig {
        quantization.ifPresent(format -> {
            if (!format.quantized()) {
                throw new IllegalArgumentException(format + " is no quantized format");
            }
        });
    }

    /**
     * Reads config.json.
     *
     * @throws InvalidInputException naming the field; the caller adds the file's name
     */
    public static CheckpointConfig read(String json) {
        ObjectNode root = StrictJson.object(json);
        if (root.has("model_type") && !root.has("format_version")) {
            throw new InvalidInputException("this is a Hugging Face model (model_type "
                    + root.path("model_type").asText()
                    + "): import its folder with yoco import and use what that makes");
        }
        JsonNode quantization = root.remove(QUANTIZATION);
        return new CheckpointConfig(
                ArchitectureJson.read(root),
                quantization == null ? Optional.empty() : Optional.of(quantization(quantization)));
    }

    private static WeightFormat quantization(JsonNode node) {
        JsonFields f = new JsonFields(node, QUANTIZATION + ".")
                .requireKnown(Set.of(FORMAT, GROUP_SIZE), "format version " + ArchitectureJson.FORMAT_VERSION);
        WeightFormat format =
                f.choice(FORMAT, WeightFormat.Q8.label(), WeightFormat.Q8, WeightFormat.Q4.label(), WeightFormat.Q4);
        if (f.integer(GROUP_SIZE) != WeightFormat.GROUP) {
            throw f.wrong(
                    GROUP_SIZE,
                    "this version of yoco4j reads groups of " + WeightFormat.GROUP
                            + ": quantize the original model anew with yoco quantize");
        }
        return format;
    }

    /** The JSON text of config.json. */
    public String write() {
        ObjectNode root = ArchitectureJson.tree(architecture);
        quantization.ifPresent(format ->
                root.putObject(QUANTIZATION).put(FORMAT, format.label()).put(GROUP_SIZE, WeightFormat.GROUP));
        return root.toPrettyString() + "\n";
    }
}
