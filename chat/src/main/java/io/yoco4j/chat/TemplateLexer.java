package io.yoco4j.chat;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template into text, expressions and tags by the rules of Jinja 3 with {@code trim_blocks} and
 * {@code lstrip_blocks}, which Hugging Face's templates are written for: jinjava's own lexer strips blanks before a tag
 * wherever the tag stands. Comments are left out, and what {@code raw} encloses is text.
 */
final class TemplateLexer {
    /** Expressions nest no deeper: their parser looks ahead from every parenthesis. */
    private static final int MAX_NESTING = 64;

    private final String source;
    private final List<Piece> pieces = new ArrayList<>();
    private int at;
    private int line = 1;
    private int counted;
    /** Whether what was read last ended with a line's end, as the beginning does. */
    private boolean lineStarting = true;

    private TemplateLexer(String source) {
        this.source = source;
    }

    /**
     * The pieces of a template.
     *
     * @throws TemplateException when a delimiter is not closed
     */
    static List<Piece> pieces(String template) {
        String lines = template.replace("\r\n", "\n").replace('\r', '\n');
        TemplateLexer lexer = new TemplateLexer(lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines);
        lexer.read();
        return lexer.pieces;
    }

    private void read() {
        while (at < source.length()) {
            int open = opening(at);
            if (open < 0) {
                text(source.substring(at));
                return;
            }
            char kind = source.charAt(open + 1);
            char sign = signAt(open + 2);
            text(stripped(at, open, sign, kind != '{'));
            at = open + (sign == 0 ? 2 : 3);
            if (kind == '#') {
                close(find("#}", open), false);
            } else {
                code(kind, open);
            }
        }
    }

    private int opening(int from) {
        for (int i = source.indexOf('{', from); i >= 0; i = source.indexOf('{', i + 1)) {
            if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return -1;
    }

    private char signAt(int i) {
        return i < source.length() && (source.charAt(i) == '-' || source.charAt(i) == '+') ? source.charAt(i) : 0;
    }

    /** Text before a delimiter, without the blanks that its sign or {@code lstrip_blocks} takes. */
    private String stripped(int from, int to, char sign, boolean block) {
        String text = source.substring(from, to);
        if (sign == '-') {
            return text.substring(0, end(text, 0));
        }
        if (sign == 0 && block) {
            int start = text.lastIndexOf('\n') + 1;
            if ((start > 0 || lineStarting) && end(text, start) == start) {
                return text.substring(0, start);
            }
        }
        return text;
    }

    /** Where the blanks at the end of a text begin, at {@code least} or later. */
    private static int end(String text, int least) {
        int end = text.length();
        while (end > least && PythonStrings.isSpace(text.charAt(end - 1))) {
            end--;
        }
        return end;
    }

    private void text(String text) {
        if (!text.isEmpty()) {
            pieces.add(new Piece(Piece.Kind.TEXT, text, lineAt(at)));
        }
    }

    private int lineAt(int position) {
        for (; counted < position; counted++) {
            if (source.charAt(counted) == '\n') {
                line++;
            }
        }
        return line;
    }

    private int find(String delimiter, int open) {
        int end = source.indexOf(delimiter, at);
        if (end < 0) {
            throw new TemplateException(
                    lineAt(open), source.substring(open, open + 2) + " is not closed with " + delimiter);
        }
        return end;
    }

    private void code(char kind, int open) {
        int end = codeEnd(kind, open);
        int last = end > at && (source.charAt(end - 1) == '-' || kind == '%' && source.charAt(end - 1) == '+')
                ? end - 1
                : end;
        String code = source.substring(at, last).strip();
        if (kind == '%' && code.equals("raw")) {
            raw(end, open);
            return;
        }
        pieces.add(new Piece(kind == '{' ? Piece.Kind.EXPRESSION : Piece.Kind.TAG, code, lineAt(open)));
        close(end, kind == '{');
    }

    /** The delimiter's end: not within a string, nor within brackets. */
    private int codeEnd(char kind, int open) {
        String delimiter = kind == '{' ? "}}" : "%}";
        int depth = 0;
        int i = at;
        while (i < source.length()) {
            char c = source.charAt(i);
            if (depth == 0 && source.startsWith(delimiter, i)) {
                return i;
            }
            if (c == '\'' || c == '"') {
                i = stringEnd(i);
            } else if ("([{".indexOf(c) >= 0) {
                if (++depth > MAX_NESTING) {
                    throw new TemplateException(lineAt(open), "brackets nest deeper than " + MAX_NESTING);
                }
            } else if (")]}".indexOf(c) >= 0) {
                depth--;
            }
            i++;
        }
        throw new TemplateException(
                lineAt(open), source.substring(open, open + 2) + " is not closed with " + delimiter);
    }

    private int stringEnd(int open) {
        char quote = source.charAt(open);
        for (int i = open + 1; i < source.length(); i++) {
            char c = source.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == quote) {
                return i;
            }
        }
        throw new TemplateException(lineAt(open), "a string is not closed");
    }

    private void raw(int end, int open) {
        // Unlike other tags, raw keeps the line's end after it.
        close(end, true);
        for (int i = source.indexOf("{%", at); i >= 0; i = source.indexOf("{%", i + 2)) {
            char sign = signAt(i + 2);
            int name = skipSpaces(i + (sign == 0 ? 2 : 3));
            if (source.startsWith("endraw", name)) {
                int close = skipSpaces(name + 6);
                int delimiter = close + (signAt(close) == 0 ? 0 : 1);
                if (source.startsWith("%}", delimiter)) {
                    text(stripped(at, i, sign, true));
                    at = close;
                    close(delimiter, false);
                    return;
                }
            }
        }
        throw new TemplateException(lineAt(open), "{% raw %} has no {% endraw %}");
    }

    private int skipSpaces(int from) {
        int i = from;
        while (i < source.length() && PythonStrings.isSpace(source.charAt(i))) {
            i++;
        }
        return i;
    }

    /** Goes on after a closing delimiter, and after the blanks or the line's end that it takes along. */
    private void close(int delimiter, boolean keepsLine) {
        char sign = delimiter > at ? source.charAt(delimiter - 1) : 0;
        int next = delimiter + 2;
        if (sign == '-') {
            next = skipSpaces(next);
        } else if (!keepsLine && sign != '+' && next < source.length() && source.charAt(next) == '\n') {
            next++;
        }
        lineStarting = source.charAt(next - 1) == '\n';
        at = next;
    }
}
