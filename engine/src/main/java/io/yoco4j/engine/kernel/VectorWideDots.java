package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.I;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.LITTLE;
import static io.yoco4j.engine.kernel.RawMemory.ADDRESS;
import static io.yoco4j.engine.kernel.RawMemory.ALL;
import static io.yoco4j.engine.kernel.VectorDots.WIDTH;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of stored rows with 8 rows of x at once on the Vector API, or 4: each value is widened once, in a register, and
 * meets all of them there. A block of columns of x stays in a cache while stored rows go by.
 *
 * <p>Straight loops, for the reasons that {@link VectorDots} gives, but of a known stride: these compute more than they
 * read, and a whole loop was no faster.
 */
final class VectorWideDots {
    /**
     * Columns of a block with 16 lanes and with fewer, measured (docs/experiments/LOG.md). Two multiply-adds of 16 lanes a
     * cycle take x from the first-level cache alone, where 512 columns of 8 rows are 16 KB; Q4 goes through each word twice.
     * Fewer lanes can wait for the second level.
     */
    private static final int BLOCK_OF_16 = 512;

    private static final int BLOCK_OF_16_Q4 = 1024;
    private static final int BLOCK = 2048;

    private static final int SUMS = Kernels.DOT_ROWS * Kernels.WIDE * LANES;

    /**
     * Bytes of rows that are brought into the second-level cache at once, in their order, before they are read by blocks of
     * columns: that many short stretches no prefetcher foresees.
     */
    private static final long TOUCHED = 256 << 10;

    private static final long LINE = 64;

    private VectorWideDots() {}

    /**
     * Partial sums of rows, {@code [rows][width]} vectors from the start of {@code scratch}; scales go behind them.
     *
     * @param x as {@link WordOrder} arranges {@code width} rows, from {@code at} on
     * @param width {@link Kernels#WIDE} or {@link Kernels#NARROW}
     */
    static void sums(Weight w, int first, int rows, MemorySegment x, long at, float[] scratch, int width) {
        Arrays.fill(scratch, 0, rows * width * LANES, 0);
        if (w.format().quantized()) {
            VectorWeights.scales(w, first, rows, scratch, SUMS);
        }
        int touched = 0;
        int some = Math.max(1, (int) Math.min(rows, TOUCHED / Math.max(1, w.rowBytes())));
        for (int r = 0; r < rows; r += some) {
            touched ^= sums(w, first, r, Math.min(some, rows - r), x, at, scratch, width);
        }
        scratch[SUMS] = Float.intBitsToFloat(touched);
    }

    /** Rows {@code from ..} of those from {@code first} on. Returns what it touched. */
    private static int sums(
            Weight w, int first, int from, int rows, MemorySegment x, long at, float[] scratch, int width) {
        int chunk = WordOrder.chunk(w.format());
        int chunks = w.inputs() / chunk;
        long chunkBytes = WordOrder.chunkBytes(w.format(), width);
        long bytes = w.rowBytes();
        long data = RawMemory.address(w.data(), (first + from) * bytes, rows * bytes);
        long arranged = RawMemory.address(x, at, chunks * chunkBytes);
        int block = Math.max(1, columns(w.format()) / chunk);
        int touched = touch(data, rows * bytes);
        for (int c = 0; c < chunks; c += block) {
            int n = Math.min(block, chunks - c);
            for (int r = 0; r < rows; r++) {
                int scale = SUMS + (from + r) * w.groups() + c * chunk / VectorWeights.GROUP;
                long row = data + r * bytes + c * (long) WIDTH;
                int to = (from + r) * width * LANES;
                if (width == Kernels.WIDE) {
                    wide(w.format(), row, n, arranged + c * chunkBytes, scratch, scale, to);
                } else {
                    narrow(w.format(), row, n, arranged + c * chunkBytes, scratch, scale, to);
                }
            }
        }
        return touched;
    }

    /** Reads one word of each line, in a loop of the kind that {@link VectorDots} explains. */
    private static int touch(long from, long bytes) {
        int touched = 0;
        int lines = (int) (bytes / LINE);
        int step = Math.min(1, lines);
        for (int i = 0; i < lines; i += step) {
            touched ^= ALL.get(ValueLayout.JAVA_INT_UNALIGNED, (from + i * LINE) & ADDRESS);
        }
        return touched;
    }

    private static int columns(WeightFormat format) {
        if (LANES < 16) {
            return BLOCK;
        }
        return format == WeightFormat.Q4 ? BLOCK_OF_16_Q4 : BLOCK_OF_16;
    }

    private static void wide(WeightFormat format, long data, int n, long x, float[] scratch, int scale, int to) {
        switch (format) {
            case F32 -> f32(data, n, x, scratch, to);
            case F16 -> f16(data, n, x, scratch, to);
            case BF16 -> bf16(data, n, x, scratch, to);
            case Q8 -> q8(data, n, x, scratch, scale, scratch, to);
            case Q4 -> {
                q4(data, n, x, 0, scratch, scale, scratch, to);
                q4(data, n, x + 32 * WIDTH, 16, scratch, scale, scratch, to);
            }
        }
    }

    private static void narrow(WeightFormat format, long data, int n, long x, float[] scratch, int scale, int to) {
        switch (format) {
            case F32 -> VectorNarrowDots.f32(data, n, x, scratch, to);
            case F16 -> VectorNarrowDots.f16(data, n, x, scratch, to);
            case BF16 -> VectorNarrowDots.bf16(data, n, x, scratch, to);
            case Q8 -> VectorNarrowDots.q8(data, n, x, scratch, scale, scratch, to);
            case Q4 -> {
                VectorNarrowDots.q4(data, n, x, 0, scratch, scale, scratch, to);
                VectorNarrowDots.q4(data, n, x + 16 * WIDTH, 16, scratch, scale, scratch, to);
            }
        }
    }

    private static void f32(long data, int n, long x, float[] sums, int to) {
        FloatVector s0 = FloatVector.fromArray(F, sums, to);
        FloatVector s1 = FloatVector.fromArray(F, sums, to + LANES);
        FloatVector s2 = FloatVector.fromArray(F, sums, to + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, sums, to + 3 * LANES);
        FloatVector s4 = FloatVector.fromArray(F, sums, to + 4 * LANES);
        FloatVector s5 = FloatVector.fromArray(F, sums, to + 5 * LANES);
        FloatVector s6 = FloatVector.fromArray(F, sums, to + 6 * LANES);
        FloatVector s7 = FloatVector.fromArray(F, sums, to + 7 * LANES);
        for (int c = 0; c < n; c++) {
            long xs = (x + c * (8L * WIDTH)) & ADDRESS;
            FloatVector w = FloatVector.fromMemorySegment(F, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), s7);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
        s4.intoArray(sums, to + 4 * LANES);
        s5.intoArray(sums, to + 5 * LANES);
        s6.intoArray(sums, to + 6 * LANES);
        s7.intoArray(sums, to + 7 * LANES);
    }

    private static void f16(long data, int n, long x, float[] sums, int to) {
        FloatVector s0 = FloatVector.fromArray(F, sums, to);
        FloatVector s1 = FloatVector.fromArray(F, sums, to + LANES);
        FloatVector s2 = FloatVector.fromArray(F, sums, to + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, sums, to + 3 * LANES);
        FloatVector s4 = FloatVector.fromArray(F, sums, to + 4 * LANES);
        FloatVector s5 = FloatVector.fromArray(F, sums, to + 5 * LANES);
        FloatVector s6 = FloatVector.fromArray(F, sums, to + 6 * LANES);
        FloatVector s7 = FloatVector.fromArray(F, sums, to + 7 * LANES);
        IntVector magnitude = IntVector.broadcast(I, VectorFormats.F16_MAGNITUDE);
        IntVector sign = IntVector.broadcast(I, 0x8000_0000);
        FloatVector scale = FloatVector.broadcast(F, VectorFormats.F16_SCALE);
        for (int c = 0; c < n; c++) {
            long xs = (x + c * (16L * WIDTH)) & ADDRESS;
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
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), s7);
            w = pair.lanewise(VectorOperators.LSHR, 3)
                    .and(magnitude)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .reinterpretAsInts()
                    .or(pair.and(sign))
                    .reinterpretAsFloats();
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 8 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 9 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 10 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 11 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 12 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 13 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 14 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 15 * WIDTH, LITTLE), s7);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
        s4.intoArray(sums, to + 4 * LANES);
        s5.intoArray(sums, to + 5 * LANES);
        s6.intoArray(sums, to + 6 * LANES);
        s7.intoArray(sums, to + 7 * LANES);
    }

    private static void bf16(long data, int n, long x, float[] sums, int to) {
        FloatVector s0 = FloatVector.fromArray(F, sums, to);
        FloatVector s1 = FloatVector.fromArray(F, sums, to + LANES);
        FloatVector s2 = FloatVector.fromArray(F, sums, to + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, sums, to + 3 * LANES);
        FloatVector s4 = FloatVector.fromArray(F, sums, to + 4 * LANES);
        FloatVector s5 = FloatVector.fromArray(F, sums, to + 5 * LANES);
        FloatVector s6 = FloatVector.fromArray(F, sums, to + 6 * LANES);
        FloatVector s7 = FloatVector.fromArray(F, sums, to + 7 * LANES);
        IntVector top = IntVector.broadcast(I, 0xffff_0000);
        for (int c = 0; c < n; c++) {
            long xs = (x + c * (16L * WIDTH)) & ADDRESS;
            IntVector pair = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            FloatVector w = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), s7);
            w = pair.and(top).reinterpretAsFloats();
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 8 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 9 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 10 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 11 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 12 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 13 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 14 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 15 * WIDTH, LITTLE), s7);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
        s4.intoArray(sums, to + 4 * LANES);
        s5.intoArray(sums, to + 5 * LANES);
        s6.intoArray(sums, to + 6 * LANES);
        s7.intoArray(sums, to + 7 * LANES);
    }

    /** Bytes in the top of a word are 2^24 times too large: their scales make up for it. */
    private static void q8(long data, int n, long x, float[] scales, int scale, float[] sums, int to) {
        FloatVector s0 = FloatVector.fromArray(F, sums, to);
        FloatVector s1 = FloatVector.fromArray(F, sums, to + LANES);
        FloatVector s2 = FloatVector.fromArray(F, sums, to + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, sums, to + 3 * LANES);
        FloatVector s4 = FloatVector.fromArray(F, sums, to + 4 * LANES);
        FloatVector s5 = FloatVector.fromArray(F, sums, to + 5 * LANES);
        FloatVector s6 = FloatVector.fromArray(F, sums, to + 6 * LANES);
        FloatVector s7 = FloatVector.fromArray(F, sums, to + 7 * LANES);
        IntVector top = IntVector.broadcast(I, 0xff00_0000);
        for (int c = 0; c < n; c++) {
            long xs = (x + c * (32L * WIDTH)) & ADDRESS;
            IntVector word = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            FloatVector s = VectorDots.scaleQ8(scales, scale, c).mul(0x1p-24f);
            FloatVector w =
                    ((FloatVector) word.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), s7);
            w = ((FloatVector) word.lanewise(VectorOperators.LSHL, 16).and(top).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 8 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 9 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 10 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 11 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 12 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 13 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 14 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 15 * WIDTH, LITTLE), s7);
            w = ((FloatVector) word.lanewise(VectorOperators.LSHL, 8).and(top).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 16 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 17 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 18 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 19 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 20 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 21 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 22 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 23 * WIDTH, LITTLE), s7);
            w = ((FloatVector) word.and(top).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 24 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 25 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 26 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 27 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 28 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 29 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 30 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 31 * WIDTH, LITTLE), s7);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
        s4.intoArray(sums, to + 4 * LANES);
        s5.intoArray(sums, to + 5 * LANES);
        s6.intoArray(sums, to + 6 * LANES);
        s7.intoArray(sums, to + 7 * LANES);
    }

    /** The nibbles of the low or the high half of words, less 8; see {@link WordOrder} for their sizes. */
    private static void q4(long data, int n, long x, int shift, float[] scales, int scale, float[] sums, int to) {
        FloatVector s0 = FloatVector.fromArray(F, sums, to);
        FloatVector s1 = FloatVector.fromArray(F, sums, to + LANES);
        FloatVector s2 = FloatVector.fromArray(F, sums, to + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, sums, to + 3 * LANES);
        FloatVector s4 = FloatVector.fromArray(F, sums, to + 4 * LANES);
        FloatVector s5 = FloatVector.fromArray(F, sums, to + 5 * LANES);
        FloatVector s6 = FloatVector.fromArray(F, sums, to + 6 * LANES);
        FloatVector s7 = FloatVector.fromArray(F, sums, to + 7 * LANES);
        IntVector m0 = IntVector.broadcast(I, 0xf);
        IntVector m1 = IntVector.broadcast(I, 0xf0);
        IntVector m2 = IntVector.broadcast(I, 0xf00);
        IntVector m3 = IntVector.broadcast(I, 0xf000);
        IntVector e0 = IntVector.broadcast(I, 8);
        IntVector e1 = IntVector.broadcast(I, 8 << 4);
        IntVector e2 = IntVector.broadcast(I, 8 << 8);
        IntVector e3 = IntVector.broadcast(I, 8 << 12);
        for (int c = 0; c < n; c++) {
            long xs = (x + c * (64L * WIDTH)) & ADDRESS;
            IntVector word = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE)
                    .lanewise(VectorOperators.LSHR, shift);
            FloatVector s = VectorDots.scaleQ4(scales, scale, c);
            FloatVector w = ((FloatVector) word.and(m0).sub(e0).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), s7);
            w = ((FloatVector) word.and(m1).sub(e1).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 8 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 9 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 10 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 11 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 12 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 13 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 14 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 15 * WIDTH, LITTLE), s7);
            w = ((FloatVector) word.and(m2).sub(e2).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 16 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 17 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 18 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 19 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 20 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 21 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 22 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 23 * WIDTH, LITTLE), s7);
            w = ((FloatVector) word.and(m3).sub(e3).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 24 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 25 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 26 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 27 * WIDTH, LITTLE), s3);
            s4 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 28 * WIDTH, LITTLE), s4);
            s5 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 29 * WIDTH, LITTLE), s5);
            s6 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 30 * WIDTH, LITTLE), s6);
            s7 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 31 * WIDTH, LITTLE), s7);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
        s4.intoArray(sums, to + 4 * LANES);
        s5.intoArray(sums, to + 5 * LANES);
        s6.intoArray(sums, to + 6 * LANES);
        s7.intoArray(sums, to + 7 * LANES);
    }
}
