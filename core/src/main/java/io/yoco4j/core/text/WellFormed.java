package io.yoco4j.core.text;

/** Strings that have a UTF-8 form. */
final class WellFormed {
    private WellFormed() {}

    /** {@code text} with every lone surrogate replaced by U+FFFD; the same object when there is none. */
    static String of(String text) {
        int lone = firstLone(text, 0);
        if (lone < 0) {
            return text;
        }
        StringBuilder s = new StringBuilder(text);
        for (; lone >= 0; lone = firstLone(text, lone + 1)) {
            s.setCharAt(lone, '\uFFFD');
        }
        return s.toString();
    }

    private static int firstLone(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else {
                return i;
            }
        }
        return -1;
    }
}
