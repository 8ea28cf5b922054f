package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.sum;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/** Stored weights as float32 on the Vector API. */
interface VectorWeights extends WeightKernels {
    ValueLayout.OfShort SCALE = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    int GROUP = WeightFormat.GROUP;

    @Override
    default void unpack(Weight w, int row, int from, int n, float[] out, int outOffset) {
        long i = (long) row * w.inputs() + from;
        long group = (long) row * w.groups() + from / GROUP;
        int done = switch (w.format()) {
            case F32 -> unpackF32(w.data(), 4 * i, n, out, outOffset);
            case BF16 -> unpackBf16(w.data(), 2 * i, n, out, outOffset);
            case F16 -> unpackF16(w.data(), 2 * i, n, out, outOffset);
            case Q8 -> unpackQ8(w.data(), i, w.scales(), 2 * group, n, out, outOffset);
            case Q4 -> unpackQ4(w.data(), 16 * group, w.scales(), 2 * group, n, out, outOffset);
        };
        for (int j = done; j < n; j++) {
            out[outOffset + j] = ScalarWeights.value(w, row, from + j);
        }
    }

    private static int unpackF32(MemorySegment data, long at, int n, float[] out, int outOffset) {
        int vectors = n / LANES;
        for (int v = 0; v < vectors; v++) {
            VectorFormats.f32(data, at + 4 * v * LANES).intoArray(out, outOffset + v * LANES);
        }
        return vectors * LANES;
    }

    private static int unpackBf16(MemorySegment data, long at, int n, float[] out, int outOffset) {
        int vectors = n / LANES;
        for (int v = 0; v < vectors; v++) {
            VectorFormats.bf16(data, at + 2 * v * LANES).intoArray(out, outOffset + v * LANES);
        }
        return vectors * LANES;
    }

    private static int unpackF16(MemorySegment data, long at, int n, float[] out, int outOffset) {
        int vectors = n / LANES;
        for (int v = 0; v < vectors; v++) {
            VectorFormats.f16(data, at + 2 * v * LANES).intoArray(out, outOffset + v * LANES);
        }
        return vectors * LANES;
    }

    private static int unpackQ8(
            MemorySegment data, long at, MemorySegment scales, long scaleAt, int n, float[] out, int outOffset) {
        int groups = n / GROUP;
        for (int g = 0; g < groups; g++) {
            float scale = Float.intBitsToFloat(scales.get(SCALE, scaleAt + 2 * g) << 16);
            for (int j = 0; j < GROUP; j += LANES) {
                VectorFormats.i8(data, at + g * GROUP + j).mul(scale).intoArray(out, outOffset + g * GROUP + j);
            }
        }
        return groups * GROUP;
    }

    private static int unpackQ4(
            MemorySegment data, long at, MemorySegment scales, long scaleAt, int n, float[] out, int outOffset) {
        int groups = n / GROUP;
        for (int g = 0; g < groups; g++) {
            float scale = Float.intBitsToFloat(scales.get(SCALE, scaleAt + 2 * g) << 16);
            for (int j = 0; j < GROUP / 2; j += LANES) {
                var bytes = VectorFormats.u8(data, at + g * (GROUP / 2) + j);
                int to = outOffset + g * GROUP + j;
                VectorFormats.low(bytes).mul(scale).intoArray(out, to);
                VectorFormats.high(bytes).mul(scale).intoArray(out, to + GROUP / 2);
            }
        }
        return groups * GROUP;
    }

    /** The scales of a row, n of them, as float32. */
    static void scales(MemorySegment scales, long at, int n, float[] out, int outOffset) {
        int done = unpackBf16(scales, at, n, out, outOffset);
        for (int g = done; g < n; g++) {
            out[outOffset + g] = Float.intBitsToFloat(scales.get(SCALE, at + 2 * g) << 16);
        }
    }

    @Override
    default void unpackPanel(
            Weight w, int first, int rows, int from, int k, float[] panel, int[] words, float[] scales) {
        VectorPanels.unpack(w, first, rows, from, k, panel, words, scales);
    }

    @Override
    default long arranged(WeightFormat format, int k, int n) {
        return WordOrder.bytes(format, k, n);
    }

    @Override
    default void arrange(WeightFormat format, float[] x, int xOffset, int k, int n, MemorySegment out, long at) {
        WordOrder.arrange(format, x, xOffset, k, n, out, at);
    }

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
        int width;
        if (n == 1) {
            VectorDots.sums(w, first, rows, arranged, at, scratch);
            width = 1;
        } else {
            VectorWideDots.sums(w, first, rows, arranged, at, scratch);
            width = Kernels.WIDE;
        }
        int done = WordOrder.covered(w.format(), w.inputs());
        for (int o = 0; o < rows; o++) {
            for (int r = 0; r < n; r++) {
                float total = sum(FloatVector.fromArray(F, scratch, (o * width + r) * LANES));
                if (done < w.inputs()) {
                    total += ScalarWeights.dot(w, first + o, x, xOffset + r * w.inputs(), done);
                }
                int to = yOffset + r * w.outputs() + first + o;
                y[to] = add ? y[to] + total : total;
            }
        }
    }
}
