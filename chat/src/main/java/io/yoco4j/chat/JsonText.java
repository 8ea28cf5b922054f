package io.yoco4j.chat;

import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values as JSON the way Python's {@code json.dumps} writes it with {@code ensure_ascii=False}: models saw it so. */
final class JsonText {
    private final StringBuilder out = new StringBuilder();
    private final long indent;
    private final Work work;

    private JsonText(long indent, Work work) {
        this.indent = indent;
        this.work = work;
    }

    /** @param indent blanks for each level; negative for one line */
    static String of(@Nullable Object value, long indent, Work work) {
        JsonText text = new JsonText(Math.min(indent, 32), work);
        text.value(value, 1);
        return text.out.toString();
    }

    private void value(@Nullable Object value, int depth) {
        work.take(1);
        switch (value) {
            case null -> out.append("null");
            case Boolean b -> out.append(b);
            case Number n -> out.append(n);
            case String s -> string(s);
            case Map<?, ?> m -> {
                Iterator<? extends Map.Entry<?, ?>> entries = m.entrySet().iterator();
                block('{', '}', entries.hasNext(), depth, () -> {
                    Map.Entry<?, ?> e = entries.next();
                    string(String.valueOf(e.getKey()));
                    out.append(": ");
                    value(e.getValue(), depth + 1);
                    return entries.hasNext();
                });
            }
            case Collection<?> c -> {
                Iterator<?> items = c.iterator();
                block('[', ']', items.hasNext(), depth, () -> {
                    value(items.next(), depth + 1);
                    return items.hasNext();
                });
            }
            default -> throw new TemplateException("tojson is given a value that JSON does not have");
        }
    }

    /** Writes an item and says whether there is another. */
    private interface Item {
        boolean write();
    }

    private void block(char open, char close, boolean filled, int depth, Item item) {
        out.append(open);
        boolean more = filled;
        while (more) {
            line(depth);
            more = item.write();
            if (more) {
                out.append(indent < 0 ? ", " : ",");
            }
        }
        if (filled) {
            line(depth - 1);
        }
        out.append(close);
    }

    private void line(int depth) {
        if (indent >= 0) {
            work.take(1 + indent * depth);
            out.append('\n').repeat(" ", (int) indent * depth);
        }
    }

    private void string(String s) {
        work.take(s.length());
        out.append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < ' ') {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
