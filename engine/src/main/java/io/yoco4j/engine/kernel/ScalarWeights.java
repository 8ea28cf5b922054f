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

    @Override
    default void unpack(Weight w, int row, int from, int n, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = value(w, row, from + i);
        }
    }

    @Override
    default void unpackPanel(
            Weight w, int first, int rows, int from, int k, float[] panel, int[] words, float[] scales) {
        for (int i = 0; i < k; i++) {
            for (int r = 0; r < Kernels.PANEL; r++) {
                panel[i * Kernels.PANEL + r] = r < rows ? value(w, first + r, from + i) : 0;
            }
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
            for (int r = 0; r < n; r++) {
                float sum = dot(w, o, x, xOffset + r * w.inputs(), 0);
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
}
