package io.yoco4j.engine.exec;

import io.yoco4j.engine.cache.ContextState;
import io.yoco4j.engine.cache.KeyView;
import io.yoco4j.engine.cache.KvRows;
import io.yoco4j.engine.cache.WindowKvCache;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Consecutive tokens of one context: rows {@code first .. first + rows} of a step's activations, and where its layers
 * read and write. Reused, not rebuilt.
 */
final class Segment {
    private static final float[] NONE = {};

    final KeyView view = new KeyView();
    float[] retention = NONE;
    /** Which one it was as the batch was put together. */
    int entry;
    /** Of its first token, in the batch's ids. */
    int firstId;
    /** Tokens taken in. */
    int count;
    /** The first token whose logits are wanted; {@code count} for none. */
    int wanted;
    /** Iterations of the stage that runs. */
    int loops;
    /** The first of its rows. */
    int first;
    /** Where that row was before rows were moved. */
    int source;
    /** Rows: all tokens, or those whose logits are wanted. */
    int rows;
    /** Of the first row. */
    int position;
    /** The row of {@link #target} that takes the first row's key and value. */
    int targetRow;

    private @Nullable ContextState context;
    private @Nullable KvRows target;
    private @Nullable WindowKvCache ring;

    void set(ContextState context, int entry, int firstId, int count, int wanted) {
        this.context = context;
        this.entry = entry;
        this.firstId = firstId;
        this.count = count;
        this.wanted = wanted;
    }

    ContextState context() {
        return Objects.requireNonNull(context);
    }

    /** Sets where keys and values of its rows go. */
    void target(KvRows rows, int first) {
        target = rows;
        targetRow = first;
    }

    KvRows target() {
        return Objects.requireNonNull(target);
    }

    /** Sets the ring that is to take in its rows, if one is. */
    void ring(@Nullable WindowKvCache cache) {
        ring = cache;
        if (cache != null) {
            cache.reserve(rows);
        }
    }

    /** Puts one of its rows, which has the same number in {@code chunk}, into the ring. */
    void putInRing(int row, KvRows chunk) {
        if (ring != null) {
            ring.put(row - first, rows, chunk, row);
        }
    }

    void advanceRing() {
        if (ring != null) {
            ring.advance(rows);
        }
    }

    /** Lets go of the context. */
    void clear() {
        context = null;
        target = null;
        ring = null;
        retention = NONE;
        view.clear();
    }
}
