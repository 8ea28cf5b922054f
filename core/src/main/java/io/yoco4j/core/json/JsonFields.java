package io.yoco4j.core.json;

import com.fasterxml.jackson.databind.JsonNode;
import io.yoco4j.core.InvalidInputException;
import java.util.Set;

/**
 * Typed access to the fields of one JSON object; every refusal names the field with its path.
 *
 * @param node the object
 * @param prefix path of the object with a dot at its end, or empty for the file's root
 */
public record JsonFields(JsonNode node, String prefix) {
    private static final int MAX_SHOWN = 40;

    public JsonFields {
        if (!node.isObject()) {
            String name = prefix.isEmpty() ? "the file's content" : prefix.substring(0, prefix.length() - 1);
            throw new InvalidInputException(name + " must be a JSON object");
        }
    }

    /** Refuses an object that has other fields than these. */
    public JsonFields requireKnown(Set<String> known, String format) {
        for (var field : node.properties()) {
            if (!known.contains(field.getKey())) {
                throw new InvalidInputException(prefix + field.getKey() + " is not a field of " + format
                        + ": remove it or correct its spelling");
            }
        }
        return this;
    }

    public boolean has(String name) {
        return node.has(name);
    }

    /** Whether the field is there and not null. */
    public boolean hasValue(String name) {
        return node.hasNonNull(name);
    }

    public JsonNode required(String name) {
        JsonNode value = node.get(name);
        if (value == null) {
            throw new InvalidInputException(prefix + name + " is missing");
        }
        return value;
    }

    public int integer(String name) {
        JsonNode value = required(name);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw wrong(name, "must be an integer that fits 32 bits");
        }
        return value.intValue();
    }

    public double number(String name) {
        JsonNode value = required(name);
        if (!value.isNumber()) {
            throw wrong(name, "must be a number");
        }
        return value.doubleValue();
    }

    /** A number for a float32 field: positive, finite, and neither 0 nor infinite once rounded. */
    public float positiveFloat(String name) {
        float value = (float) number(name);
        if (!(value > 0) || Float.isInfinite(value)) {
            throw wrong(name, "must be a positive number within float32's range");
        }
        return value;
    }

    public boolean bool(String name) {
        JsonNode value = required(name);
        if (!value.isBoolean()) {
            throw wrong(name, "must be true or false");
        }
        return value.booleanValue();
    }

    public String text(String name) {
        JsonNode value = required(name);
        if (!value.isTextual()) {
            throw wrong(name, "must be a string");
        }
        return value.textValue();
    }

    /** One of two values by its name. */
    public <T> T choice(String name, String a, T forA, String b, T forB) {
        String value = text(name);
        if (value.equals(a)) {
            return forA;
        }
        if (value.equals(b)) {
            return forB;
        }
        throw wrong(name, "must be " + a + " or " + b);
    }

    /** The refusal of a field's value: {@code rule} goes on from "but". */
    public InvalidInputException wrong(String name, String rule) {
        return new InvalidInputException(prefix + name + " is " + shown(node.path(name)) + ", but " + rule);
    }

    /** A value as a message shows it. */
    public static String shown(JsonNode value) {
        String text = value.isMissingNode() ? "missing" : value.toString();
        return text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "..." : text;
    }
}
