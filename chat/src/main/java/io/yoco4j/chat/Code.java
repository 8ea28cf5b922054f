package io.yoco4j.chat;

import java.util.ArrayList;
import java.util.List;

/** Finds things in the code of a tag that stand neither in a string nor in brackets. */
final class Code {

    private Code() {}

    /** Where a word stands, from {@code from} on; -1 where it does not. */
    static int word(String code, String word, int from) {
        for (int i = next(code, from); i < code.length(); i = next(code, i + 1)) {
            if (code.startsWith(word, i) && !isName(code, i - 1) && !isName(code, i + word.length())) {
                return i;
            }
        }
        return -1;
    }

    private static boolean isName(String code, int i) {
        return i >= 0 && i < code.length() && Character.isJavaIdentifierPart(code.charAt(i));
    }

    /** Where a single equals sign stands; -1 where none does. */
    static int assignment(String code) {
        for (int i = next(code, 0); i < code.length(); i = next(code, i + 1)) {
            if (code.charAt(i) == '=') {
                if (!code.startsWith("==", i)) {
                    return i;
                }
                i++;
            } else if ("!<>".indexOf(code.charAt(i)) >= 0) {
                i++;
            }
        }
        return -1;
    }

    /** The parts between commas, stripped; none of an empty text. */
    static List<String> commas(String code) {
        List<String> parts = new ArrayList<>();
        int from = 0;
        for (int i = next(code, 0); i < code.length(); i = next(code, i + 1)) {
            if (code.charAt(i) == ',') {
                parts.add(code.substring(from, i).strip());
                from = i + 1;
            }
        }
        if (!code.substring(from).isBlank()) {
            parts.add(code.substring(from).strip());
        }
        return parts;
    }

    /** The first place from {@code from} on that is not in a string or in brackets that open there. */
    private static int next(String code, int from) {
        int depth = 0;
        for (int i = from; i < code.length(); i++) {
            char c = code.charAt(i);
            if (c == '\'' || c == '"') {
                for (i++; i < code.length() && code.charAt(i) != c; i++) {
                    if (code.charAt(i) == '\\') {
                        i++;
                    }
                }
            } else if ("([{".indexOf(c) >= 0) {
                depth++;
            } else if (")]}".indexOf(c) >= 0) {
                depth--;
            } else if (depth <= 0) {
                return i;
            }
        }
        return code.length();
    }
}
