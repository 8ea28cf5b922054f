package io.yoco4j.engine.cache;

import io.yoco4j.engine.kernel.Kernels;
import java.nio.ByteBuffer;

/** A block of rows of signed bytes, with a bfloat16 scale per row and group of 32 columns ({@link Q8}). */
public final class Q8Block extends KvBlock {
    private static final int PANEL = Kernels.PANEL;

    private final byte[] keys;
    private final byte[] values;
    private final short[] keyScales;
    private final short[] valueScales;

    Q8Block(KvShape shape) {
        super(shape);
        keys = new byte[shape.keyElements()];
        values = new byte[shape.valueElements()];
        keyScales = new short[shape.scales()];
        valueScales = new short[shape.scales()];
    }

    @Override
    void put(int row, float[] k, float[] v, int offset) {
        KvShape s = shape();
        for (int h = 0; h < s.heads(); h++) {
            for (int g = 0; g < s.groups(); g++) {
                int from = offset + h * s.headDim() + g * PANEL;
                int n = Math.min(PANEL, s.headDim() - g * PANEL);
                putKeys(h, g, row, k, from, n);
                putValues(h, g, row, v, from, n);
            }
        }
    }

    private void putKeys(int head, int group, int row, float[] k, int from, int n) {
        short stored = Q8.scale(k, from, n);
        float scale = Bf16.widen(stored);
        keyScales[shape().keyScaleOffset(head, group, row)] = stored;
        int to = shape().keyOffset(head, row) + group * PANEL * PANEL;
        for (int j = 0; j < n; j++) {
            keys[to + j * PANEL] = Q8.quantize(k[from + j], scale);
        }
    }

    private void putValues(int head, int group, int row, float[] v, int from, int n) {
        short stored = Q8.scale(v, from, n);
        float scale = Bf16.widen(stored);
        valueScales[shape().valueScaleOffset(head, group, row)] = stored;
        int to = shape().valueOffset(head, group, row);
        for (int j = 0; j < n; j++) {
            values[to + j] = Q8.quantize(v[from + j], scale);
        }
    }

    @Override
    void put(int row, KvBlock other, int otherRow) {
        Q8Block o = (Q8Block) other;
        KvShape s = shape();
        KvShape os = o.shape();
        for (int h = 0; h < s.heads(); h++) {
            int from = os.keyOffset(h, otherRow);
            int to = s.keyOffset(h, row);
            for (int j = 0; j < s.headDim(); j++) {
                keys[to + j * PANEL] = o.keys[from + j * PANEL];
            }
            for (int g = 0; g < s.groups(); g++) {
                keyScales[s.keyScaleOffset(h, g, row)] = o.keyScales[os.keyScaleOffset(h, g, otherRow)];
                valueScales[s.valueScaleOffset(h, g, row)] = o.valueScales[os.valueScaleOffset(h, g, otherRow)];
                System.arraycopy(o.values, os.valueOffset(h, g, otherRow), values, s.valueOffset(h, g, row), PANEL);
            }
        }
    }

    @Override
    void copy(KvBlock other) {
        Q8Block o = (Q8Block) other;
        System.arraycopy(o.keys, 0, keys, 0, keys.length);
        System.arraycopy(o.values, 0, values, 0, values.length);
        System.arraycopy(o.keyScales, 0, keyScales, 0, keyScales.length);
        System.arraycopy(o.valueScales, 0, valueScales, 0, valueScales.length);
    }

    @Override
    void unpackKeys(Kernels kernels, int head, int row, float[] out, int outOffset) {
        int from = shape().keyOffset(head, row);
        int scales = shape().keyScaleOffset(head, 0, row);
        kernels.widenKeys(keys, from, shape().headDim(), keyScales, scales, out, outOffset);
    }

    @Override
    void unpackValues(Kernels kernels, int head, int group, int row, int rows, float[] out, int outOffset) {
        int from = shape().valueOffset(head, group, row);
        int scales = shape().valueScaleOffset(head, group, row);
        kernels.widenValues(values, from, rows, valueScales, scales, out, outOffset);
    }

    @Override
    public void scores(
            Kernels kernels, int head, int row, float[] q, int qOffset, float[] out, int outOffset, float[] scratch) {
        int from = shape().keyOffset(head, row);
        int scales = shape().keyScaleOffset(head, 0, row);
        kernels.scores(q, qOffset, shape().headDim(), keys, from, keyScales, scales, out, outOffset, scratch);
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
        int from = shape().valueOffset(head, group, row);
        int scales = shape().valueScaleOffset(head, group, row);
        kernels.weightedSum(p, pOffset, rows, values, from, valueScales, scales, out, outOffset, scratch);
    }

    @Override
    void saveKey(int index, ByteBuffer to) {
        to.put(keys[index]);
    }

    @Override
    void loadKey(int index, ByteBuffer from) {
        keys[index] = from.get();
    }

    @Override
    void saveValue(int index, ByteBuffer to) {
        to.put(values[index]);
    }

    @Override
    void loadValue(int index, ByteBuffer from) {
        values[index] = from.get();
    }

    @Override
    void saveScales(int row, ByteBuffer to) {
        KvShape s = shape();
        for (int h = 0; h < s.heads(); h++) {
            for (int g = 0; g < s.groups(); g++) {
                to.putShort(keyScales[s.keyScaleOffset(h, g, row)]);
            }
        }
        for (int h = 0; h < s.heads(); h++) {
            for (int g = 0; g < s.groups(); g++) {
                to.putShort(valueScales[s.valueScaleOffset(h, g, row)]);
            }
        }
    }

    @Override
    void loadScales(int row, ByteBuffer from) {
        KvShape s = shape();
        for (int h = 0; h < s.heads(); h++) {
            for (int g = 0; g < s.groups(); g++) {
                keyScales[s.keyScaleOffset(h, g, row)] = from.getShort();
            }
        }
        for (int h = 0; h < s.heads(); h++) {
            for (int g = 0; g < s.groups(); g++) {
                valueScales[s.valueScaleOffset(h, g, row)] = from.getShort();
            }
        }
    }
}
