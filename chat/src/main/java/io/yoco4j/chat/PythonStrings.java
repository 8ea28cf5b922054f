package io.yoco4j.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** What Python's methods of strings do, as far as templates ask for them. */
final class PythonStrings {

    private PythonStrings() {}

    /** What Python takes for a blank. */
    static boolean isSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
    }

    /** The string without blanks, or the characters of {@code set}, at the ends asked for. */
    static String strip(String s, @Nullable String set, boolean left, boolean right) {
        IntPredicate stripped = set == null ? PythonStrings::isSpace : c -> set.indexOf(c) >= 0;
        int from = 0;
        int to = s.length();
        while (left && from < to && stripped.test(s.codePointAt(from))) {
            from += Character.charCount(s.codePointAt(from));
        }
        while (right && to > from && stripped.test(s.codePointBefore(to))) {
            to -= Character.charCount(s.codePointBefore(to));
        }
        return s.substring(from, to);
    }

    /** The parts between separators, at most {@code limit} of them cut from the left; no limit where it is negative. */
    static List<Object> split(String s, @Nullable String separator, long limit) {
        if (separator == null) {
            return splitAtBlanks(s, limit);
        }
        if (separator.isEmpty()) {
            throw new TemplateException("split has an empty separator");
        }
        List<Object> parts = new ArrayList<>();
        int from = 0;
        for (int to = s.indexOf(separator);
                to >= 0 && (limit < 0 || parts.size() < limit);
                to = s.indexOf(separator, from)) {
            parts.add(s.substring(from, to));
            from = to + separator.length();
        }
        parts.add(s.substring(from));
        return parts;
    }

    private static List<Object> splitAtBlanks(String s, long limit) {
        List<Object> parts = new ArrayList<>();
        for (int from = behindBlanks(s, 0); from < s.length(); ) {
            if (limit >= 0 && parts.size() >= limit) {
                parts.add(strip(s.substring(from), null, false, true));
                return parts;
            }
            int end = from;
            while (end < s.length() && !isSpace(s.charAt(end))) {
                end++;
            }
            parts.add(s.substring(from, end));
            from = behindBlanks(s, end);
        }
        return parts;
    }

    private static int behindBlanks(String s, int from) {
        int at = from;
        while (at < s.length() && isSpace(s.charAt(at))) {
            at++;
        }
        return at;
    }

    /** As {@link #split} with a separator, cut from the right. */
    static List<Object> splitRight(String s, String separator, long limit) {
        List<Object> all = split(s, separator, -1);
        int cut = limit < 0 ? 0 : (int) Math.max(0, all.size() - 1 - limit);
        if (cut == 0) {
            return all;
        }
        StringBuilder first = new StringBuilder();
        for (int i = 0; i <= cut; i++) {
            first.append(i == 0 ? "" : separator).append(all.get(i));
        }
        List<Object> parts = new ArrayList<>();
        parts.add(first.toString());
        parts.addAll(all.subList(cut + 1, all.size()));
        return parts;
    }

    static long count(String s, String part) {
        long n = 0;
        if (part.isEmpty()) {
            return s.codePointCount(0, s.length()) + 1L;
        }
        for (int at = s.indexOf(part); at >= 0; at = s.indexOf(part, at + part.length())) {
            n++;
        }
        return n;
    }

    static String capitalize(String s) {
        if (s.isEmpty()) {
            return s;
        }
        int first = s.offsetByCodePoints(0, 1);
        return s.substring(0, first).toUpperCase(Locale.ROOT)
                + s.substring(first).toLowerCase(Locale.ROOT);
    }

    /** Letters that begin a word in upper case, the others in lower case. */
    static String title(String s) {
        StringBuilder titled = new StringBuilder();
        boolean inWord = false;
        for (int c : s.codePoints().toArray()) {
            titled.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toUpperCase(c));
            inWord = Character.isLetter(c);
        }
        return titled.toString();
    }

    /** The string in quotes, as Python shows it. */
    static String quoted(String s) {
        char quote = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder quoted = new StringBuilder().append(quote);
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            switch (c) {
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                    if (c == quote) {
                        quoted.append('\\').append(c);
                    } else if (c < ' ' || c == 0x7f) {
                        quoted.append(String.format("\\x%02x", (int) c));
                    } else {
                        quoted.append(c);
                    }
                }
            }
        }
        return quoted.append(quote).toString();
    }
}
