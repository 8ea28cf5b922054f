package io.yoco4j.core;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Options written as {@code key=value,key=value}: each at most once, and each one that its reader knows. The reader takes
 * what it knows with a default, and calls {@link #requireKnown} at its end.
 */
public final class KeyValues {
    private final String owner;
    private final Map<String, String> values;
    private final Set<String> known = new LinkedHashSet<>();

    private KeyValues(String owner, Map<String, String> values) {
        this.owner = owner;
        this.values = values;
    }

    /**
     * Reads options.
     *
     * @param owner whose options they are, for messages
     * @param text may be empty
     * @throws InvalidInputException when a part is no {@code key=value}, or a key comes twice
     */
    public static KeyValues parse(String owner, String text) {
        Map<String, String> values = new LinkedHashMap<>();
        for (String part : text.isBlank() ? new String[0] : text.split(",", -1)) {
            int equals = part.indexOf('=');
            if (equals < 1 || equals == part.length() - 1) {
                throw new InvalidInputException(owner + ": \"" + part + "\" is not of the form key=value");
            }
            String key = part.substring(0, equals).strip();
            if (values.put(key, part.substring(equals + 1).strip()) != null) {
                throw new InvalidInputException(owner + ": " + key + " is given twice: leave one of them out");
            }
        }
        return new KeyValues(owner, values);
    }

    /**
     * A whole number.
     *
     * @param fallback where the key is not given
     * @throws InvalidInputException when it is no number, or not in {@code min..max}
     */
    public int integer(String key, int fallback, int min, int max) {
        known.add(key);
        String text = values.get(key);
        if (text == null) {
            return fallback;
        }
        int value;
        try {
            value = Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new InvalidInputException(owner + ": " + key + " is \"" + text + "\", but must be a whole number", e);
        }
        if (value < min || value > max) {
            throw new InvalidInputException(
                    owner + ": " + key + " is " + value + ", but must lie in " + min + ".." + max);
        }
        return value;
    }

    /**
     * One of some words.
     *
     * @param fallback where the key is not given
     * @throws InvalidInputException when it is another
     */
    public String choice(String key, String fallback, Set<String> choices) {
        known.add(key);
        String value = values.getOrDefault(key, fallback);
        if (!choices.contains(value)) {
            throw new InvalidInputException(
                    owner + ": " + key + " is \"" + value + "\", but must be one of " + String.join(", ", choices));
        }
        return value;
    }

    /**
     * Refuses keys that no call has asked for.
     *
     * @throws InvalidInputException naming one and those that there are
     */
    public void requireKnown() {
        for (String key : values.keySet()) {
            if (!known.contains(key)) {
                throw new InvalidInputException(
                        owner + ": " + key + " is unknown: take any of " + String.join(", ", known));
            }
        }
    }
}
