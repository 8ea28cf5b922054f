package io.yoco4j.engine.cache;

import io.yoco4j.engine.kernel.Kernels;
import java.nio.ByteBuffer;

/** A block of float32 rows. */
public final class F32Block extends KvBlock {
    private static final int PANEL = Kernels.PANEL;

    private final float[] keys;
    private final float[] values;

    F32Block(KvShape shape) {
        super(shape);
        keys = new float[shape.keyElements()];
        values = new float[shape.valueElements()];
    }

    /** Keys, not a copy. */
    public float[] keys() {
        return keys;
    }

    /** Values, not a copy. */
    public float[] values() {
        return values;
    }

    @Override
    void put(int row, float[] k, float[] v, int offset) {
        KvShape s = shape();
        for (int h = 0; h < s.heads(); h++) {
            int from = offset + h * s.headDim();
            int to = s.keyOffset(h, row);
            for (int j = 0; j < s.headDim(); j++) {
                keys[to + j * PANEL] = k[from + j];
            }
            for (int j = 0; j < s.headDim(); j += PANEL) {
                int n = Math.min(PANEL, s.headDim() - j);
                System.arraycopy(v, from + j, values, s.valueOffset(h, j / PANEL, row), n);
            }
        }
    }

    @Override
    void put(int row, KvBlock other, int otherRow) {
        F32Block o = (F32Block) other;
        KvShape s = shape();
        for (int h = 0; h < s.heads(); h++) {
            int from = o.shape().keyOffset(h, otherRow);
            int to = s.keyOffset(h, row);
            for (int j = 0; j < s.headDim(); j++) {
                keys[to + j * PANEL] = o.keys[from + j * PANEL];
            }
            for (int g = 0; g < s.groups(); g++) {
                System.arraycopy(
                        o.values, o.shape().valueOffset(h, g, otherRow), values, s.valueOffset(h, g, row), PANEL);
            }
        }
    }

    @Override
    void copy(KvBlock other) {
        F32Block o = (F32Block) other;
        System.arraycopy(o.keys, 0, keys, 0, keys.length);
        System.arraycopy(o.values, 0, values, 0, values.length);
    }

    @Override
    void unpackKeys(Kernels kernels, int head, int row, float[] out, int outOffset) {
        System.arraycopy(keys, shape().keyOffset(head, row), out, outOffset, shape().headDim() * PANEL);
    }

    @Override
    void unpackValues(Kernels kernels, int head, int group, int row, int rows, float[] out, int outOffset) {
        System.arraycopy(values, shape().valueOffset(head, group, row), out, outOffset, rows * PANEL);
    }

    @Override
    public void scores(
            Kernels kernels, int head, int row, float[] q, int qOffset, float[] out, int outOffset, float[] scratch) {
        kernels.scores(q, qOffset, shape().headDim(), keys, shape().keyOffset(head, row), out, outOffset);
    }

    @Override
    public void weightedSum(
            Kernels kernels,
            int head,
            int group,
            int row,
            int rows,
            float[] p,
            int pOffset,
            float[] out,
            int outOffset,
            float[] scratch) {
        kernels.weightedSum(p, pOffset, rows, values, shape().valueOffset(head, group, row), out, outOffset);
    }

    @Override
    void saveKey(int index, ByteBuffer to) {
        to.putFloat(keys[index]);
    }

    @Override
    void loadKey(int index, ByteBuffer from) {
        keys[index] = from.getFloat();
    }

    @Override
    void saveValue(int index, ByteBuffer to) {
        to.putFloat(values[index]);
    }

    @Override
    void loadValue(int index, ByteBuffer from) {
        values[index] = from.getFloat();
    }
}
