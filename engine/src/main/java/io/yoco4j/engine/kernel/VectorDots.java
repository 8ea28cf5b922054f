package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.I;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.LITTLE;
import static io.yoco4j.engine.kernel.RawMemory.ADDRESS;
import static io.yoco4j.engine.kernel.RawMemory.ALL;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Products of stored rows with a vector on the Vector API, each row read where it lies, as vectors of 32-bit words in which
 * x has been rearranged to meet them ({@link WordOrder}).
 *
 * <p>What the compiler makes of these loops decides their speed. Their stride is a variable, since the compiler cuts a loop of
 * a known one into a first step, unrolled ones and the last ones; as one piece, each of its loads goes from row to row at one
 * stride, which the processor's prefetcher follows: twice the bytes a second from memory. Bounds checks that stay inside cost
 * little, as what a step reads of each segment is one slice. Constants are vectors made before the loop, and the longer loops
 * call the Vector API directly: the compiler counts what it inlines, and beyond its limit vectors become objects, save for
 * methods of the API itself.
 *
 * <p>Loops with much to do for each line of the cache touch it again, a few words of it as scalars. On AMD Zen 4 a line's only
 * load may be one that the prefetcher hardly follows, by where the compiler happens to place it (its address modulo 32), and
 * then the loop waits for memory at each line: a few loads more at other places, and half as many bytes a second again arrive.
 * What was touched goes where the row's first scale was, used up by then, so that the compiler does not leave it out.
 */
final class VectorDots {
    /** Bytes of a vector. */
    static final int WIDTH = 4 * LANES;
    /** A scale to all words of its group: 8 words in Q8, 4 in Q4. */
    private static final VectorShuffle<Float> BY_8 = VectorShuffle.fromOp(F, lane -> lane / 8);

    private static final VectorShuffle<Float> BY_4 = VectorShuffle.fromOp(F, lane -> lane / 4);
    /** Masks of a half's nibbles, not constants: those the compiler loads again at each use. */
    private static final int[] NIBBLES = new int[4 * LANES];

    private static final int SUMS = Kernels.DOT_ROWS * Kernels.PARTIAL;
    /** Rows whose scales are read at once: many would push x out of the first-level cache. */
    static final int SCALED = 4;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    static {
        for (int i = 0; i < NIBBLES.length; i++) {
            NIBBLES[i] = 0xf << 4 * (i / LANES);
        }
    }

    private VectorDots() {}

    /** Partial sums of rows, a vector each from the start of {@code scratch}; scales go behind them. */
    static void sums(Weight w, int first, int rows, MemorySegment x, long at, float[] scratch) {
        int k = w.inputs();
        int groups = w.groups();
        int chunks = k / WordOrder.chunk(w.format());
        long bytes = w.rowBytes();
        long data = RawMemory.address(w.data(), first * bytes, rows * bytes);
        long xs = RawMemory.address(x, at, chunks * WordOrder.chunkBytes(w.format(), 1));
        for (int r = 0; r < rows; r++) {
            long row = data + r * bytes;
            int to = r * LANES;
            int scales = SUMS + r % SCALED * groups;
            if (r % SCALED == 0 && w.format().quantized()) {
                VectorWeights.scales(w, first + r, Math.min(SCALED, rows - r), scratch, SUMS);
            }
            switch (w.format()) {
                case F32 -> f32(row, chunks, xs, scratch, to);
                case F16 -> f16(row, chunks, xs, scratch, to);
                case BF16 -> bf16(row, chunks, xs, scratch, to);
                case Q8 -> {
                    int touched = q8(row, chunks, xs, scratch, scales, to);
                    if (chunks % 2 == 1) {
                        lastQ8(row, chunks - 1, xs, scratch, scales, to);
                    }
                    scratch[scales] = Float.intBitsToFloat(touched);
                }
                case Q4 -> scratch[scales] = Float.intBitsToFloat(q4(row, chunks, xs, scratch, scales, to));
            }
        }
    }

    private static void f32(long data, int n, long x, float[] out, int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        int step = Math.min(2, n);
        for (int c = 0; c <= n - 2; c += step) {
            long ws = (data + c * (long) WIDTH) & ADDRESS;
            long xs = (x + c * (long) WIDTH) & ADDRESS;
            a = f32(ALL, ws, ALL, xs, a);
            b = f32(ALL, ws + WIDTH, ALL, xs + WIDTH, b);
        }
        if (n % 2 == 1) {
            a = f32(ALL, data + (n - 1L) * WIDTH, ALL, x + (n - 1L) * WIDTH, a);
        }
        a.add(b).intoArray(out, to);
    }

    private static FloatVector f32(MemorySegment data, long from, MemorySegment x, long at, FloatVector sum) {
        return FloatVector.fromMemorySegment(F, data, from, LITTLE)
                .fma(FloatVector.fromMemorySegment(F, x, at, LITTLE), sum);
    }

    /** Exponent and significand in place are 2^-112 of a value, subnormals included; the sign comes last. */
    private static void f16(long data, int n, long x, float[] out, int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        IntVector magnitude = IntVector.broadcast(I, VectorFormats.F16_MAGNITUDE);
        IntVector sign = IntVector.broadcast(I, 0x8000_0000);
        FloatVector scale = FloatVector.broadcast(F, VectorFormats.F16_SCALE);
        int step = Math.min(1, n);
        for (int c = 0; c < n; c += step) {
            IntVector w = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            long xs = (x + c * (2L * WIDTH)) & ADDRESS;
            IntVector low = w.lanewise(VectorOperators.LSHL, 13)
                    .and(magnitude)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .reinterpretAsInts()
                    .or(w.lanewise(VectorOperators.LSHL, 16).and(sign));
            a = low.reinterpretAsFloats().fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), a);
            IntVector high = w.lanewise(VectorOperators.LSHR, 3)
                    .and(magnitude)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .reinterpretAsInts()
                    .or(w.and(sign));
            b = high.reinterpretAsFloats().fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), b);
        }
        a.add(b).intoArray(out, to);
    }

    private static void bf16(long data, int n, long x, float[] out, int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        IntVector high = IntVector.broadcast(I, 0xffff_0000);
        int step = Math.min(2, n);
        for (int c = 0; c <= n - 2; c += step) {
            long ws = (data + c * (long) WIDTH) & ADDRESS;
            long xs = (x + c * (2L * WIDTH)) & ADDRESS;
            IntVector w = IntVector.fromMemorySegment(I, ALL, ws, LITTLE);
            IntVector v = IntVector.fromMemorySegment(I, ALL, ws + WIDTH, LITTLE);
            a = low(w, ALL, xs, a);
            b = high(w, high, ALL, xs + WIDTH, b);
            a = low(v, ALL, xs + 2 * WIDTH, a);
            b = high(v, high, ALL, xs + 3 * WIDTH, b);
        }
        if (n % 2 == 1) {
            IntVector w = IntVector.fromMemorySegment(I, ALL, data + (n - 1L) * WIDTH, LITTLE);
            a = low(w, ALL, x + (n - 1) * (2L * WIDTH), a);
            b = high(w, high, ALL, x + (n - 1) * (2L * WIDTH) + WIDTH, b);
        }
        a.add(b).intoArray(out, to);
    }

    private static FloatVector low(IntVector w, MemorySegment x, long at, FloatVector sum) {
        return w.lanewise(VectorOperators.LSHL, 16)
                .reinterpretAsFloats()
                .fma(FloatVector.fromMemorySegment(F, x, at, LITTLE), sum);
    }

    private static FloatVector high(IntVector w, IntVector mask, MemorySegment x, long at, FloatVector sum) {
        return w.and(mask).reinterpretAsFloats().fma(FloatVector.fromMemorySegment(F, x, at, LITTLE), sum);
    }

    /** Bytes in the top of a word are 2^24 times too large: the sums make up for it. Returns what it touched. */
    private static int q8(long data, int n, long x, float[] scratch, int scales, int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        IntVector top = IntVector.broadcast(I, 0xff00_0000);
        int touched = 0;
        int step = Math.min(2, n);
        for (int c = 0; c <= n - 2; c += step) {
            long ws = (data + c * (long) WIDTH) & ADDRESS;
            long xs = (x + c * (4L * WIDTH)) & ADDRESS;
            IntVector w = IntVector.fromMemorySegment(I, ALL, ws, LITTLE);
            IntVector v = IntVector.fromMemorySegment(I, ALL, ws + WIDTH, LITTLE);
            touched ^= ALL.get(INT, ws + 8)
                    ^ ALL.get(INT, ws + 12)
                    ^ ALL.get(INT, ws + WIDTH + 8)
                    ^ ALL.get(INT, ws + WIDTH + 12);
            FloatVector p = ((FloatVector) w.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0))
                    .mul(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE));
            p = ((FloatVector) w.lanewise(VectorOperators.LSHL, 16).and(top).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), p);
            p = ((FloatVector) w.lanewise(VectorOperators.LSHL, 8).and(top).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), p);
            p = ((FloatVector) w.and(top).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), p);
            FloatVector r =
                    FloatVector.fromArray(F, scratch, scales + c * LANES / 8).rearrange(BY_8);
            a = p.fma(r, a);
            FloatVector q = ((FloatVector) v.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0))
                    .mul(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE));
            q = ((FloatVector) v.lanewise(VectorOperators.LSHL, 16).and(top).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), q);
            q = ((FloatVector) v.lanewise(VectorOperators.LSHL, 8).and(top).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), q);
            q = ((FloatVector) v.and(top).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), q);
            FloatVector s = FloatVector.fromArray(F, scratch, scales + (c + 1) * LANES / 8)
                    .rearrange(BY_8);
            b = q.fma(s, b);
        }
        a.add(b).mul(0x1p-24f).intoArray(scratch, to);
        return touched;
    }

    /** What the last of an odd number of chunks adds; in the method above its vectors would become objects. */
    private static void lastQ8(long data, int c, long x, float[] scratch, int scales, int to) {
        IntVector w = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
        FloatVector sum = FloatVector.zero(F);
        for (int v = 0; v < 4; v++) {
            FloatVector values = (FloatVector) w.lanewise(VectorOperators.LSHL, 24 - 8 * v)
                    .lanewise(VectorOperators.ASHR, 24)
                    .convert(VectorOperators.I2F, 0);
            long position = x + c * (4L * WIDTH) + (long) v * WIDTH;
            sum = values.fma(FloatVector.fromMemorySegment(F, ALL, position, LITTLE), sum);
        }
        sum.fma(scaleQ8(scratch, scales, c), FloatVector.fromArray(F, scratch, to))
                .intoArray(scratch, to);
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

    /**
     * Nibbles are taken from both halves of a word; see {@link WordOrder} for their sizes and the correction. Returns what it
     * touched.
     */
    private static int q4(long data, int n, long x, float[] scratch, int scales, int to) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        IntVector m0 = IntVector.fromArray(I, NIBBLES, 0);
        IntVector m1 = IntVector.fromArray(I, NIBBLES, LANES);
        IntVector m2 = IntVector.fromArray(I, NIBBLES, 2 * LANES);
        IntVector m3 = IntVector.fromArray(I, NIBBLES, 3 * LANES);
        int touched = 0;
        int step = Math.min(1, n);
        for (int c = 0; c < n; c += step) {
            long ws = (data + c * (long) WIDTH) & ADDRESS;
            IntVector w = IntVector.fromMemorySegment(I, ALL, ws, LITTLE);
            touched ^= ALL.get(INT, ws + 4) ^ ALL.get(INT, ws + 8) ^ ALL.get(INT, ws + 12);
            IntVector v = w.lanewise(VectorOperators.LSHR, 16);
            long xs = (x + c * (9L * WIDTH)) & ADDRESS;
            FloatVector s = scaleQ4(scratch, scales, c);
            FloatVector p = ((FloatVector) w.and(m0).convert(VectorOperators.I2F, 0))
                    .fma(
                            FloatVector.fromMemorySegment(F, ALL, xs, LITTLE),
                            FloatVector.fromMemorySegment(F, ALL, xs + 8 * WIDTH, LITTLE));
            FloatVector q = ((FloatVector) v.and(m0).convert(VectorOperators.I2F, 0))
                    .mul(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE));
            p = ((FloatVector) w.and(m1).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), p);
            q = ((FloatVector) v.and(m1).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), q);
            p = ((FloatVector) w.and(m2).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), p);
            q = ((FloatVector) v.and(m2).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), q);
            p = ((FloatVector) w.and(m3).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), p);
            q = ((FloatVector) v.and(m3).convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), q);
            a = p.fma(s, a);
            b = q.fma(s, b);
        }
        a.add(b).intoArray(scratch, to);
        return touched;
    }
}
