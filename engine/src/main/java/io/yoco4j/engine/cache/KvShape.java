package io.yoco4j.engine.cache;

import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.engine.kernel.Kernels;

/**
 * Format, size and layout of a {@link KvBlock}. Keys and values are panels of 32 columns, as {@link Kernels} wants its
 * operands: keys {@code [head][rows / 32][headDim][32 rows]}, values {@code [head][groups][rows][32]}, groups being
 * headDim / 32 rounded up and the last of them padded with zeros. In {@link KvFormat#Q8}, scales lie beside them: those
 * of keys {@code [head][rows / 32][groups][32 rows]}, those of values {@code [head][groups][rows]}.
 *
 * @param format of the elements
 * @param heads KV
 * @param headDim hd
 * @param blockRows rows of a block, a multiple of 32
 */
public record KvShape(KvFormat format, int heads, int headDim, int blockRows) {
    private static final int PANEL = Kernels.PANEL;
    private static final int BLOCK_ROWS = 256;
    private static final int MAX_BLOCK_VALUES = 1 << 23;

    /**
     * Blocks of at most 256 rows: fewer for very wide rows, and where there will be no more than {@code maxRows}.
     *
     * @param maxRows the most rows there will be
     */
    public static KvShape of(KvFormat format, int heads, int headDim, int maxRows) {
        long width = (long) heads * ((headDim + PANEL - 1) / PANEL) * PANEL;
        int rows = BLOCK_ROWS;
        while (rows > PANEL && (width * rows > MAX_BLOCK_VALUES || rows / 2 >= maxRows)) {
            rows /= 2;
        }
        return new KvShape(format, heads, headDim, rows);
    }

    /** Groups of up to 32 columns in a head: panels of its values, scales of its keys and of its values. */
    public int groups() {
        return (headDim + PANEL - 1) / PANEL;
    }

    /** Where in a block's keys the panel of a head's row starts, plus the row's column in it. */
    public int keyOffset(int head, int row) {
        return (head * blockRows + row / PANEL * PANEL) * headDim + row % PANEL;
    }

    /** Where in a block's values columns {@code 32 * group ..} of a head's row start. */
    public int valueOffset(int head, int group, int row) {
        return valueScaleOffset(head, group, row) * PANEL;
    }

    /** Where in a block's key scales that of a group of a head's row is. */
    public int keyScaleOffset(int head, int group, int row) {
        return (head * blockRows + row / PANEL * PANEL) * groups() + group * PANEL + row % PANEL;
    }

    /** Where in a block's value scales that of a group of a head's row is. */
    public int valueScaleOffset(int head, int group, int row) {
        return (head * groups() + group) * blockRows + row;
    }

    int keyElements() {
        return heads * blockRows * headDim;
    }

    int valueElements() {
        return scales() * PANEL;
    }

    /** Scales of a block's keys, and as many of its values. */
    int scales() {
        return heads * blockRows * groups();
    }

    /** Bytes of keys and values in {@code rows} rows, without padding. */
    long rowBytes(long rows) {
        return rows * 2 * format.vectorBytes(heads, headDim);
    }

    /** Bytes of a block. */
    long blockBytes() {
        long elements = (long) keyElements() + valueElements();
        return switch (format) {
            case F32 -> elements * Float.BYTES;
            case BF16 -> elements * Short.BYTES;
            case Q8 -> elements + 2L * scales() * Short.BYTES;
        };
    }
}
