package io.yoco4j.experiment;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.yoco4j.core.InvalidInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A YAML text as a tree of JSON, read strictly. */
final class YamlTree {
    private static final YAMLMapper MAPPER = YAMLMapper.builder(
                    YAMLFactory.builder().build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Numbers to people, but strings to YAML 1.1, which wants a point and a sign. */
    private static final Pattern NUMBER = Pattern.compile("[-+]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)[eE][-+]?[0-9]+");

    private YamlTree() {}

    /**
     * The mapping that a text holds.
     *
     * @throws InvalidInputException naming line and column; the caller adds the file's name
     */
    static ObjectNode read(String yaml) {
        try {
            JsonNode root = MAPPER.readTree(yaml);
            if (root instanceof ObjectNode object) {
                withNumbers(object);
                return object;
            }
            throw new InvalidInputException("must be a mapping of keys such as name and systems");
        } catch (JacksonException e) {
            var at = e.getLocation();
            String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw new InvalidInputException("is not valid YAML" + where + ": " + firstLine(e.getOriginalMessage()), e);
        }
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse(message);
    }

    private static void withNumbers(JsonNode node) {
        if (node instanceof ObjectNode object) {
            List<Map.Entry<String, JsonNode>> fields = new ArrayList<>(object.properties());
            for (Map.Entry<String, JsonNode> field : fields) {
                if (isNumber(field.getValue())) {
                    object.set(field.getKey(), number(field.getValue()));
                } else {
                    withNumbers(field.getValue());
                }
            }
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                if (isNumber(array.get(i))) {
                    array.set(i, number(array.get(i)));
                } else {
                    withNumbers(array.get(i));
                }
            }
        }
    }

    private static boolean isNumber(JsonNode node) {
        return node.isTextual() && NUMBER.matcher(node.textValue()).matches();
    }

    private static JsonNode number(JsonNode node) {
        return DoubleNode.valueOf(Double.parseDouble(node.textValue()));
    }
}
