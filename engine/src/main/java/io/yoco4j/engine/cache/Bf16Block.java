package io.yoco4j.engine.cache;

import io.yoco4j.engine.kernel.Kernels;
import java.nio.ByteBuffer;

/** A block of bfloat16 rows; within each run of 32 columns, those lie as {@link Bf16#position} says. */
public final class Bf16Block extends KvBlock {
    private static final int PANEL = Kernels.PANEL;

    private final short[] keys;
    private final short[] values;

    Bf16Block(KvShape shape) {
        super(shape);
        keys = new short[shape.keyElements()];
        values = new short[shape.valueElements()];
    }

    @Override
    int place(int column) {
        return Bf16.position(column);
    }

    @Override
    void put(int row, float[] k, float[] v, int offset) {
        KvShape s = shape();
        for (int h = 0; h < s.heads(); h++) {
            int from = offset + h * s.headDim();
            int to = keyIndex(h, row, 0);
            for (int j = 0; j < s.headDim(); j++) {
                keys[to + j * PANEL] = Bf16.round(k[from + j]);
            }
            for (int j = 0; j < s.headDim(); j += PANEL) {
                int n = Math.min(PANEL, s.headDim() - j);
                Bf16.pack(v, from + j, n, values, s.valueOffset(h, j / PANEL, row));
            }
        }
    }

    @Override
    void put(int row, KvBlock other, int otherRow) {
        Bf16Block o = (Bf16Block) other;
        KvShape s = shape();
        for (int h = 0; h < s.heads(); h++) {
            int from = o.keyIndex(h, otherRow, 0);
            int to = keyIndex(h, row, 0);
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
        Bf16Block o = (Bf16Block) other;
        System.arraycopy(o.keys, 0, keys, 0, keys.length);
        System.arraycopy(o.values, 0, values, 0, values.length);
    }

    @Override
    void unpackKeys(Kernels kernels, int head, int row, float[] out, int outOffset) {
        kernels.widen(keys, shape().keyOffset(head, row), shape().headDim(), out, outOffset);
    }

    @Override
    void unpackValues(Kernels kernels, int head, int group, int row, int rows, float[] out, int outOffset) {
        kernels.widen(values, shape().valueOffset(head, group, row), rows, out, outOffset);
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
        to.putShort(keys[index]);
    }

    @Override
    void loadKey(int index, ByteBuffer from) {
        keys[index] = from.getShort();
    }

    @Override
    void saveValue(int index, ByteBuffer to) {
        to.putShort(values[index]);
    }

    @Override
    void loadValue(int index, ByteBuffer from) {
        values[index] = from.getShort();
    }
}
