package io.yoco4j.chat;

import com.hubspot.jinjava.el.ext.NamedParameter;
import com.hubspot.jinjava.objects.Namespace;
import com.hubspot.jinjava.objects.date.InvalidDateFormatException;
import com.hubspot.jinjava.objects.date.StrftimeFormatter;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that templates may call; jinjava finds them by name. */
final class TemplateFunctions {
    static final List<String> NAMES = List.of("raise_exception", "strftime_now", "namespace", "dict", "range");

    private TemplateFunctions() {}

    static Object raise_exception(@Nullable Object... args) {
        Object message = Arguments.of("raise_exception", args).get(0, "message");
        throw TemplateException.refusal(Rendering.current().values().text(message));
    }

    /** The time now, by Python's format. */
    static Object strftime_now(@Nullable Object... args) {
        String format = Arguments.of("strftime_now", args).text(0, "format");
        Rendering.current().work().take(64L * format.length());
        if (format.indexOf('%') < 0) {
            return format;
        }
        try {
            return StrftimeFormatter.format(
                    ZonedDateTime.now(Rendering.current().clock()), format, Locale.ENGLISH);
        } catch (InvalidDateFormatException | StringIndexOutOfBoundsException e) {
            throw new TemplateException("strftime_now does not know the format '" + format + "'");
        }
    }

    /** A mapping whose attributes can be set, in loops too. */
    static Object namespace(@Nullable Object... args) {
        return new Namespace(entries(args));
    }

    static Object dict(@Nullable Object... args) {
        return entries(args);
    }

    private static Map<String, @Nullable Object> entries(@Nullable Object... args) {
        Map<String, @Nullable Object> entries = new LinkedHashMap<>();
        for (Object arg : args) {
            if (arg instanceof NamedParameter named) {
                entries.put(named.getName(), named.getValue());
            } else if (arg instanceof Map<?, ?> map) {
                map.forEach((key, value) -> entries.put(String.valueOf(key), value));
            } else {
                throw new TemplateException("namespace and dict take named values, or a mapping");
            }
        }
        Rendering.current().work().take(1L + entries.size());
        return entries;
    }

    static Object range(@Nullable Object... args) {
        Arguments given = Arguments.of("range", args);
        boolean one = given.positional().size() < 2;
        long start = one ? 0 : given.whole(0, "start", 0);
        long stop = given.whole(one ? 0 : 1, "stop", 0);
        long step = given.whole(2, "step", 1);
        if (step == 0) {
            throw new TemplateException("the step of a range is 0");
        }
        Work work = Rendering.current().work();
        List<Object> numbers = new ArrayList<>();
        for (long i = start; step > 0 ? i < stop : i > stop; i = Math.addExact(i, step)) {
            work.take(8);
            numbers.add(i);
        }
        return numbers;
    }
}
