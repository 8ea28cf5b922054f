package io.yoco4j.engine.cache;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The keys and values that an attention may read: spans of rows, each at consecutive positions. Reused, not rebuilt. */
public final class KeyView {
    private static final int MAX_SPANS = 3;

    private final @Nullable KvRows[] rows = new KvRows[MAX_SPANS];
    private final int[] from = new int[MAX_SPANS];
    private final int[] count = new int[MAX_SPANS];
    private final int[] position = new int[MAX_SPANS];
    private int spans;

    /** Nothing to read. */
    public KeyView clear() {
        Arrays.fill(rows, null);
        spans = 0;
        return this;
    }

    /** Adds rows {@code from .. from + count}, the first of them at {@code position}. */
    public KeyView add(KvRows kv, int from, int count, int position) {
        if (count > 0) {
            rows[spans] = kv;
            this.from[spans] = from;
            this.count[spans] = count;
            this.position[spans] = position;
            spans++;
        }
        return this;
    }

    public int spans() {
        return spans;
    }

    public KvRows rows(int span) {
        return Objects.requireNonNull(rows[span]);
    }

    /** First row of a span. */
    public int from(int span) {
        return from[span];
    }

    /** Rows of a span. */
    public int count(int span) {
        return count[span];
    }

    /** Position of a span's first row. */
    public int position(int span) {
        return position[span];
    }
}
