package io.yoco4j.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The methods that values have: Python's, by name, and none of Java's. */
final class PythonMethods {
    private final PythonValues values;

    PythonMethods(PythonValues values) {
        this.values = values;
    }

    /**
     * Calls a method.
     *
     * @throws TemplateException when the value has no such method, or the arguments are not its own
     */
    @Nullable
    Object call(@Nullable Object base, Arguments args) {
        Object result = called(base, args);
        args.requireAllTaken();
        return result;
    }

    private @Nullable Object called(@Nullable Object base, Arguments args) {
        return switch (base) {
            case String s -> {
                values.work().take(1L + s.length());
                yield ofString(s, args);
            }
            case Map<?, ?> m -> ofMap(m, args);
            case List<?> l when args.callee().equals("index") || args.callee().equals("count") -> ofList(l, args);
            case null ->
                throw new TemplateException("." + args.callee() + "() is called on a value that is not defined");
            default -> throw missing("this value", args);
        };
    }

    private static TemplateException missing(String who, Arguments args) {
        return new TemplateException(who + " has no method " + args.callee());
    }

    private Object ofString(String s, Arguments args) {
        return switch (args.callee()) {
            case "strip" -> strip(s, args, true, true);
            case "lstrip" -> strip(s, args, true, false);
            case "rstrip" -> strip(s, args, false, true);
            case "startswith" -> anyOf(args, s::startsWith);
            case "endswith" -> anyOf(args, s::endsWith);
            case "removeprefix" -> {
                String prefix = args.text(0, "prefix");
                yield s.startsWith(prefix) ? s.substring(prefix.length()) : s;
            }
            case "removesuffix" -> {
                String suffix = args.text(0, "suffix");
                yield s.endsWith(suffix) ? s.substring(0, s.length() - suffix.length()) : s;
            }
            case "split" -> PythonStrings.split(s, soughtOrNull(s, args, "sep"), args.whole(1, "maxsplit", -1));
            case "rsplit" -> PythonStrings.splitRight(s, sought(s, args, "sep"), args.whole(1, "maxsplit", -1));
            case "splitlines" -> new ArrayList<Object>(s.lines().toList());
            case "replace" -> replace(s, args);
            case "join" -> join(values.items(args.get(0, "iterable")), s);
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower" -> s.toLowerCase(Locale.ROOT);
            case "capitalize" -> PythonStrings.capitalize(s);
            case "title" -> PythonStrings.title(s);
            case "find" -> place(s, s.indexOf(sought(s, args, "sub")));
            case "rfind" -> place(s, s.lastIndexOf(sought(s, args, "sub")));
            case "count" -> PythonStrings.count(s, sought(s, args, "sub"));
            case "isdigit" -> !s.isEmpty() && s.codePoints().allMatch(Character::isDigit);
            case "isalpha" -> !s.isEmpty() && s.codePoints().allMatch(Character::isLetter);
            case "isspace" -> !s.isEmpty() && s.codePoints().allMatch(PythonStrings::isSpace);
            default -> throw missing("a string", args);
        };
    }

    private static long place(String s, int at) {
        return at < 0 ? -1 : s.codePointCount(0, at);
    }

    private boolean anyOf(Arguments args, Predicate<String> test) {
        Predicate<String> counted = text -> {
            values.work().take(1L + text.length());
            return test.test(text);
        };
        return args.get(0, "prefix") instanceof List<?> several
                ? several.stream().anyMatch(one -> one instanceof String text && counted.test(text))
                : counted.test(args.text(0, "prefix"));
    }

    /** The string without blanks, or the characters given, at the ends asked for. */
    String strip(String s, Arguments args, boolean left, boolean right) {
        String characters = args.textOrNull(0, "chars");
        if (characters != null) {
            values.work().takeSearch(s, characters);
        }
        return PythonStrings.strip(s, characters, left, right);
    }

    /** The first argument, which is looked for in a string. */
    private String sought(String s, Arguments args, String name) {
        String part = args.text(0, name);
        values.work().takeSearch(s, part);
        return part;
    }

    private @Nullable String soughtOrNull(String s, Arguments args, String name) {
        return args.get(0, name) == null ? null : sought(s, args, name);
    }

    String replace(String s, Arguments args) {
        String old = sought(s, args, "old");
        String fresh = args.text(1, "new");
        long limit = args.whole(2, "count", -1);
        values.work().take(s.length() + PythonStrings.count(s, old) * (1L + fresh.length()));
        if (limit < 0 || old.isEmpty()) {
            return s.replace(old, fresh);
        }
        return join(PythonStrings.split(s, old, limit), fresh);
    }

    String join(List<? extends @Nullable Object> parts, String separator) {
        StringBuilder joined = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            String part = values.text(parts.get(i));
            values.work().take(1L + part.length() + separator.length());
            joined.append(i == 0 ? "" : separator).append(part);
        }
        return joined.toString();
    }

    private @Nullable Object ofMap(Map<?, ?> map, Arguments args) {
        values.work().take(1L + map.size());
        return switch (args.callee()) {
            case "get" -> {
                Object found = values.item(map, args.get(0, "key"));
                yield found == null ? args.get(1, "default") : found;
            }
            case "keys" -> new ArrayList<Object>(map.keySet());
            case "values" -> new ArrayList<Object>(map.values());
            case "items" -> {
                List<Object> entries = new ArrayList<>();
                map.forEach((key, value) -> {
                    List<@Nullable Object> entry = new ArrayList<>();
                    entry.add(key);
                    entry.add(value);
                    entries.add(entry);
                });
                yield entries;
            }
            default -> throw missing("a mapping", args);
        };
    }

    private Object ofList(List<?> list, Arguments args) {
        Object wanted = args.get(0, "value");
        long count = 0;
        for (int i = 0; i < list.size(); i++) {
            if (values.equal(list.get(i), wanted)) {
                if (args.callee().equals("index")) {
                    return (long) i;
                }
                count++;
            }
        }
        if (args.callee().equals("index")) {
            throw new TemplateException("index finds no such item in the list");
        }
        return count;
    }
}
