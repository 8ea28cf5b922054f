package io.yoco4j.chat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The filters that chat templates use, and no others. */
final class Filters {
    private final PythonValues values;
    private final PythonMethods methods;
    private final Tests tests;

    Filters(PythonValues values, PythonMethods methods, Tests tests) {
        this.values = values;
        this.methods = methods;
        this.tests = tests;
    }

    /**
     * What a filter makes of a value.
     *
     * @throws TemplateException when there is no such filter, or the value or the arguments are not its own
     */
    @Nullable
    Object apply(@Nullable Object value, Arguments args) {
        values.work().take(value instanceof String s ? 1L + s.length() : 1);
        Object result = applied(value, args);
        args.requireAllTaken();
        return result;
    }

    private @Nullable Object applied(@Nullable Object value, Arguments args) {
        return switch (args.callee()) {
            case "trim" -> methods.strip(values.text(value), args, true, true);
            case "length", "count" -> values.length(value);
            case "tojson" -> json(value, args);
            case "string" -> values.text(value);
            case "safe" -> value;
            case "upper" -> values.text(value).toUpperCase(Locale.ROOT);
            case "lower" -> values.text(value).toLowerCase(Locale.ROOT);
            case "capitalize" -> PythonStrings.capitalize(values.text(value));
            case "title" -> PythonStrings.title(values.text(value));
            case "replace" -> methods.replace(values.text(value), args);
            case "join" -> joined(value, args);
            case "default", "d" -> otherwise(value, args);
            case "first" -> edge(values.items(value), true);
            case "last" -> edge(values.items(value), false);
            case "list" -> values.items(value);
            case "reverse" -> reversed(value);
            case "int" -> whole(value, args.whole(0, "default", 0));
            case "float" -> real(value, args);
            case "abs" -> magnitude(value);
            case "indent" -> indented(values.text(value), args);
            case "sort" -> sorted(value, args);
            case "unique" -> distinct(value, args);
            case "items" -> methods.call(value, Arguments.of("items"));
            case "map" -> mapped(value, args);
            case "select" -> kept(value, args, false, true);
            case "reject" -> kept(value, args, false, false);
            case "selectattr" -> kept(value, args, true, true);
            case "rejectattr" -> kept(value, args, true, false);
            default -> throw new TemplateException("there is no filter " + args.callee());
        };
    }

    /** With the arguments in the order that Hugging Face's has, which is not Jinja's. */
    private String json(@Nullable Object value, Arguments args) {
        long indent = args.whole(1, "indent", -1);
        if (PythonValues.truth(args.get(0, "ensure_ascii"))
                || args.get(2, "separators") != null
                || PythonValues.truth(args.get(3, "sort_keys"))) {
            throw new TemplateException(
                    "tojson has no other form here than that of ensure_ascii=False, with or without indent");
        }
        return JsonText.of(value, indent, values.work());
    }

    private String joined(@Nullable Object value, Arguments args) {
        List<@Nullable Object> items = values.items(value);
        String attribute = args.textOrNull(1, "attribute");
        if (attribute != null) {
            items.replaceAll(item -> values.item(item, attribute));
        }
        String separator = args.textOrNull(0, "d");
        return methods.join(items, separator == null ? "" : separator);
    }

    private static @Nullable Object otherwise(@Nullable Object value, Arguments args) {
        boolean replaced = PythonValues.truth(args.get(1, "boolean")) ? !PythonValues.truth(value) : value == null;
        Object other = args.get(0, "default_value");
        return replaced ? args.has(0, "default_value") ? other : "" : value;
    }

    private static @Nullable Object edge(List<@Nullable Object> items, boolean first) {
        return items.isEmpty() ? null : first ? items.getFirst() : items.getLast();
    }

    private Object reversed(@Nullable Object value) {
        if (value instanceof String s) {
            return new StringBuilder(s).reverse().toString();
        }
        List<@Nullable Object> items = values.items(value);
        Collections.reverse(items);
        return items;
    }

    private static long whole(@Nullable Object value, long otherwise) {
        if (value instanceof Number n) {
            return n.longValue();
        }
        try {
            return value instanceof String s ? Long.parseLong(s.strip()) : otherwise;
        } catch (NumberFormatException _) {
            return otherwise;
        }
    }

    private static @Nullable Object real(@Nullable Object value, Arguments args) {
        Object fallback = args.has(0, "default") ? args.get(0, "default") : Double.valueOf(0);
        if (value instanceof Number n) {
            return n.doubleValue();
        }
        try {
            return value instanceof String s ? (Object) Double.parseDouble(s.strip()) : fallback;
        } catch (NumberFormatException _) {
            return fallback;
        }
    }

    private static Object magnitude(@Nullable Object value) {
        return switch (value) {
            case Double d -> Math.abs(d);
            case Number n -> Math.abs(n.longValue());
            case null, default -> throw new TemplateException("the filter abs takes a number");
        };
    }

    /** Lines but the first, or all, behind blanks; empty lines stay so, unless asked for. */
    private String indented(String s, Arguments args) {
        String blanks = args.get(0, "width") instanceof String given ? given : blanks(args.whole(0, "width", 4));
        boolean first = PythonValues.truth(args.get(1, "first"));
        boolean blank = PythonValues.truth(args.get(2, "blank"));
        StringBuilder out = new StringBuilder(first ? blanks : "");
        String end = "";
        for (String line : (s + "\n").lines().toList()) {
            out.append(end)
                    .append(end.isEmpty() || line.isEmpty() && !blank ? "" : blanks)
                    .append(line);
            values.work().take(blanks.length() + line.length());
            end = "\n";
        }
        return out.toString();
    }

    private String blanks(long count) {
        values.work().take(Math.max(0, count));
        return " ".repeat((int) Math.clamp(count, 0, Integer.MAX_VALUE));
    }

    private List<@Nullable Object> sorted(@Nullable Object value, Arguments args) {
        List<@Nullable Object> items = values.items(value);
        Comparator<@Nullable Object> order =
                Comparator.comparing(key(args, 2, PythonValues.truth(args.get(1, "case_sensitive"))), this::compare);
        items.sort(PythonValues.truth(args.get(0, "reverse")) ? order.reversed() : order);
        return items;
    }

    private int compare(Object a, Object b) {
        values.work().take(a instanceof String s ? 1L + s.length() : 1);
        if (a instanceof Number x && b instanceof Number y) {
            return Double.compare(x.doubleValue(), y.doubleValue());
        }
        if (a instanceof String x && b instanceof String y) {
            return x.compareTo(y);
        }
        throw new TemplateException("the filter sort compares numbers or strings alone");
    }

    private List<@Nullable Object> distinct(@Nullable Object value, Arguments args) {
        Function<@Nullable Object, Object> key = key(args, 1, PythonValues.truth(args.get(0, "case_sensitive")));
        Set<Object> seen = new HashSet<>();
        List<@Nullable Object> items = values.items(value);
        items.removeIf(item -> {
            Object k = key.apply(item);
            if (k instanceof Collection || k instanceof Map) {
                // Neither can Python, which has no hash of them; and to hash what contains itself many times takes for
                // ever.
                throw new TemplateException("the filter unique tells apart numbers, strings and truths alone");
            }
            return !seen.add(k);
        });
        return items;
    }

    /** What items are told apart by: themselves or an attribute, strings in lower case unless case counts. */
    private Function<@Nullable Object, Object> key(Arguments args, int place, boolean caseSensitive) {
        String attribute = args.textOrNull(place, "attribute");
        return item -> {
            Object key = attribute == null ? item : values.item(item, attribute);
            if (key == null) {
                throw new TemplateException("the filter " + args.callee() + " meets a value that is not defined");
            }
            values.work().take(key instanceof String s ? s.length() : 1);
            return key instanceof String s && !caseSensitive ? s.toLowerCase(Locale.ROOT) : key;
        };
    }

    private List<@Nullable Object> mapped(@Nullable Object value, Arguments args) {
        List<@Nullable Object> items = values.items(value);
        if (args.get("attribute") instanceof String attribute) {
            Object otherwise = args.get("default");
            items.replaceAll(item -> {
                Object found = values.item(item, attribute);
                return found == null ? otherwise : found;
            });
        } else {
            String filter = args.text(0, "filter");
            Arguments rest = rest(filter, args, 1);
            items.replaceAll(item -> apply(item, rest));
        }
        return items;
    }

    /** The items, or their attribute, that pass a test; the test that the value is true where none is named. */
    private List<@Nullable Object> kept(@Nullable Object value, Arguments args, boolean attribute, boolean passing) {
        int at = attribute ? 1 : 0;
        String test = args.textOrNull(at, "test");
        Predicate<@Nullable Object> passes =
                test == null ? PythonValues::truth : item -> tests.test(item, rest(test, args, at + 1));
        List<@Nullable Object> kept = new ArrayList<>();
        for (Object item : values.items(value)) {
            Object tested = attribute ? values.item(item, args.text(0, "attribute")) : item;
            if (passes.test(tested) == passing) {
                kept.add(item);
            }
        }
        return kept;
    }

    private static Arguments rest(String callee, Arguments args, int from) {
        Map<String, @Nullable Object> named = new LinkedHashMap<>(args.named());
        return new Arguments(
                callee, args.positional().subList(from, args.positional().size()), named);
    }
}
