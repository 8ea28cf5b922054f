package io.yoco4j.eval.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One item of an evaluation file, fields by name.
 *
 * @param fields as the file has them; a CSV's are all texts
 * @param place for messages: the file and the line or row
 */
public record EvalRecord(ObjectNode fields, String place) {
    private static final JsonMapper JSON = new JsonMapper();

    /** Whether there is a field of that name that is not null. */
    public boolean has(String name) {
        return fields.hasNonNull(name);
    }

    /**
     * A field's text.
     *
     * @throws InvalidInputException naming the place, when the field is missing or no text
     */
    public String text(String name) {
        JsonNode value = required(name);
        if (!value.isTextual()) {
            throw wrong(name, "a text");
        }
        return value.textValue();
    }

    /**
     * Texts of a field that is a list of them.
     *
     * @throws InvalidInputException naming the place, when it is missing, empty or anything else
     */
    public List<String> texts(String name) {
        return texts(name, required(name));
    }

    /** Texts of a list inside of a field that is an object, as in {@code choices.text}. */
    public List<String> texts(String name, String inner) {
        JsonNode object = required(name);
        if (!object.hasNonNull(inner)) {
            throw wrong(name, "an object with a field \"" + inner + "\"");
        }
        return texts(name + "." + inner, object.get(inner));
    }

    /** A CSV has lists as JSON in a cell. */
    private static JsonNode listed(JsonNode value) {
        if (value.isTextual() && value.textValue().strip().startsWith("[")) {
            try {
                return JSON.readTree(value.textValue());
            } catch (JsonProcessingException _) {
                // Then it is a text that begins so.
            }
        }
        return value;
    }

    private List<String> texts(String name, JsonNode given) {
        JsonNode list = listed(given);
        if (!list.isArray() || list.isEmpty()) {
            throw wrong(name, "a list of texts that is not empty");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode n : list) {
            if (!n.isTextual()) {
                throw wrong(name, "a list of texts");
            }
            texts.add(n.textValue());
        }
        return List.copyOf(texts);
    }

    /** Texts of a field of each object in a list of them. */
    public List<String> textsOfEach(String name, String inner) {
        JsonNode list = required(name);
        if (!list.isArray() || list.isEmpty()) {
            throw wrong(name, "a list of objects that is not empty");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode n : list) {
            if (!n.path(inner).isTextual()) {
                throw wrong(name, "a list of objects with a text \"" + inner + "\"");
            }
            texts.add(n.path(inner).textValue());
        }
        return List.copyOf(texts);
    }

    /** A field that is an object, as a record of its own; empty where it is missing or none. */
    public Optional<EvalRecord> inner(String name) {
        return fields.get(name) instanceof ObjectNode object
                ? Optional.of(new EvalRecord(object, place + ", field \"" + name + "\""))
                : Optional.empty();
    }

    /** Whether a field is a text. */
    public boolean isText(String name) {
        return has(name) && fields.get(name).isTextual();
    }

    /** Whether a field is a list. */
    public boolean isList(String name) {
        return has(name) && fields.get(name).isArray();
    }

    /**
     * A whole number, or a text that is one.
     *
     * @param min least value allowed
     * @param max greatest value allowed
     * @throws InvalidInputException naming the place, when it is missing, no number or out of range
     */
    public int integer(String name, int min, int max) {
        JsonNode value = required(name);
        String text = value.isTextual() ? value.textValue().strip() : value.asText();
        if (!text.matches("-?\\d{1,9}")) {
            throw wrong(name, "a whole number");
        }
        int number = Integer.parseInt(text);
        if (number < min || number > max) {
            throw wrong(name, "in " + min + ".." + max);
        }
        return number;
    }

    private JsonNode required(String name) {
        if (!has(name)) {
            throw new InvalidInputException(place + " has no field \"" + name + "\" (its fields: "
                    + String.join(
                            ", ",
                            fields.properties().stream().map(e -> e.getKey()).toList())
                    + "): add it, or name the task whose schema this is");
        }
        return fields.get(name);
    }

    private InvalidInputException wrong(String name, String expected) {
        String value = fields.get(name.contains(".") ? name.substring(0, name.indexOf('.')) : name)
                .toString();
        return new InvalidInputException(place + ": field \"" + name + "\" is "
                + (value.length() > 80 ? value.substring(0, 80) + "..." : value) + ", but must be " + expected);
    }
}
