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
    /** Rows that take part in its next iteration. */
    int running;
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
    private @Nullable LoopExit exit;
    private @Nullable KvRows target;
    private @Nullable KvRows previous;
    private @Nullable WindowKvCache ring;

    void set(ContextState context, LoopExit exit, int entry, int firstId, int count, int wanted) {
        this.context = context;
        this.exit = exit;
        this.entry = entry;
        this.firstId = firstId;
        this.count = count;
        this.wanted = wanted;
    }

    ContextState context() {
        return Objects.requireNonNull(context);
    }

    LoopExit exit() {
        return Objects.requireNonNull(exit);
    }

    /**
     * Sets where keys and values of its rows go.
     *
     * @param previous has those of the iteration before at the same places, unless {@code rows} has them itself
     */
    void target(KvRows rows, int first, @Nullable KvRows previous) {
        target = rows;
        targetRow = first;
        this.previous = previous;
    }

    /** Writes the key and value of one of its rows, each [KV x hd] at {@code offset}. */
    void store(int row, float[] k, float[] v, int offset) {
        Objects.requireNonNull(target).put(targetRow + row - first, k, v, offset);
    }

    /** Leaves one of its rows the key and value of the iteration before. */
    void keep(int row) {
        if (previous != null) {
            int at = targetRow + row - first;
            Objects.requireNonNull(target).put(at, previous, at);
        }
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
        exit = null;
        target = null;
        previous = null;
        ring = null;
        retention = NONE;
        view.clear();
    }
}
