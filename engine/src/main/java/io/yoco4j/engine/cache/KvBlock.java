package io.yoco4j.engine.cache;

import io.yoco4j.engine.kernel.Kernels;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A block of rows of keys and values, laid out as its {@link KvShape} says, in arrays on the heap: a block that nobody
 * gives back is garbage, and nothing can be unmapped under a step that reads it.
 *
 * <p>Contexts that share a block count as references to it. Whoever holds the only one may write.
 */
public abstract sealed class KvBlock permits F32Block, Bf16Block, Q8Block {
    private static final int PANEL = Kernels.PANEL;

    private final KvShape shape;
    private final AtomicInteger references = new AtomicInteger(1);

    KvBlock(KvShape shape) {
        this.shape = shape;
    }

    /** A block of zeros with one reference. */
    static KvBlock of(KvShape shape) {
        return switch (shape.format()) {
            case F32 -> new F32Block(shape);
            case BF16 -> new Bf16Block(shape);
            case Q8 -> new Q8Block(shape);
        };
    }

    public final KvShape shape() {
        return shape;
    }

    /** Writes a row from {@code k} and {@code v}, each [heads x headDim] at {@code offset}. */
    abstract void put(int row, float[] k, float[] v, int offset);

    /** Copies a row, as it is stored, of a block of the same format and width. */
    abstract void put(int row, KvBlock other, int otherRow);

    /** Copies all of a block of the same shape. */
    abstract void copy(KvBlock other);

    /**
     * Unpacks the panel of 32 keys that starts at {@code row}, a multiple of 32.
     *
     * @param out [headDim][32] at {@code outOffset}
     */
    abstract void unpackKeys(Kernels kernels, int head, int row, float[] out, int outOffset);

    /**
     * Unpacks columns {@code 32 * group ..} of the values of {@code rows} rows.
     *
     * @param out [rows][32] at {@code outOffset}
     */
    abstract void unpackValues(Kernels kernels, int head, int group, int row, int rows, float[] out, int outOffset);

    /**
     * Products of a query [headDim] with the 32 keys that start at {@code row}, a multiple of 32, read as they are stored.
     *
     * @param scratch at least 32 floats
     */
    public abstract void scores(
            Kernels kernels, int head, int row, float[] q, int qOffset, float[] out, int outOffset, float[] scratch);

    /**
     * Adds weighted values, read as they are stored: {@code out[c] += sum_r p[r] v[row + r][32 * group + c]} for c in 0..31.
     *
     * @param scratch at least {@code rows} floats
     */
    public abstract void weightedSum(
            Kernels kernels,
            int head,
            int group,
            int row,
            int rows,
            float[] p,
            int pOffset,
            float[] out,
            int outOffset,
            float[] scratch);

    /** Where in its run of 32 a column is. */
    int place(int column) {
        return column;
    }

    /** The index of an element of a key; the next elements follow at distances of 32. */
    final int keyIndex(int head, int row, int j) {
        int column = row % PANEL;
        return shape.keyOffset(head, row - column) + place(column) + j * PANEL;
    }

    private int valueIndex(int head, int row, int j) {
        return shape.valueOffset(head, j / PANEL, row) + place(j % PANEL);
    }

    /** Appends a row as files have it: the key [heads, headDim], then the value, in the format's own elements. */
    final void saveElements(int row, ByteBuffer to) {
        for (int i = 0; i < shape.heads() * shape.headDim(); i++) {
            saveKey(keyIndex(i / shape.headDim(), row, i % shape.headDim()), to);
        }
        for (int i = 0; i < shape.heads() * shape.headDim(); i++) {
            saveValue(valueIndex(i / shape.headDim(), row, i % shape.headDim()), to);
        }
    }

    /** Reads a row that {@link #saveElements} wrote. */
    final void loadElements(int row, ByteBuffer from) {
        for (int i = 0; i < shape.heads() * shape.headDim(); i++) {
            loadKey(keyIndex(i / shape.headDim(), row, i % shape.headDim()), from);
        }
        for (int i = 0; i < shape.heads() * shape.headDim(); i++) {
            loadValue(valueIndex(i / shape.headDim(), row, i % shape.headDim()), from);
        }
    }

    abstract void saveKey(int index, ByteBuffer to);

    abstract void loadKey(int index, ByteBuffer from);

    abstract void saveValue(int index, ByteBuffer to);

    abstract void loadValue(int index, ByteBuffer from);

    /** Appends the scales of a row: the key's [heads, groups], then the value's; nothing where the format has none. */
    void saveScales(int row, ByteBuffer to) {}

    /** Reads scales that {@link #saveScales} wrote. */
    void loadScales(int row, ByteBuffer from) {}

    /** Adds a reference. */
    final KvBlock share() {
        references.incrementAndGet();
        return this;
    }

    /** Whether there is another reference than the caller's. */
    final boolean shared() {
        return references.get() > 1;
    }

    /** Drops a reference; whether it was the last. */
    final boolean drop() {
        return references.decrementAndGet() == 0;
    }

    /** The first reference of a block that had none. */
    final KvBlock revive() {
        references.set(1);
        return this;
    }
}
