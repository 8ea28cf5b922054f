package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.I;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.LITTLE;
import static io.yoco4j.engine.kernel.RawMemory.ADDRESS;
import static io.yoco4j.engine.kernel.RawMemory.ALL;
import static io.yoco4j.engine.kernel.VectorDots.WIDTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The loops of {@link VectorWideDots} for 4 rows of x, which in the room of 8 would cost as much as 8. They are written out
 * again, since a sum that passes through a method of ours becomes an object ({@link VectorDots}).
 */
final class VectorNarrowDots {
    private VectorNarrowDots() {}

    static void f32(long data, int n, long x, float[] sums, int to) {
        FloatVector s0 = FloatVector.fromArray(F, sums, to);
        FloatVector s1 = FloatVector.fromArray(F, sums, to + LANES);
        FloatVector s2 = FloatVector.fromArray(F, sums, to + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, sums, to + 3 * LANES);
        for (int c = 0; c < n; c++) {
            long xs = (x + c * (4L * WIDTH)) & ADDRESS;
            FloatVector w = FloatVector.fromMemorySegment(F, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), s3);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
    }

    static void f16(long data, int n, long x, float[] sums, int to) {
        FloatVector s0 = FloatVector.fromArray(F, sums, to);
        FloatVector s1 = FloatVector.fromArray(F, sums, to + LANES);
        FloatVector s2 = FloatVector.fromArray(F, sums, to + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, sums, to + 3 * LANES);
        IntVector magnitude = IntVector.broadcast(I, VectorFormats.F16_MAGNITUDE);
        IntVector sign = IntVector.broadcast(I, 0x8000_0000);
        FloatVector scale = FloatVector.broadcast(F, VectorFormats.F16_SCALE);
        for (int c = 0; c < n; c++) {
            long xs = (x + c * (8L * WIDTH)) & ADDRESS;
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
            w = pair.lanewise(VectorOperators.LSHR, 3)
                    .and(magnitude)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .reinterpretAsInts()
                    .or(pair.and(sign))
                    .reinterpretAsFloats();
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), s3);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
    }

    static void bf16(long data, int n, long x, float[] sums, int to) {
        FloatVector s0 = FloatVector.fromArray(F, sums, to);
        FloatVector s1 = FloatVector.fromArray(F, sums, to + LANES);
        FloatVector s2 = FloatVector.fromArray(F, sums, to + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, sums, to + 3 * LANES);
        IntVector top = IntVector.broadcast(I, 0xffff_0000);
        for (int c = 0; c < n; c++) {
            long xs = (x + c * (8L * WIDTH)) & ADDRESS;
            IntVector pair = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            FloatVector w = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), s3);
            w = pair.and(top).reinterpretAsFloats();
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), s3);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
    }

    /** Bytes in the top of a word are 2^24 times too large: their scales make up for it. */
    static void q8(long data, int n, long x, float[] scales, int scale, float[] sums, int to) {
        FloatVector s0 = FloatVector.fromArray(F, sums, to);
        FloatVector s1 = FloatVector.fromArray(F, sums, to + LANES);
        FloatVector s2 = FloatVector.fromArray(F, sums, to + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, sums, to + 3 * LANES);
        IntVector top = IntVector.broadcast(I, 0xff00_0000);
        for (int c = 0; c < n; c++) {
            long xs = (x + c * (16L * WIDTH)) & ADDRESS;
            IntVector word = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE);
            FloatVector s = VectorDots.scaleQ8(scales, scale, c).mul(0x1p-24f);
            FloatVector w =
                    ((FloatVector) word.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), s3);
            w = ((FloatVector) word.lanewise(VectorOperators.LSHL, 16).and(top).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), s3);
            w = ((FloatVector) word.lanewise(VectorOperators.LSHL, 8).and(top).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 8 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 9 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 10 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 11 * WIDTH, LITTLE), s3);
            w = ((FloatVector) word.and(top).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 12 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 13 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 14 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 15 * WIDTH, LITTLE), s3);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
    }

    /** The nibbles of the low or the high half of words, less 8; see {@link WordOrder} for their sizes. */
    static void q4(long data, int n, long x, int shift, float[] scales, int scale, float[] sums, int to) {
        FloatVector s0 = FloatVector.fromArray(F, sums, to);
        FloatVector s1 = FloatVector.fromArray(F, sums, to + LANES);
        FloatVector s2 = FloatVector.fromArray(F, sums, to + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, sums, to + 3 * LANES);
        IntVector m0 = IntVector.broadcast(I, 0xf);
        IntVector m1 = IntVector.broadcast(I, 0xf0);
        IntVector m2 = IntVector.broadcast(I, 0xf00);
        IntVector m3 = IntVector.broadcast(I, 0xf000);
        IntVector e0 = IntVector.broadcast(I, 8);
        IntVector e1 = IntVector.broadcast(I, 8 << 4);
        IntVector e2 = IntVector.broadcast(I, 8 << 8);
        IntVector e3 = IntVector.broadcast(I, 8 << 12);
        for (int c = 0; c < n; c++) {
            long xs = (x + c * (32L * WIDTH)) & ADDRESS;
            IntVector word = IntVector.fromMemorySegment(I, ALL, (data + c * (long) WIDTH) & ADDRESS, LITTLE)
                    .lanewise(VectorOperators.LSHR, shift);
            FloatVector s = VectorDots.scaleQ4(scales, scale, c);
            FloatVector w = ((FloatVector) word.and(m0).sub(e0).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 2 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 3 * WIDTH, LITTLE), s3);
            w = ((FloatVector) word.and(m1).sub(e1).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 4 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 5 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 6 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 7 * WIDTH, LITTLE), s3);
            w = ((FloatVector) word.and(m2).sub(e2).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 8 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 9 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 10 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 11 * WIDTH, LITTLE), s3);
            w = ((FloatVector) word.and(m3).sub(e3).convert(VectorOperators.I2F, 0)).mul(s);
            s0 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 12 * WIDTH, LITTLE), s0);
            s1 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 13 * WIDTH, LITTLE), s1);
            s2 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 14 * WIDTH, LITTLE), s2);
            s3 = w.fma(FloatVector.fromMemorySegment(F, ALL, xs + 15 * WIDTH, LITTLE), s3);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
    }
}
