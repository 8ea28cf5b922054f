package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.I;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.LITTLE;
import static io.yoco4j.engine.kernel.Lanes.sum;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Products of stored rows with a vector on the Vector API, each row read where it lies, as vectors of 32-bit words in which
 * x has been rearranged to meet them ({@link WordOrder}).
 *
 * <p>What the compiler makes of these loops decides their speed. All offsets are multiples of one counter, so that every
 * bounds check moves out. Constants are vectors made before the loop, and the longer loops call the Vector API directly: the
 * compiler counts what it inlines, and beyond its limit vectors become objects, save for methods of the API itself.
 */
final class VectorDots {
    private static final int GROUP = VectorWeights.GROUP;
    /** Bytes of a vector. */
    private static final int WIDTH = 4 * LANES;
    /** A scale to all words of its group: 8 words in Q8, 4 in Q4. */
    private static final VectorShuffle<Float> BY_8 = VectorShuffle.fromOp(F, lane -> lane / 8);

    private static final VectorShuffle<Float> BY_4 = VectorShuffle.fromOp(F, lane -> lane / 4);
    private static final int SUMS = Kernels.DOT_ROWS * Kernels.PARTIAL;

    private VectorDots() {}

    /** Partial sums of rows, a vector each from the start of {@code scratch}, scales behind; returns the columns they cover. */
    private static int partials(Weight w, int first, int rows, float[] x, int xOffset, float[] scratch) {
        int k = w.inputs();
        int groups = w.groups();
        if (w.format().quantized()) {
            VectorWeights.scales(w.scales(), 2L * first * groups, rows * groups, scratch, SUMS);
        }
        int chunk = WordOrder.chunk(w.format());
        int chunks = k / chunk;
        for (int r = 0; r < rows; r++) {
            long row = first + r;
            int to = r * LANES;
            int scales = SUMS + r * groups;
            switch (w.format()) {
                case F32 -> f32(w.data(), 4 * row * k, k / (2 * LANES), x, xOffset, scratch, to);
                case F16 -> f16(w.data(), 2 * row * k, k / LANES, x, xOffset, scratch, to);
                case BF16 -> bf16(w.data(), 2 * row * k, chunks, x, xOffset, scratch, to);
                case Q8 -> q8(w.data(), row * k, chunks, x, xOffset, scratch, scales, to);
                case Q4 -> q4(w.data(), 16 * row * groups, chunks, x, xOffset, xOffset + k, scratch, scales, to);
            }
        }
        return switch (w.format()) {
            case F32 -> k / (2 * LANES) * (2 * LANES);
            case F16 -> k / LANES * LANES;
            case BF16, Q8, Q4 -> chunks * chunk;
        };
    }

    static void rows(
            Weight w,
            int first,
            int rows,
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            boolean add,
            float[] scratch) {
        int done = partials(w, first, rows, x, xOffset, scratch);
        for (int r = 0; r < rows; r++) {
            float total = sum(FloatVector.fromArray(F, scratch, r * LANES));
            if (done < w.inputs()) {
                total += ScalarWeights.dot(w, first + r, x, xOffset, done);
            }
            y[yOffset + r] = add ? y[yOffset + r] + total : total;
        }
    }

    private static void f32(MemorySegment data, long at, int n, float[] x, int xOffset, float[] out, int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        for (int c = 0; c < n; c++) {
            int i = xOffset + c * (2 * LANES);
            a = VectorFormats.f32(data, at + c * (2 * WIDTH)).fma(FloatVector.fromArray(F, x, i), a);
            b = VectorFormats.f32(data, at + c * (2 * WIDTH) + WIDTH).fma(FloatVector.fromArray(F, x, i + LANES), b);
        }
        a.add(b).intoArray(out, to);
    }

    private static void f16(MemorySegment data, long at, int n, float[] x, int xOffset, float[] out, int to) {
        FloatVector a = FloatVector.zero(F);
        for (int c = 0; c < n; c++) {
            FloatVector xs = FloatVector.fromArray(F, x, xOffset + c * LANES);
            a = VectorFormats.f16(data, at + c * (2 * LANES)).fma(xs, a);
        }
        a.intoArray(out, to);
    }

    private static void bf16(MemorySegment data, long at, int n, float[] x, int xOffset, float[] out, int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        for (int c = 0; c < n; c++) {
            IntVector w = word(data, at + c * WIDTH);
            int i = xOffset + c * (2 * LANES);
            a = VectorFormats.lowHalf(w).fma(FloatVector.fromArray(F, x, i), a);
            b = VectorFormats.highHalf(w).fma(FloatVector.fromArray(F, x, i + LANES), b);
        }
        a.add(b).intoArray(out, to);
    }

    private static IntVector word(MemorySegment data, long at) {
        return IntVector.fromMemorySegment(I, data, at, LITTLE);
    }

    /** Bytes in the top of a word are 2^24 times too large: the sums make up for it. */
    private static void q8(
            MemorySegment data, long at, int n, float[] x, int xOffset, float[] scratch, int scales, int to) {
        FloatVector a = FloatVector.zero(F);
        IntVector top = IntVector.broadcast(I, 0xff00_0000);
        for (int c = 0; c < n; c++) {
            IntVector w = word(data, at + c * WIDTH);
            int i = xOffset + c * (4 * LANES);
            FloatVector p = floats(w.lanewise(VectorOperators.LSHL, 24)).mul(FloatVector.fromArray(F, x, i));
            p = floats(w.lanewise(VectorOperators.LSHL, 16).and(top)).fma(FloatVector.fromArray(F, x, i + LANES), p);
            p = floats(w.lanewise(VectorOperators.LSHL, 8).and(top)).fma(FloatVector.fromArray(F, x, i + 2 * LANES), p);
            p = floats(w.and(top)).fma(FloatVector.fromArray(F, x, i + 3 * LANES), p);
            a = p.fma(scaleQ8(scratch, scales, c), a);
        }
        a.mul(0x1p-24f).intoArray(scratch, to);
    }

    private static FloatVector floats(IntVector w) {
        return (FloatVector) w.convert(VectorOperators.I2F, 0);
    }

    private static FloatVector scaleQ8(float[] scales, int at, int chunk) {
        if (LANES > 8) {
            return FloatVector.fromArray(F, scales, at + chunk * (LANES / 8)).rearrange(BY_8);
        }
        // Not by a division, which would keep the bounds check in the loop.
        return FloatVector.broadcast(F, scales[at + (LANES == 8 ? chunk : chunk / 2)]);
    }

    /** Nibbles are taken from both halves of a word; see {@link WordOrder} for their sizes and the correction. */
    private static void q4(
            MemorySegment data,
            long at,
            int n,
            float[] x,
            int xOffset,
            int corrections,
            float[] scratch,
            int scales,
            int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        IntVector m0 = IntVector.broadcast(I, 0xf);
        IntVector m1 = IntVector.broadcast(I, 0xf0);
        IntVector m2 = IntVector.broadcast(I, 0xf00);
        IntVector m3 = IntVector.broadcast(I, 0xf000);
        for (int c = 0; c < n; c++) {
            IntVector w = IntVector.fromMemorySegment(I, data, at + c * WIDTH, LITTLE);
            IntVector v = w.lanewise(VectorOperators.LSHR, 16);
            int i = xOffset + c * (8 * LANES);
            FloatVector s =
                    FloatVector.fromArray(F, scratch, scales + c * (LANES / 4)).rearrange(BY_4);
            FloatVector p = ((FloatVector) w.and(m0).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromArray(F, x, i), FloatVector.fromArray(F, x, corrections + c * LANES));
            FloatVector q = ((FloatVector) v.and(m0).convert(VectorOperators.I2F, 0))
                    .mul(FloatVector.fromArray(F, x, i + 4 * LANES));
            p = ((FloatVector) w.and(m1).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromArray(F, x, i + LANES), p);
            q = ((FloatVector) v.and(m1).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromArray(F, x, i + 5 * LANES), q);
            p = ((FloatVector) w.and(m2).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromArray(F, x, i + 2 * LANES), p);
            q = ((FloatVector) v.and(m2).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromArray(F, x, i + 6 * LANES), q);
            p = ((FloatVector) w.and(m3).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromArray(F, x, i + 3 * LANES), p);
            q = ((FloatVector) v.and(m3).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromArray(F, x, i + 7 * LANES), q);
            a = p.fma(s, a);
            b = q.fma(s, b);
        }
        a.add(b).intoArray(scratch, to);
    }
}
