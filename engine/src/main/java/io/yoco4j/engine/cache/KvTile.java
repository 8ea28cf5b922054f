package io.yoco4j.engine.cache;

import io.yoco4j.engine.kernel.Kernels;

/**
 * A few rows of one head as float32 panels: where they lie when they are stored so, else unpacked. One per thread;
 * it allocates nothing once it has seen a narrow format.
 */
public final class KvTile {
    private static final int PANEL = Kernels.PANEL;

    private final Kernels kernels;
    private final int maxRows;
    private float[] keyPanels = {};
    private float[] valuePanels = {};
    private float[] keys = {};
    private float[] values = {};
    private int keyOffset;
    private int valueOffset;
    private int valueStride;

    /** For at most {@code maxRows} rows at a time. */
    public KvTile(Kernels kernels, int maxRows) {
        this.kernels = kernels;
        this.maxRows = maxRows;
    }

    /** Takes {@code count} rows from {@code row} on, all of one block. */
    public void load(KvBlock block, int head, int row, int count) {
        KvShape shape = block.shape();
        int aligned = row / PANEL * PANEL;
        if (block instanceof F32Block plain) {
            keys = plain.keys();
            keyOffset = shape.keyOffset(head, aligned);
            values = plain.values();
            valueOffset = shape.valueOffset(head, 0, row);
            valueStride = shape.blockRows() * PANEL;
            return;
        }
        reserve(shape);
        keys = keyPanels;
        keyOffset = 0;
        for (int r = aligned; r < row + count; r += PANEL) {
            block.unpackKeys(kernels, head, r, keyPanels, (r - aligned) * shape.headDim());
        }
        values = valuePanels;
        valueOffset = 0;
        valueStride = count * PANEL;
        for (int g = 0; g < shape.groups(); g++) {
            block.unpackValues(kernels, head, g, row, count, valuePanels, g * valueStride);
        }
    }

    private void reserve(KvShape shape) {
        // Rows that start amid a panel reach into one more.
        int keyElements = (maxRows + PANEL) * shape.headDim();
        int valueElements = maxRows * shape.groups() * PANEL;
        if (keyPanels.length < keyElements || valuePanels.length < valueElements) {
            keyPanels = new float[keyElements];
            valuePanels = new float[valueElements];
        }
    }

    /** Holds the panels of keys. */
    public float[] keys() {
        return keys;
    }

    /** Where the panel [headDim][32] is that holds the first row, which lies at its column {@code row mod 32}. */
    public int keyOffset() {
        return keyOffset;
    }

    /** Holds the panels of values. */
    public float[] values() {
        return values;
    }

    /** Where columns {@code 32 * group ..} of the first row's value are; the next rows' follow at distances of 32. */
    public int valueOffset(int group) {
        return valueOffset + group * valueStride;
    }
}
