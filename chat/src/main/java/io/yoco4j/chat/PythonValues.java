package io.yoco4j.chat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Values as templates see them: null (none, and what is not defined), booleans, numbers, strings, lists, maps. Anything
 * else that jinjava lets a template hold, its interpreter say, has no text, no attribute and no item, so that no Java
 * object can be reached from there.
 */
final class PythonValues {
    private final Work work;

    PythonValues(Work work) {
        this.work = work;
    }

    /** What conditions make of a value: nothing, zero and what is empty are false. */
    static boolean truth(@Nullable Object value) {
        return switch (value) {
            case null -> false;
            case Boolean b -> b;
            case Number n -> n.doubleValue() != 0;
            case String s -> !s.isEmpty();
            case Collection<?> c -> !c.isEmpty();
            case Map<?, ?> m -> !m.isEmpty();
            default -> true;
        };
    }

    /** Equality without conversion: a number is no string. */
    boolean equal(@Nullable Object a, @Nullable Object b) {
        work.take(1);
        if (a instanceof Number m && b instanceof Number n) {
            return isWhole(m) && isWhole(n) ? m.longValue() == n.longValue() : m.doubleValue() == n.doubleValue();
        }
        if (a instanceof List<?> k && b instanceof List<?> l) {
            boolean equal = k.size() == l.size();
            for (int i = 0; equal && i < k.size(); i++) {
                equal = equal(k.get(i), l.get(i));
            }
            return equal;
        }
        if (a instanceof Map<?, ?> k && b instanceof Map<?, ?> l) {
            return k.size() == l.size()
                    && k.entrySet().stream()
                            .allMatch(e -> l.containsKey(e.getKey()) && equal(e.getValue(), l.get(e.getKey())));
        }
        if (a instanceof Collection || b instanceof Collection || a instanceof Map || b instanceof Map) {
            return false;
        }
        if (a instanceof String s && b instanceof String t && s.length() == t.length()) {
            work.take(s.length());
        }
        return Objects.equals(a, b);
    }

    private static boolean isWhole(Number n) {
        return n instanceof Long || n instanceof Integer;
    }

    /** Whether a list has an item, a map a key, a string a part. */
    boolean contains(@Nullable Object container, @Nullable Object item) {
        return switch (container) {
            case null -> false;
            case String s -> {
                if (!(item instanceof String part)) {
                    yield false;
                }
                work.takeSearch(s, part);
                yield s.contains(part);
            }
            case Map<?, ?> m -> item instanceof String key && m.containsKey(key);
            case Collection<?> c -> c.stream().anyMatch(element -> equal(element, item));
            default -> throw new TemplateException("'in' asks for a list, a mapping or a string");
        };
    }

    /** How many items, keys or characters there are. */
    long length(@Nullable Object value) {
        return switch (value) {
            case null -> 0;
            case String s -> s.codePointCount(0, s.length());
            case Collection<?> c -> c.size();
            case Map<?, ?> m -> m.size();
            default -> throw new TemplateException("what is asked for its length is no list, mapping or string");
        };
    }

    /** What a loop goes over: items, keys, characters; nothing where there is no value. */
    List<@Nullable Object> items(@Nullable Object value) {
        List<@Nullable Object> items = new ArrayList<>();
        switch (value) {
            case null -> {}
            case String s -> {
                work.take(s.length());
                s.codePoints().mapToObj(Character::toString).forEach(items::add);
            }
            case Collection<?> c -> {
                work.take(c.size());
                items.addAll(c);
            }
            case Map<?, ?> m -> {
                work.take(m.size());
                items.addAll(m.keySet());
            }
            default -> throw new TemplateException("what a loop goes over is no list, mapping or string");
        }
        return items;
    }

    /** The value under a key, or at an index from either end; null where there is none. */
    @Nullable
    Object item(@Nullable Object base, @Nullable Object key) {
        if (base instanceof Map<?, ?> map) {
            return key instanceof String name ? map.get(name) : key instanceof Number n ? map.get(text(n)) : null;
        }
        if (!(key instanceof Number index)) {
            return null;
        }
        if (base instanceof List<?> list) {
            long i = fromEither(index.longValue(), list.size());
            return i >= 0 && i < list.size() ? list.get((int) i) : null;
        }
        if (base instanceof String s) {
            int size = s.codePointCount(0, s.length());
            work.take(1 + s.length() / 16);
            long i = fromEither(index.longValue(), size);
            return i >= 0 && i < size ? Character.toString(s.codePointAt(s.offsetByCodePoints(0, (int) i))) : null;
        }
        return null;
    }

    /** As {@link #item}, of a value that must be there. */
    @Nullable
    Object member(@Nullable Object base, @Nullable Object key) {
        if (base == null) {
            throw new TemplateException("'" + text(key) + "' is asked for of a value that is not defined");
        }
        return item(base, key);
    }

    private static long fromEither(long index, long size) {
        return index < 0 ? index + size : index;
    }

    /** What {@code value[start:end:step]} is. */
    Object slice(@Nullable Object value, @Nullable Object start, @Nullable Object end, @Nullable Object step) {
        List<@Nullable Object> all = items(value);
        if (value instanceof Map || value == null) {
            throw new TemplateException("only lists and strings have slices");
        }
        long by = step == null ? 1 : Math.clamp(index(step), -Integer.MAX_VALUE, Integer.MAX_VALUE);
        if (by == 0) {
            throw new TemplateException("the step of a slice is 0");
        }
        int n = all.size();
        long from = bound(start, n, by, by > 0 ? 0 : n - 1);
        long to = bound(end, n, by, by > 0 ? n : -1);
        List<@Nullable Object> part = new ArrayList<>();
        for (long i = from; by > 0 ? i < to : i > to; i += by) {
            part.add(all.get((int) i));
        }
        if (!(value instanceof String)) {
            return part;
        }
        StringBuilder text = new StringBuilder();
        part.forEach(text::append);
        return text.toString();
    }

    private static long bound(@Nullable Object value, int size, long step, long otherwise) {
        if (value == null) {
            return otherwise;
        }
        long i = fromEither(index(value), size);
        return step > 0 ? Math.clamp(i, 0, size) : Math.clamp(i, -1, size - 1L);
    }

    private static long index(Object value) {
        if (value instanceof Number n && isWhole(n)) {
            return n.longValue();
        }
        throw new TemplateException("the bounds of a slice must be whole numbers");
    }

    /** What is written for a value. */
    String text(@Nullable Object value) {
        if (value instanceof String s) {
            return s;
        }
        StringBuilder out = new StringBuilder();
        if (value != null) {
            show(value, out);
        }
        return out.toString();
    }

    private void show(@Nullable Object value, StringBuilder out) {
        work.take(1);
        switch (value) {
            case null -> out.append("None");
            case Boolean b -> out.append(b ? "True" : "False");
            case Number n -> out.append(n);
            case String s -> {
                work.take(s.length());
                out.append(PythonStrings.quoted(s));
            }
            case Collection<?> c -> {
                out.append('[');
                String separator = "";
                for (Object element : c) {
                    out.append(separator);
                    show(element, out);
                    separator = ", ";
                }
                out.append(']');
            }
            case Map<?, ?> m -> {
                out.append('{');
                String separator = "";
                for (Map.Entry<?, ?> e : m.entrySet()) {
                    out.append(separator);
                    show(e.getKey(), out);
                    out.append(": ");
                    show(e.getValue(), out);
                    separator = ", ";
                }
                out.append('}');
            }
            default -> {}
        }
    }

    /** Joins strings, as {@code +} and {@code ~} do. */
    String joined(String a, String b) {
        work.take((long) a.length() + b.length());
        return a.concat(b);
    }

    Work work() {
        return work;
    }
}
