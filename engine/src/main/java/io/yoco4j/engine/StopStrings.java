package io.yoco4j.engine;

import java.util.List;

/**
 * Finds the first of some strings in text that comes in pieces. Text that may be the start of one is held back until the
 * next piece decides.
 */
final class StopStrings {
    private final List<String> strings;
    private final StringBuilder held = new StringBuilder();
    private boolean found;

    StopStrings(List<String> strings) {
        this.strings = strings;
    }

    /** Takes a piece; returns the text that is certain now, up to the stop string where there is one. */
    String append(String piece) {
        held.append(piece);
        int first = -1;
        for (String s : strings) {
            int at = held.indexOf(s);
            if (at >= 0 && (first < 0 || at < first)) {
                first = at;
            }
        }
        found = first >= 0;
        return take(found ? first : held.length() - undecided());
    }

    /** Length of the longest end of the text that a stop string starts with. */
    private int undecided() {
        int longest = 0;
        for (String s : strings) {
            for (int n = Math.min(s.length() - 1, held.length()); n > longest; n--) {
                if (s.startsWith(held.substring(held.length() - n))) {
                    longest = n;
                }
            }
        }
        return longest;
    }

    private String take(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }

    /** Whether a stop string has come. */
    boolean found() {
        return found;
    }

    /** What is held back, the text being at its end. */
    String rest() {
        return take(held.length());
    }
}
