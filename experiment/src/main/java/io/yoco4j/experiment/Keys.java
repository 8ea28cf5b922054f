package io.yoco4j.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.Counts;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.json.JsonFields;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/** Typed access to the keys of one mapping of an experiment file; every refusal names the key with its path. */
record Keys(JsonFields fields, String prefix) {
    /** The mapping {@code node} at {@code path}, which may be empty for the root, with no other keys than these. */
    static Keys of(JsonNode node, String path, Set<String> known) {
        if (!node.isObject()) {
            throw new InvalidInputException(path + " must be a mapping of keys to values");
        }
        String prefix = path.isEmpty() ? "" : path + ".";
        JsonFields fields = new JsonFields(node, prefix);
        for (var field : node.properties()) {
            if (!known.contains(field.getKey())) {
                throw new InvalidInputException(
                        prefix + field.getKey() + " is not a key of an experiment file here:" + " correct it to one of "
                                + String.join(", ", known.stream().sorted().toList()));
            }
            if (field.getValue().isNull()
                    || field.getValue().asText("-").isEmpty()
                            && field.getValue().isTextual()) {
                throw new InvalidInputException(prefix + field.getKey() + " has no value: give one or remove the key");
            }
        }
        return new Keys(fields, prefix);
    }

    boolean has(String key) {
        return fields.has(key);
    }

    /** The mapping under a key, an empty one where the key is left out. */
    Keys child(String key, Set<String> known) {
        return of(has(key) ? fields.required(key) : JsonNodeFactory.instance.objectNode(), prefix + key, known);
    }

    /** The mapping under a key, whatever keys it has; an empty one where the key is left out. */
    ObjectNode mapping(String key) {
        JsonNode node = has(key) ? fields.required(key) : JsonNodeFactory.instance.objectNode();
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new InvalidInputException(prefix + key + " must be a mapping of keys to values");
    }

    String text(String key) {
        return fields.text(key);
    }

    int integer(String key, int min) {
        return atLeast(key, fields.integer(key), min);
    }

    int integer(String key, int min, int otherwise) {
        return has(key) ? integer(key, min) : otherwise;
    }

    boolean bool(String key, boolean otherwise) {
        return has(key) ? fields.bool(key) : otherwise;
    }

    private int atLeast(String key, int value, int min) {
        if (value < min) {
            throw fields.wrong(key, "must be at least " + min);
        }
        return value;
    }

    double positive(String key) {
        double value = fields.number(key);
        if (!(value > 0) || Double.isInfinite(value)) {
            throw fields.wrong(key, "must be a number above 0");
        }
        return value;
    }

    /** A count such as {@code 4096}, {@code 2e6} or {@code 15M}; K, M and G are powers of 1000. */
    long count(String key) {
        JsonNode value = fields.required(key);
        return Counts.parse(value.asText())
                .orElseThrow(() -> fields.wrong(key, "must be a whole number above 0, such as 4096, 2e6 or 15M"));
    }

    long count(String key, long otherwise) {
        return has(key) ? count(key) : otherwise;
    }

    List<String> texts(String key) {
        return list(key, "strings", JsonNode::isTextual, JsonNode::textValue);
    }

    List<Integer> integers(String key) {
        return list(key, "integers above 0", n -> n.isInt() && n.intValue() > 0, JsonNode::intValue);
    }

    List<Long> seeds(String key) {
        return list(
                key,
                "integers of at least 0",
                n -> n.isIntegralNumber() && n.canConvertToLong() && n.longValue() >= 0,
                JsonNode::longValue);
    }

    List<Double> positives(String key) {
        return list(key, "numbers above 0", n -> n.isNumber() && n.doubleValue() > 0, JsonNode::doubleValue);
    }

    /** At least one value, none twice. */
    private <T> List<T> list(String key, String what, Predicate<JsonNode> fits, Function<JsonNode, T> read) {
        JsonNode node = fields.required(key);
        if (!node.isArray() || node.isEmpty()) {
            throw new InvalidInputException(prefix + key + " must be a list of " + what + " with at least one entry");
        }
        List<T> values = new ArrayList<>();
        Set<T> seen = new HashSet<>();
        for (JsonNode entry : node) {
            if (!fits.test(entry)) {
                throw new InvalidInputException(
                        prefix + key + " has the entry " + JsonFields.shown(entry) + ", but must be a list of " + what);
            }
            T value = read.apply(entry);
            if (!seen.add(value)) {
                throw new InvalidInputException(
                        prefix + key + " has the entry " + JsonFields.shown(entry) + " twice: remove one");
            }
            values.add(value);
        }
        return Collections.unmodifiableList(values);
    }
}
