package io.yoco4j.chat;

import com.hubspot.jinjava.el.ext.NamedParameter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a method, filter or test is called with. It keeps in mind what was asked for: the rest is refused, not ignored. */
final class Arguments {
    private final String callee;
    private final List<@Nullable Object> positional;
    private final Map<String, @Nullable Object> named;
    private final Set<Object> asked = new HashSet<>();

    /**
     * @param callee its name, for messages
     * @param positional in the order of the call
     * @param named by name
     */
    Arguments(String callee, List<@Nullable Object> positional, Map<String, @Nullable Object> named) {
        this.callee = callee;
        this.positional = positional;
        this.named = named;
    }

    static Arguments of(String callee, @Nullable Object... values) {
        List<@Nullable Object> positional = new ArrayList<>();
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        for (Object value : values) {
            if (value instanceof NamedParameter parameter) {
                named.put(parameter.getName(), parameter.getValue());
            } else {
                positional.add(value);
            }
        }
        return new Arguments(callee, positional, named);
    }

    String callee() {
        return callee;
    }

    /** All in the order of the call, for who takes any number. */
    List<@Nullable Object> positional() {
        for (int i = 0; i < positional.size(); i++) {
            asked.add(i);
        }
        return positional;
    }

    /** All by name, for who takes any. */
    Map<String, @Nullable Object> named() {
        asked.addAll(named.keySet());
        return named;
    }

    /** Whether the argument at a place, or of a name, is given, if only as none. */
    boolean has(int place, String name) {
        return place < positional.size() || named.containsKey(name);
    }

    /** The argument of a name, which has no place; null where it is not given. */
    @Nullable
    Object get(String name) {
        asked.add(name);
        return named.get(name);
    }

    /** The argument at a place, or of a name; null where it is not given. */
    @Nullable
    Object get(int place, String name) {
        if (place < positional.size()) {
            asked.add(place);
            return positional.get(place);
        }
        asked.add(name);
        return named.get(name);
    }

    /**
     * Refuses arguments that nobody asked for.
     *
     * @throws TemplateException naming the first
     */
    void requireAllTaken() {
        for (int i = 0; i < positional.size(); i++) {
            if (!asked.contains(i)) {
                throw new TemplateException(
                        callee + " does not take " + (i + 1) + (i == 0 ? " argument" : " arguments"));
            }
        }
        for (String name : named.keySet()) {
            if (!asked.contains(name)) {
                throw new TemplateException(callee + " does not take an argument " + name);
            }
        }
    }

    /** As {@link #get}, where it must be a string. */
    String text(int place, String name) {
        String text = textOrNull(place, name);
        if (text == null) {
            throw new TemplateException(callee + " needs a string: " + name);
        }
        return text;
    }

    @Nullable
    String textOrNull(int place, String name) {
        Object value = get(place, name);
        if (value != null && !(value instanceof String)) {
            throw new TemplateException(callee + " takes a string for " + name);
        }
        return (String) value;
    }

    long whole(int place, String name, long otherwise) {
        Object value = get(place, name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Number n) {
            return n.longValue();
        }
        throw new TemplateException(callee + " takes a number for " + name);
    }
}
