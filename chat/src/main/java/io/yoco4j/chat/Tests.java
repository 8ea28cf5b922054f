package io.yoco4j.chat;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code is} asks: the tests that chat templates use. */
final class Tests {
    private final PythonValues values;

    Tests(PythonValues values) {
        this.values = values;
    }

    /**
     * Whether a value passes.
     *
     * @throws TemplateException when there is no such test, or the value cannot be compared
     */
    boolean test(@Nullable Object value, Arguments args) {
        values.work().take(1);
        return switch (args.callee()) {
            case "defined" -> value != null;
            case "undefined", "none" -> value == null;
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map;
            case "sequence", "iterable" ->
                value instanceof String || value instanceof Collection || value instanceof Map;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "number" -> value instanceof Number || value instanceof Boolean;
            case "integer" -> value instanceof Long || value instanceof Integer;
            case "float" -> value instanceof Double || value instanceof Float;
            case "even" -> whole(value, args) % 2 == 0;
            case "odd" -> whole(value, args) % 2 != 0;
            case "divisibleby" -> whole(value, args) % divisor(args) == 0;
            case "equalto", "eq", "==" -> values.equal(value, args.get(0, "other"));
            case "ne", "!=" -> !values.equal(value, args.get(0, "other"));
            case "sameas" -> values.equal(value, args.get(0, "other"));
            case "in" -> values.contains(args.get(0, "seq"), value);
            case "lower" -> value instanceof String s && same(s, s.toLowerCase(Locale.ROOT));
            case "upper" -> value instanceof String s && same(s, s.toUpperCase(Locale.ROOT));
            case "gt", "greaterthan", ">" -> compared(value, args) > 0;
            case "ge", ">=" -> compared(value, args) >= 0;
            case "lt", "lessthan", "<" -> compared(value, args) < 0;
            case "le", "<=" -> compared(value, args) <= 0;
            default -> throw new TemplateException("there is no test " + args.callee());
        };
    }

    private boolean same(String s, String made) {
        values.work().take(made.length());
        return s.equals(made);
    }

    private static long whole(@Nullable Object value, Arguments args) {
        if (value instanceof Number n) {
            return n.longValue();
        }
        throw new TemplateException("the test " + args.callee() + " asks for a number");
    }

    private static long divisor(Arguments args) {
        long divisor = args.whole(0, "num", 0);
        if (divisor == 0) {
            throw new TemplateException("the test divisibleby needs a number other than 0");
        }
        return divisor;
    }

    private int compared(@Nullable Object value, Arguments args) {
        Object other = args.get(0, "other");
        if (value instanceof Number a && other instanceof Number b) {
            return Double.compare(a.doubleValue(), b.doubleValue());
        }
        if (value instanceof String a && other instanceof String b) {
            values.work().take(Math.min(a.length(), b.length()));
            return a.compareTo(b);
        }
        throw new TemplateException("the test " + args.callee() + " compares two numbers or two strings");
    }
}
