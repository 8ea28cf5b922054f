package io.yoco4j.cli;

import io.yoco4j.train.data.ShardOptions;
import java.io.PrintWriter;
import java.util.Locale;

/** A line every few seconds while a large corpus is tokenized. */
final class CollectingProgress implements ShardOptions.Progress {
    private static final long LINE_NANOS = 5_000_000_000L;

    private final PrintWriter out;
    private final long start = System.nanoTime();
    private long lastLine = start;

    CollectingProgress(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void update(long documents, long bytes) {
        long now = System.nanoTime();
        if (now - lastLine >= LINE_NANOS) {
            lastLine = now;
            out.printf(
                    Locale.ROOT,
                    "tokenizing: %,d documents, %,.0f MB, %.1f MB/s%n",
                    documents,
                    bytes / 1e6,
                    bytes * 1e3 / (now - start));
            out.flush();
        }
    }
}
