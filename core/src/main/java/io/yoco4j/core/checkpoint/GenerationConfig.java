package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.json.JsonFields;
import io.yoco4j.core.json.StrictJson;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The token ids that start and end a text, from generation_config.json (Hugging Face's names; other fields are ignored,
 * as sampling is the caller's choice).
 *
 * @param bos put before a prompt, where there is one
 * @param eos each ends a generation
 */
public record GenerationConfig(OptionalInt bos, List<Integer> eos) {
    /** No token is special. */
    public static final GenerationConfig NONE = new GenerationConfig(OptionalInt.empty(), List.of());

    private static final JsonMapper MAPPER = new JsonMapper();

    public GenerationConfig {
        eos = List.copyOf(eos);
    }

    /**
     * Reads {@code bos_token_id} and {@code eos_token_id} (the latter a number or a list) from a JSON object.
     *
     * @throws InvalidInputException when it is not one, or an id is not an integer
     */
    public static GenerationConfig read(String json) {
        return of(StrictJson.object(json));
    }

    /** Reads the two fields, under the same names, from an object of another file. */
    static GenerationConfig of(ObjectNode root) {
        List<Integer> bos = ids(root, "bos_token_id");
        if (bos.size() > 1) {
            throw new JsonFields(root, "").wrong("bos_token_id", "must be one token id");
        }
        return new GenerationConfig(
                bos.isEmpty() ? OptionalInt.empty() : OptionalInt.of(bos.getFirst()), ids(root, "eos_token_id"));
    }

    private static List<Integer> ids(JsonNode root, String field) {
        JsonNode node = root.path(field);
        if (node.isMissingNode() || node.isNull()) {
            return List.of();
        }
        List<JsonNode> nodes = node.isArray()
                ? IntStream.range(0, node.size()).mapToObj(node::get).toList()
                : List.of(node);
        return nodes.stream()
                .map(n -> {
                    if (!n.isIntegralNumber() || !n.canConvertToInt() || n.intValue() < 0) {
                        throw new InvalidInputException(field + " is " + JsonFields.shown(node)
                                + ", but must be a token id or a list of token ids");
                    }
                    return n.intValue();
                })
                .toList();
    }

    /** The JSON text of generation_config.json. */
    public String write() {
        ObjectNode root = MAPPER.createObjectNode();
        bos.ifPresent(id -> root.put("bos_token_id", id));
        if (eos.size() == 1) {
            root.put("eos_token_id", eos.getFirst());
        } else if (!eos.isEmpty()) {
            var list = root.putArray("eos_token_id");
            eos.forEach(list::add);
        }
        return root.toPrettyString() + "\n";
    }
}
