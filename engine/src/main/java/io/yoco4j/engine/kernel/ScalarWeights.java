package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Stored weights as plain loops. */
interface ScalarWeights extends WeightKernels {
    ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** One value, as float32. */
    static float value(Weight w, int row, int column) {
        long i = (long) row * w.inputs() + column;
        return switch (w.format()) {
            case F32 -> w.data().get(FLOAT, 4 * i);
            case BF16 -> Float.intBitsToFloat(w.data().get(SHORT, 2 * i) << 16);
            case F16 -> Float.float16ToFloat(w.data().get(SHORT, 2 * i));
            case Q8 -> w.data().get(ValueLayout.JAVA_BYTE, i) * scale(w, row, column / 32);
            case Q4 -> {
                int group = column / 32;
                int in = column % 32;
                long at = ((long) row * w.groups() + group) * 16 + in % 16;
                int nibble = w.data().get(ValueLayout.JAVA_BYTE, at) >> (in < 16 ? 0 : 4) & 15;
                yield (nibble - 8) * scale(w, row, group);
            }
        };
    }

    private static float scale(Weight w, int row, int group) {
        return Float.intBitsToFloat(w.scales().get(SHORT, 2 * ((long) row * w.groups() + group)) << 16);
    }

    /** As {@link #value}, but a loop for each format: a choice per value costs several times the value. */
    @Override
    default void unpack(Weight w, int row, int from, int n, float[] out, int outOffset) {
        long at = (long) row * w.inputs() + from;
        switch (w.format()) {
            case F32 -> MemorySegment.copy(w.data(), FLOAT, 4 * at, out, outOffset, n);
            case BF16 -> {
                for (int i = 0; i < n; i++) {
                    out[outOffset + i] = Float.intBitsToFloat(w.data().get(SHORT, 2 * (at + i)) << 16);
                }
            }
            case F16 -> {
                for (int i = 0; i < n; i++) {
                    out[outOffset + i] = Float.float16ToFloat(w.data().get(SHORT, 2 * (at + i)));
                }
            }
            case Q8, Q4 -> {
                for (int i = 0; i < n; ) {
                    int group = (from + i) / 32;
                    int count = Math.min(n - i, 32 * (group + 1) - (from + i));
                    if (w.format() == WeightFormat.Q8) {
                        bytes(w.data(), at + i, count, scale(w, row, group), out, outOffset + i);
                    } else {
                        long bytes = ((long) row * w.groups() + group) * 16;
                        nibbles(w.data(), bytes, (from + i) % 32, count, scale(w, row, group), out, outOffset + i);
                    }
                    i += count;
                }
            }
        }
    }

    private static void bytes(MemorySegment data, long at, int n, float scale, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = data.get(ValueLayout.JAVA_BYTE, at + i) * scale;
        }
    }

    /** n values of a group from its {@code first} on. */
    private static void nibbles(
            MemorySegment data, long group, int first, int n, float scale, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            int in = first + i;
            int nibble = data.get(ValueLayout.JAVA_BYTE, group + in % 16) >> (in < 16 ? 0 : 4) & 15;
            out[outOffset + i] = (nibble - 8) * scale;
        }
    }

    @Override
    default long arranged(WeightFormat format, int k, int n) {
        return 0;
    }

    @Override
    default void arrange(WeightFormat format, float[] x, int xOffset, int k, int n, MemorySegment out, long at) {}

    @Override
    default void dotRows(
            Weight w,
            int first,
            int rows,
            int n,
            float[] x,
            int xOffset,
            MemorySegment arranged,
            long at,
            float[] y,
            int yOffset,
            boolean add,
            float[] scratch) {
        for (int o = first; o < first + rows; o++) {
            unpack(w, o, 0, w.inputs(), scratch, 0);
            for (int r = 0; r < n; r++) {
                float sum = dot(scratch, x, xOffset + r * w.inputs(), w.inputs());
                int to = yOffset + r * w.outputs() + o;
                y[to] = add ? y[to] + sum : sum;
            }
        }
    }

    /** The product of a row with x, from column {@code from} on. */
    static float dot(Weight w, int row, float[] x, int xOffset, int from) {
        float even = 0;
        float odd = 0;
        int i = from;
        for (; i + 1 < w.inputs(); i += 2) {
            even += value(w, row, i) * x[xOffset + i];
            odd += value(w, row, i + 1) * x[xOffset + i + 1];
        }
        if (i < w.inputs()) {
            even += value(w, row, i) * x[xOffset + i];
        }
        return even + odd;
    }

    private static float dot(float[] row, float[] x, int xOffset, int n) {
        float even = 0;
        float odd = 0;
        int i = 0;
        for (; i + 1 < n; i += 2) {
            even += row[i] * x[xOffset + i];
            odd += row[i + 1] * x[xOffset + i + 1];
        }
        if (i < n) {
            even += row[i] * x[xOffset + i];
        }
        return even + odd;
    }
}
