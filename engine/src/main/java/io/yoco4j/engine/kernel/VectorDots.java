package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.I;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.LITTLE;

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
 * bounds check moves out; and as every check that moves out costs a dozen instructions before each loop, what a step reads of
 * x is one slice. Constants are vectors made before the loop, and the longer loops call the Vector API directly: the
 * compiler counts what it inlines, and beyond its limit vectors become objects, save for methods of the API itself.
 */
final class VectorDots {
    /** Bytes of a vector. */
    static final int WIDTH = 4 * LANES;
    /** A scale to all words of its group: 8 words in Q8, 4 in Q4. */
    private static final VectorShuffle<Float> BY_8 = VectorShuffle.fromOp(F, lane -> lane / 8);

    private static final VectorShuffle<Float> BY_4 = VectorShuffle.fromOp(F, lane -> lane / 4);
    private static final int SUMS = Kernels.DOT_ROWS * Kernels.PARTIAL;

    private VectorDots() {}

    /** Partial sums of rows, a vector each from the start of {@code scratch}; scales go behind them. */
    static void sums(Weight w, int first, int rows, MemorySegment x, long at, float[] scratch) {
        int k = w.inputs();
        int groups = w.groups();
        if (w.format().quantized()) {
            VectorWeights.scales(w.scales(), 2L * first * groups, rows * groups, scratch, SUMS);
        }
        int chunks = k / WordOrder.chunk(w.format());
        for (int r = 0; r < rows; r++) {
            long row = first + r;
            int to = r * LANES;
            int scales = SUMS + r * groups;
            switch (w.format()) {
                case F32 -> f32(w.data(), 4 * row * k, chunks, x, at, scratch, to);
                case F16 -> f16(w.data(), 2 * row * k, chunks, x, at, scratch, to);
                case BF16 -> bf16(w.data(), 2 * row * k, chunks, x, at, scratch, to);
                case Q8 -> q8(w.data(), row * k, chunks, x, at, scratch, scales, to);
                case Q4 -> q4(w.data(), 16 * row * groups, chunks, x, at, scratch, scales, to);
            }
        }
    }

    private static void f32(MemorySegment data, long from, int n, MemorySegment x, long at, float[] out, int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        int pairs = n / 2;
        for (int c = 0; c < pairs; c++) {
            MemorySegment w = data.asSlice(from + c * (2L * WIDTH), 2 * WIDTH);
            MemorySegment xs = x.asSlice(at + c * (2L * WIDTH), 2 * WIDTH);
            a = FloatVector.fromMemorySegment(F, w, 0, LITTLE).fma(FloatVector.fromMemorySegment(F, xs, 0, LITTLE), a);
            b = FloatVector.fromMemorySegment(F, w, WIDTH, LITTLE)
                    .fma(FloatVector.fromMemorySegment(F, xs, WIDTH, LITTLE), b);
        }
        if (n % 2 == 1) {
            long last = (n - 1L) * WIDTH;
            a = FloatVector.fromMemorySegment(F, data, from + last, LITTLE)
                    .fma(FloatVector.fromMemorySegment(F, x, at + last, LITTLE), a);
        }
        a.add(b).intoArray(out, to);
    }

    /** Exponent and significand in place are 2^-112 of a value, subnormals included; the sign comes last. */
    private static void f16(MemorySegment data, long from, int n, MemorySegment x, long at, float[] out, int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        IntVector magnitude = IntVector.broadcast(I, VectorFormats.F16_MAGNITUDE);
        IntVector sign = IntVector.broadcast(I, 0x8000_0000);
        FloatVector scale = FloatVector.broadcast(F, VectorFormats.F16_SCALE);
        for (int c = 0; c < n; c++) {
            IntVector w = IntVector.fromMemorySegment(I, data, from + c * WIDTH, LITTLE);
            MemorySegment xs = x.asSlice(at + c * (2L * WIDTH), 2 * WIDTH);
            IntVector low = w.lanewise(VectorOperators.LSHL, 13)
                    .and(magnitude)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .reinterpretAsInts()
                    .or(w.lanewise(VectorOperators.LSHL, 16).and(sign));
            a = low.reinterpretAsFloats().fma(FloatVector.fromMemorySegment(F, xs, 0, LITTLE), a);
            IntVector high = w.lanewise(VectorOperators.LSHR, 3)
                    .and(magnitude)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .reinterpretAsInts()
                    .or(w.and(sign));
            b = high.reinterpretAsFloats().fma(FloatVector.fromMemorySegment(F, xs, WIDTH, LITTLE), b);
        }
        a.add(b).intoArray(out, to);
    }

    private static void bf16(MemorySegment data, long from, int n, MemorySegment x, long at, float[] out, int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        IntVector high = IntVector.broadcast(I, 0xffff_0000);
        for (int c = 0; c < n; c++) {
            IntVector w = IntVector.fromMemorySegment(I, data, from + c * WIDTH, LITTLE);
            MemorySegment xs = x.asSlice(at + c * (2L * WIDTH), 2 * WIDTH);
            a = w.lanewise(VectorOperators.LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(FloatVector.fromMemorySegment(F, xs, 0, LITTLE), a);
            b = w.and(high).reinterpretAsFloats().fma(FloatVector.fromMemorySegment(F, xs, WIDTH, LITTLE), b);
        }
        a.add(b).intoArray(out, to);
    }

    /** Bytes in the top of a word are 2^24 times too large: the sums make up for it. */
    private static void q8(
            MemorySegment data, long from, int n, MemorySegment x, long at, float[] scratch, int scales, int to) {
        FloatVector a = FloatVector.zero(F);
        IntVector top = IntVector.broadcast(I, 0xff00_0000);
        for (int c = 0; c < n; c++) {
            IntVector w = IntVector.fromMemorySegment(I, data, from + c * WIDTH, LITTLE);
            MemorySegment xs = x.asSlice(at + c * (4L * WIDTH), 4 * WIDTH);
            FloatVector p = ((FloatVector) w.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0))
                    .mul(FloatVector.fromMemorySegment(F, xs, 0, LITTLE));
            p = ((FloatVector) w.lanewise(VectorOperators.LSHL, 16).and(top).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, xs, WIDTH, LITTLE), p);
            p = ((FloatVector) w.lanewise(VectorOperators.LSHL, 8).and(top).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, xs, 2 * WIDTH, LITTLE), p);
            p = ((FloatVector) w.and(top).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, xs, 3 * WIDTH, LITTLE), p);
            a = p.fma(scaleQ8(scratch, scales, c), a);
        }
        a.mul(0x1p-24f).intoArray(scratch, to);
    }

    /** Scales of the words of a chunk. */
    static FloatVector scaleQ4(float[] scales, int at, int chunk) {
        return FloatVector.fromArray(F, scales, at + chunk * (LANES / 4)).rearrange(BY_4);
    }

    /** Scales of the words of a chunk. */
    static FloatVector scaleQ8(float[] scales, int at, int chunk) {
        if (LANES > 8) {
            return FloatVector.fromArray(F, scales, at + chunk * (LANES / 8)).rearrange(BY_8);
        }
        // Not by a division, which would keep the bounds check in the loop.
        return FloatVector.broadcast(F, scales[at + (LANES == 8 ? chunk : chunk / 2)]);
    }

    /** Nibbles are taken from both halves of a word; see {@link WordOrder} for their sizes and the correction. */
    private static void q4(
            MemorySegment data, long from, int n, MemorySegment x, long at, float[] scratch, int scales, int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        IntVector m0 = IntVector.broadcast(I, 0xf);
        IntVector m1 = IntVector.broadcast(I, 0xf0);
        IntVector m2 = IntVector.broadcast(I, 0xf00);
        IntVector m3 = IntVector.broadcast(I, 0xf000);
        for (int c = 0; c < n; c++) {
            IntVector w = IntVector.fromMemorySegment(I, data, from + c * WIDTH, LITTLE);
            IntVector v = w.lanewise(VectorOperators.LSHR, 16);
            MemorySegment xs = x.asSlice(at + c * (9L * WIDTH), 9 * WIDTH);
            FloatVector s = scaleQ4(scratch, scales, c);
            FloatVector p = ((FloatVector) w.and(m0).convert(VectorOperators.I2F, 0))
                    .fma(
                            FloatVector.fromMemorySegment(F, xs, 0, LITTLE),
                            FloatVector.fromMemorySegment(F, xs, 8 * WIDTH, LITTLE));
            FloatVector q = ((FloatVector) v.and(m0).convert(VectorOperators.I2F, 0))
                    .mul(FloatVector.fromMemorySegment(F, xs, 4 * WIDTH, LITTLE));
            p = ((FloatVector) w.and(m1).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, xs, WIDTH, LITTLE), p);
            q = ((FloatVector) v.and(m1).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, xs, 5 * WIDTH, LITTLE), q);
            p = ((FloatVector) w.and(m2).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, xs, 2 * WIDTH, LITTLE), p);
            q = ((FloatVector) v.and(m2).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, xs, 6 * WIDTH, LITTLE), q);
            p = ((FloatVector) w.and(m3).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, xs, 3 * WIDTH, LITTLE), p);
            q = ((FloatVector) v.and(m3).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, xs, 7 * WIDTH, LITTLE), q);
            a = p.fma(s, a);
            b = q.fma(s, b);
        }
        a.add(b).intoArray(scratch, to);
    }
}
