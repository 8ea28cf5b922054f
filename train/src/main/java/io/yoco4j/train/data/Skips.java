package io.yoco4j.train.data;

import java.util.ArrayList;
import java.util.List;

/** Counts what a pass over a source leaves out, and logs the sums once. */
final class Skips {
    private static final System.Logger LOG = System.getLogger(Skips.class.getPackageName());

    private final String source;
    private long binary;
    private long oversized;
    private long unreadable;
    private long empty;

    Skips(String source) {
        this.source = source;
    }

    void binary() {
        binary++;
    }

    void oversized() {
        oversized++;
    }

    void unreadable() {
        unreadable++;
    }

    void empty() {
        empty++;
    }

    /** The sums between {@code before} and {@code after}, or "" when nothing was left out. */
    String summary(String before, String after) {
        List<String> parts = new ArrayList<>();
        add(parts, binary, "not UTF-8 text");
        add(parts, oversized, "larger than " + (TextDecoding.MAX_DOCUMENT_BYTES >> 20) + " MB");
        add(parts, unreadable, "unreadable");
        add(parts, empty, "empty");
        return parts.isEmpty() ? "" : before + String.join(", ", parts) + after;
    }

    private static void add(List<String> parts, long count, String what) {
        if (count > 0) {
            parts.add(count + " " + what);
        }
    }

    void log() {
        String summary = summary("", "");
        if (!summary.isEmpty()) {
            LOG.log(System.Logger.Level.INFO, "source {0}: passed over {1}", source, summary);
        }
    }
}
