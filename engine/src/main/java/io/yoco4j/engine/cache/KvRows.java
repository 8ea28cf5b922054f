package io.yoco4j.engine.cache;

import io.yoco4j.engine.kernel.Kernels;
import java.util.Arrays;

/**
 * Rows of keys and values in blocks that are allocated when first written and never moved. Both are laid out as panels
 * of 32 columns, as {@link Kernels} wants its operands: within a block, keys are {@code [head][rows / 32][headDim][32
 * rows]} and values {@code [head][headDim / 32][rows][32]}, the last panel of values padded with zeros.
 *
 * <p>Elements are float32; a narrower format would unpack a block's panels here.
 */
public final class KvRows {
    private static final int PANEL = Kernels.PANEL;
    private static final int BLOCK_ROWS = 256;
    private static final int MAX_BLOCK_VALUES = 1 << 23;

    private final int heads;
    private final int headDim;
    private final int valuePanels;
    private final int blockRows;
    private float[][] keys = new float[0][];
    private float[][] values = new float[0][];

    /**
     * No rows yet.
     *
     * @param heads KV
     * @param headDim hd
     * @param maxRows the most rows there will be
     */
    public KvRows(int heads, int headDim, int maxRows) {
        this.heads = heads;
        this.headDim = headDim;
        valuePanels = (headDim + PANEL - 1) / PANEL;
        int rows = BLOCK_ROWS;
        while (rows > PANEL && ((long) heads * headDim * rows > MAX_BLOCK_VALUES || rows / 2 >= maxRows)) {
            rows /= 2;
        }
        blockRows = rows;
    }

    private KvRows(KvRows other) {
        heads = other.heads;
        headDim = other.headDim;
        valuePanels = other.valuePanels;
        blockRows = other.blockRows;
        keys = Arrays.stream(other.keys).map(float[]::clone).toArray(float[][]::new);
        values = Arrays.stream(other.values).map(float[]::clone).toArray(float[][]::new);
    }

    /** A copy that shares nothing. */
    public KvRows copy() {
        return new KvRows(this);
    }

    /** Rows of a block, a multiple of 32. */
    public int blockRows() {
        return blockRows;
    }

    /** Keys of a block. */
    public float[] keys(int block) {
        return keys[block];
    }

    /** Values of a block. */
    public float[] values(int block) {
        return values[block];
    }

    /** Where, within a block's keys, the panel of a head's row starts, plus the row's column in it. */
    public int keyOffset(int head, int row) {
        return (head * blockRows + row / PANEL * PANEL) * headDim + row % PANEL;
    }

    /** Where, within a block's values, columns {@code 32 * panel ..} of a head's row are. */
    public int valueOffset(int head, int panel, int row) {
        return ((head * valuePanels + panel) * blockRows + row) * PANEL;
    }

    /** Makes room for rows 0 .. rows - 1. */
    public void reserve(int rows) {
        int blocks = (rows + blockRows - 1) / blockRows;
        int had = keys.length;
        if (blocks <= had) {
            return;
        }
        float[][] k = Arrays.copyOf(keys, blocks);
        float[][] v = Arrays.copyOf(values, blocks);
        for (int b = had; b < blocks; b++) {
            k[b] = new float[heads * blockRows * headDim];
            v[b] = new float[heads * valuePanels * blockRows * PANEL];
        }
        keys = k;
        values = v;
    }

    /** Writes a row from {@code k} and {@code v}, each [heads x headDim] at {@code offset}. */
    public void put(int row, float[] k, float[] v, int offset) {
        float[] toKeys = keys[row / blockRows];
        float[] toValues = values[row / blockRows];
        int r = row % blockRows;
        for (int h = 0; h < heads; h++) {
            int from = offset + h * headDim;
            int to = keyOffset(h, r);
            for (int j = 0; j < headDim; j++) {
                toKeys[to + j * PANEL] = k[from + j];
            }
            for (int j = 0; j < headDim; j += PANEL) {
                System.arraycopy(v, from + j, toValues, valueOffset(h, j / PANEL, r), Math.min(PANEL, headDim - j));
            }
        }
    }

    /** Copies a row of other rows of the same width. */
    public void put(int row, KvRows other, int otherRow) {
        float[] fromKeys = other.keys[otherRow / other.blockRows];
        float[] fromValues = other.values[otherRow / other.blockRows];
        float[] toKeys = keys[row / blockRows];
        float[] toValues = values[row / blockRows];
        int r = row % blockRows;
        int o = otherRow % other.blockRows;
        for (int h = 0; h < heads; h++) {
            int from = other.keyOffset(h, o);
            int to = keyOffset(h, r);
            for (int j = 0; j < headDim; j++) {
                toKeys[to + j * PANEL] = fromKeys[from + j * PANEL];
            }
            for (int p = 0; p < valuePanels; p++) {
                System.arraycopy(fromValues, other.valueOffset(h, p, o), toValues, valueOffset(h, p, r), PANEL);
            }
        }
    }

    /** Bytes of keys and values in {@code rows} rows: {@code rows x 2 x KV x hd x 4}. */
    public long bytes(long rows) {
        return rows * 2 * heads * headDim * Float.BYTES;
    }

    /** Bytes of all blocks, with what is padding or not yet written. */
    public long allocatedBytes() {
        long floats = 0;
        for (int b = 0; b < keys.length; b++) {
            floats += keys[b].length + values[b].length;
        }
        return floats * Float.BYTES;
    }
}
