package io.yoco4j.chat;

import com.hubspot.jinjava.el.ext.NamedParameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a method, filter or test is called with.
 *
 * @param callee its name, for messages
 * @param positional in the order of the call
 * @param named by name
 */
record Arguments(String callee, List<@Nullable Object> positional, Map<String, @Nullable Object> named) {

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

    /** The argument at a place, or of a name; null where it is not given. */
    @Nullable
    Object get(int place, String name) {
        return place < positional.size() ? positional.get(place) : named.get(name);
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
