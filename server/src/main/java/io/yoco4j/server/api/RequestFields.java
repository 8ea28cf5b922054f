package io.yoco4j.server.api;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The fields of a JSON object, each asked for by name and type. null is as good as absent. {@link #refuseOthers} refuses
 * what nobody asked for, so that no field is ever ignored.
 */
public final class RequestFields {
    private static final int MAX_NESTING = 32;
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_NESTING)
                            .maxStringLength(Integer.MAX_VALUE)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final ObjectNode root;
    private final Set<String> known = new HashSet<>();

    /** What names of fields begin with in messages. */
    private final String prefix;

    private RequestFields(ObjectNode root, String prefix) {
        this.root = root;
        this.prefix = prefix;
    }

    /**
     * Parses a body.
     *
     * @throws ApiException 400 when it is not one JSON object, repeats a key, or nests deeper than 32 levels
     */
    public static RequestFields parse(byte[] body) {
        try (JsonParser parser = MAPPER.createParser(body)) {
            JsonNode node = MAPPER.readTree(parser);
            if (parser.nextToken() != null) {
                throw ApiException.invalid(400, "The body has more than one JSON value; send one object");
            }
            if (node instanceof ObjectNode object) {
                return new RequestFields(object, "");
            }
            throw ApiException.invalid(400, "The body is not a JSON object; send one");
        } catch (JacksonException e) {
            String where = e.getLocation() == null
                    ? ""
                    : ", at line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr();
            throw ApiException.invalid(400, "The body is not valid JSON: " + reason(e) + where);
        } catch (IOException e) {
            // Memory was read: what is left are bytes that are no characters.
            throw ApiException.invalid(400, "The body is not valid JSON: its bytes are not UTF-8");
        }
    }

    /** In words of our own: the parser's are for those who program it. */
    private static String reason(JacksonException e) {
        String message = String.valueOf(e.getOriginalMessage());
        return switch (e) {
            case JsonEOFException _ -> "it ends in the middle";
            case StreamConstraintsException _ ->
                message.contains("nesting depth")
                        ? "it nests deeper than " + MAX_NESTING + " levels"
                        : "it has a number or a name that is too long";
            case MismatchedInputException _ -> "something follows its end, and one object alone is taken";
            default ->
                message.startsWith("Duplicate field")
                        ? "Duplicate field; send each once"
                        : "it has something that does not belong there";
        };
    }

    /** A field as it is; empty where it is absent or null. */
    public Optional<JsonNode> any(String name) {
        known.add(name);
        JsonNode value = root.get(name);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    /** A string; empty where it is absent or null. */
    public Optional<String> string(String name) {
        return any(name).map(value -> {
            if (!value.isTextual()) {
                throw wrong(prefix + name, value, "a string");
            }
            return value.textValue();
        });
    }

    /**
     * True or false.
     *
     * @param absent what it is where it is absent or null
     */
    public boolean bool(String name, boolean absent) {
        return any(name)
                .map(value -> {
                    if (!value.isBoolean()) {
                        throw wrong(prefix + name, value, "true or false");
                    }
                    return value.booleanValue();
                })
                .orElse(absent);
    }

    /** An integer within bounds. */
    public OptionalInt integer(String name, int least, int most) {
        Optional<JsonNode> value = any(name);
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(integer(prefix + name, value.get(), least, most));
    }

    static int integer(String name, JsonNode value, int least, int most) {
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < least
                || value.intValue() > most) {
            throw wrong(name, value, "an integer in " + least + ".." + most);
        }
        return value.intValue();
    }

    /** A number within bounds. */
    public OptionalDouble number(String name, double least, double most) {
        Optional<JsonNode> value = any(name);
        if (value.isEmpty()) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(number(prefix + name, value.get(), least, most));
    }

    static double number(String name, JsonNode value, double least, double most) {
        if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw wrong(name, value, "a number in " + plain(least) + ".." + plain(most));
        }
        return value.doubleValue();
    }

    private static String plain(double bound) {
        return bound == Math.rint(bound) ? String.valueOf((long) bound) : String.valueOf(bound);
    }

    /** An object whose fields are read like those of the body. */
    public Optional<RequestFields> object(String name) {
        return any(name).map(value -> {
            if (value instanceof ObjectNode object) {
                return new RequestFields(object, prefix + name + ".");
            }
            throw wrong(prefix + name, value, "an object");
        });
    }

    /** A list of integers from 0 to {@code limit} - 1, which must be there. */
    public int[] integers(String name, int limit) {
        JsonNode list =
                any(name).orElseThrow(() -> ApiException.invalid(name, name + " is missing; send a list of integers"));
        if (!list.isArray()) {
            throw wrong(name, list, "a list of integers");
        }
        int[] out = new int[list.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = integer(name + "[" + i + "]", list.get(i), 0, limit - 1);
        }
        return out;
    }

    /** The entries of an object. */
    public Map<String, JsonNode> entries(String name) {
        Map<String, JsonNode> out = new LinkedHashMap<>();
        any(name).ifPresent(value -> {
            if (!value.isObject()) {
                throw wrong(name, value, "an object");
            }
            value.properties().forEach(e -> out.put(e.getKey(), e.getValue()));
        });
        return out;
    }

    /** Takes a field that is known but only at values which change nothing. */
    public void only(String name, String why, Object... values) {
        any(name).ifPresent(value -> {
            for (Object allowed : values) {
                if (value.equals(MAPPER.valueToTree(allowed))) {
                    return;
                }
            }
            throw ApiException.invalid(name, name + " is " + shortened(value) + ", but " + why + "; leave it out");
        });
    }

    /**
     * The end of reading.
     *
     * @throws ApiException 400 naming a field that was not asked for
     */
    public void refuseOthers() {
        root.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                throw ApiException.invalid(prefix + name, "Unrecognized request argument supplied: " + prefix + name);
            }
        });
    }

    /** A value of the wrong kind. */
    public static ApiException wrong(String name, JsonNode value, String expected) {
        String found = value.isMissingNode() ? "missing" : shortened(value);
        return ApiException.invalid(name, name + " is " + found + ", but must be " + expected);
    }

    private static String shortened(JsonNode value) {
        String text = value.toString();
        return text.length() <= 60 ? text : text.substring(0, 60) + "...";
    }
}
