package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.sum;
import static io.yoco4j.engine.kernel.RawMemory.ALL;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Stored weights as float32 on the Vector API. */
interface VectorWeights extends WeightKernels {
    ValueLayout.OfShort SCALE = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    int GROUP = WeightFormat.GROUP;

    @Override
    default void unpack(Weight w, int row, int from, int n, float[] out, int outOffset) {
        long data = RawMemory.address(w.data(), row * w.rowBytes(), w.rowBytes());
        long scales = w.format().quantized() ? scalesOf(w, row, 1) + 2L * (from / GROUP) : 0;
        int done = switch (w.format()) {
            case F32 -> unpackF32(data + 4L * from, n, out, outOffset);
            case BF16 -> unpackBf16(data + 2L * from, n, out, outOffset);
            case F16 -> unpackF16(data + 2L * from, n, out, outOffset);
            case Q8 -> unpackQ8(data + from, scales, n, out, outOffset);
            case Q4 -> unpackQ4(data + from / GROUP * (GROUP / 2), scales, n, out, outOffset);
        };
        for (int j = done; j < n; j++) {
            out[outOffset + j] = ScalarWeights.value(w, row, from + j);
        }
    }

    private static int unpackF32(long data, int n, float[] out, int outOffset) {
        int vectors = n / LANES;
        for (int v = 0; v < vectors; v++) {
            VectorFormats.f32(ALL, data + 4L * v * LANES).intoArray(out, outOffset + v * LANES);
        }
        return vectors * LANES;
    }

    private static int unpackBf16(long data, int n, float[] out, int outOffset) {
        int vectors = n / LANES;
        for (int v = 0; v < vectors; v++) {
            VectorFormats.bf16(ALL, data + 2L * v * LANES).intoArray(out, outOffset + v * LANES);
        }
        return vectors * LANES;
    }

    private static int unpackF16(long data, int n, float[] out, int outOffset) {
        int vectors = n / LANES;
        for (int v = 0; v < vectors; v++) {
            VectorFormats.f16(ALL, data + 2L * v * LANES).intoArray(out, outOffset + v * LANES);
        }
        return vectors * LANES;
    }

    private static int unpackQ8(long data, long scales, int n, float[] out, int outOffset) {
        int groups = n / GROUP;
        for (int g = 0; g < groups; g++) {
            float scale = Float.intBitsToFloat(ALL.get(SCALE, scales + 2L * g) << 16);
            for (int j = 0; j < GROUP; j += LANES) {
                VectorFormats.i8(ALL, data + g * (long) GROUP + j).mul(scale).intoArray(out, outOffset + g * GROUP + j);
            }
        }
        return groups * GROUP;
    }

    private static int unpackQ4(long data, long scales, int n, float[] out, int outOffset) {
        int groups = n / GROUP;
        for (int g = 0; g < groups; g++) {
            float scale = Float.intBitsToFloat(ALL.get(SCALE, scales + 2L * g) << 16);
            for (int j = 0; j < GROUP / 2; j += LANES) {
                var bytes = VectorFormats.u8(ALL, data + g * (GROUP / 2L) + j);
                int to = outOffset + g * GROUP + j;
                VectorFormats.low(bytes).mul(scale).intoArray(out, to);
                VectorFormats.high(bytes).mul(scale).intoArray(out, to + GROUP / 2);
            }
        }
        return groups * GROUP;
    }

    /** The scales of rows as float32. */
    static void scales(Weight w, int first, int rows, float[] out, int outOffset) {
        long at = scalesOf(w, first, rows);
        int n = rows * w.groups();
        int done = unpackBf16(at, n, out, outOffset);
        for (int g = done; g < n; g++) {
            out[outOffset + g] = Float.intBitsToFloat(ALL.get(SCALE, at + 2L * g) << 16);
        }
    }

    /** Where the scales of rows begin. */
    static long scalesOf(Weight w, int first, int rows) {
        return RawMemory.address(w.scales(), 2L * first * w.groups(), 2L * rows * w.groups());
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
        int width = WordOrder.width(n);
        switch (width) {
            case 1 -> VectorDots.sums(w, first, rows, arranged, at, scratch);
            case Kernels.PAIR -> VectorPairDots.sums(w, first, rows, arranged, at, scratch);
            default -> VectorWideDots.sums(w, first, rows, arranged, at, scratch, width);
        }
        int done = WordOrder.covered(w.format(), w.inputs());
        for (int o = 0; o < rows; o++) {
            for (int r = 0; r < n; r++) {
                float total = sum(scratch, (o * width + r) * LANES);
                if (done < w.inputs()) {
                    total += ScalarWeights.dot(w, first + o, x, xOffset + r * w.inputs(), done);
                }
                int to = yOffset + r * w.outputs() + first + o;
                y[to] = add ? y[to] + total : total;
            }
        }
    }
}
