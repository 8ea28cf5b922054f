package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.I;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.LITTLE;
import static io.yoco4j.engine.kernel.RawMemory.ADDRESS;
import static io.yoco4j.engine.kernel.RawMemory.ALL;
import static io.yoco4j.engine.kernel.VectorDots.SCALED;
import static io.yoco4j.engine.kernel.VectorDots.WIDTH;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of stored rows with 2 rows of x on the Vector API: a row at a time, as {@link VectorDots} reads them, for the same
 * reasons, and each value widened once. Brought into a cache first, as {@link VectorWideDots} does it, they would gain
 * nothing over a product for each row of x.
 *
 * <p>The loops are written out once more, since a sum that passes through a method of ours becomes an object. With so few rows
 * it costs less to scale what they add up to than what is widened, and sums are many enough that no multiply-add waits for
 * the one before.
 */
final class VectorPairDots {
    private static final int PAIR = Kernels.PAIR;
    private static final int SUMS = Kernels.DOT_ROWS * PAIR * LANES;

    private VectorPairDots() {}

    /** Partial sums of rows, {@code [rows][2]} vectors from the start of {@code scratch}; scales go behind them. */
    static void sums(Weight w, int first, int rows, MemorySegment x, long at, float[] scratch) {
        int groups = w.groups();
        int chunks = w.inputs() / WordOrder.chunk(w.format());
        long bytes = w.rowBytes();
        long data = RawMemory.address(w.data(), first * bytes, rows * bytes);
        long xs = RawMemory.address(x, at, chunks * WordOrder.chunkBytes(w.format(), PAIR));
        for (int r = 0; r < rows; r++) {
            long row = data + r * bytes;
            int to = r * PAIR * LANES;
            int scales = SUMS + r % SCALED * groups;
            if (r % SCALED == 0 && w.format().quantized()) {
                VectorWeights.scales(w, first + r, Math.min(SCALED, rows - r), scratch, SUMS);
            }
            switch (w.format()) {
                case F32 -> f32(row, chunks, xs, scratch, to);
                case F16 -> f16(row, chunks, xs, scratch, to);
                case BF16 -> bf16(row, chunks, xs, scratch, to);
                case Q8 -> q8(row, chunks, xs, scratch, scales, to);
                case Q4 -> q4(row, chunks, xs, scratch, scales, to);
            }
        }
    }

    private static void f32(long data, int n, long x, float[] out, int to) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        int step = Math.min(1, n);
        for (int c = 0; c < n; c += step) {
            long xs = (x + c * (2L * WIDTH)) & ADDRESS;
            FloatVector w = FloatVector.fromMemorySegment(F, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), s1);
        }
        s0.intoArray(out, to);
        s1.intoArray(out, to + LANES);
    }

    private static void f16(long data, int n, long x, float[] out, int to) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector t0 = FloatVector.zero(F);
        FloatVector t1 = FloatVector.zero(F);
        IntVector magnitude = IntVector.broadcast(I, VectorFormats.F16_MAGNITUDE);
        IntVector sign = IntVector.broadcast(I, 0x8000_0000);
        FloatVector scale = FloatVector.broadcast(F, VectorFormats.F16_SCALE);
        int step = Math.min(1, n);
        for (int c = 0; c < n; c += step) {
            long xs = (x + c * (4L * WIDTH)) & ADDRESS;
            IntVector pair = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            FloatVector w = pair.lanewise(VectorOperators.LSHL, 13)
                    .and(magnitude)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .reinterpretAsInts()
                    .or(pair.lanewise(VectorOperators.LSHL, 16).and(sign))
                    .reinterpretAsFloats();
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), s1);
            w = pair.lanewise(VectorOperators.LSHR, 3)
                    .and(magnitude)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .reinterpretAsInts()
                    .or(pair.and(sign))
                    .reinterpretAsFloats();
            t0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), t0);
            t1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), t1);
        }
        s0.add(t0).intoArray(out, to);
        s1.add(t1).intoArray(out, to + LANES);
    }

    private static void bf16(long data, int n, long x, float[] out, int to) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector t0 = FloatVector.zero(F);
        FloatVector t1 = FloatVector.zero(F);
        IntVector top = IntVector.broadcast(I, 0xffff_0000);
        int step = Math.min(1, n);
        for (int c = 0; c < n; c += step) {
            long xs = (x + c * (4L * WIDTH)) & ADDRESS;
            IntVector pair = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            FloatVector w = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), s1);
            w = pair.and(top).reinterpretAsFloats();
            t0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), t0);
            t1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), t1);
        }
        s0.add(t0).intoArray(out, to);
        s1.add(t1).intoArray(out, to + LANES);
    }

    /** Bytes in the top of a word are 2^24 times too large: their scales make up for it. */
    private static void q8(long data, int n, long x, float[] scratch, int scales, int to) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        IntVector top = IntVector.broadcast(I, 0xff00_0000);
        int step = Math.min(1, n);
        for (int c = 0; c < n; c += step) {
            long xs = (x + c * (8L * WIDTH)) & ADDRESS;
            IntVector word = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            FloatVector s = VectorDots.scaleQ8(scratch, scales, c).mul(0x1p-24f);
            FloatVector w =
                    (FloatVector) word.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0);
            FloatVector p0 = w.mul(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE));
            FloatVector p1 = w.mul(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE));
            w = (FloatVector) word.lanewise(VectorOperators.LSHL, 16).and(top).convert(VectorOperators.I2F, 0);
            p0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), p0);
            p1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), p1);
            w = (FloatVector) word.lanewise(VectorOperators.LSHL, 8).and(top).convert(VectorOperators.I2F, 0);
            p0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE), p0);
            p1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), p1);
            w = (FloatVector) word.and(top).convert(VectorOperators.I2F, 0);
            p0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), p0);
            p1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), p1);
            s0 = p0.fma(s, s0);
            s1 = p1.fma(s, s1);
        }
        s0.intoArray(scratch, to);
        s1.intoArray(scratch, to + LANES);
    }

    /** All nibbles of words, 8 too large each; see {@link WordOrder} for their sizes and the correction. */
    private static void q4(long data, int n, long x, float[] scratch, int scales, int to) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector t0 = FloatVector.zero(F);
        FloatVector t1 = FloatVector.zero(F);
        IntVector m0 = IntVector.broadcast(I, 0xf);
        IntVector m1 = IntVector.broadcast(I, 0xf0);
        IntVector m2 = IntVector.broadcast(I, 0xf00);
        IntVector m3 = IntVector.broadcast(I, 0xf000);
        int step = Math.min(1, n);
        for (int c = 0; c < n; c += step) {
            long xs = (x + c * (18L * WIDTH)) & ADDRESS;
            IntVector word = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            FloatVector s = VectorDots.scaleQ4(scratch, scales, c);
            FloatVector w = (FloatVector) word.and(m0).convert(VectorOperators.I2F, 0);
            FloatVector p0 = w.fma(
                    FloatVector.fromMemorySegment(F, ALL, xs, LITTLE),
                    FloatVector.fromMemorySegment(F, ALL, xs + 16 * WIDTH, LITTLE));
            FloatVector p1 = w.fma(
                    FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE),
                    FloatVector.fromMemorySegment(F, ALL, xs + 17 * WIDTH, LITTLE));
            w = (FloatVector) word.and(m1).convert(VectorOperators.I2F, 0);
            p0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), p0);
            p1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), p1);
            w = (FloatVector) word.and(m2).convert(VectorOperators.I2F, 0);
            p0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE), p0);
            p1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), p1);
            w = (FloatVector) word.and(m3).convert(VectorOperators.I2F, 0);
            p0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), p0);
            p1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), p1);
            s0 = p0.fma(s, s0);
            s1 = p1.fma(s, s1);
            word = word.lanewise(VectorOperators.LSHR, 16);
            w = (FloatVector) word.and(m0).convert(VectorOperators.I2F, 0);
            p0 = w.mul(FloatVector.fromMemorySegment(F, ALL, xs + 8 * WIDTH, LITTLE));
            p1 = w.mul(FloatVector.fromMemorySegment(F, ALL, xs + 9 * WIDTH, LITTLE));
            w = (FloatVector) word.and(m1).convert(VectorOperators.I2F, 0);
            p0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 10 * WIDTH, LITTLE), p0);
            p1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 11 * WIDTH, LITTLE), p1);
            w = (FloatVector) word.and(m2).convert(VectorOperators.I2F, 0);
            p0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 12 * WIDTH, LITTLE), p0);
            p1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 13 * WIDTH, LITTLE), p1);
            w = (FloatVector) word.and(m3).convert(VectorOperators.I2F, 0);
            p0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 14 * WIDTH, LITTLE), p0);
            p1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 15 * WIDTH, LITTLE), p1);
            t0 = p0.fma(s, t0);
            t1 = p1.fma(s, t1);
        }
        s0.add(t0).intoArray(scratch, to);
        s1.add(t1).intoArray(scratch, to + LANES);
    }
}
