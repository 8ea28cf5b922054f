package io.yoco4j.engine.kernel;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The vectors of this machine, up to 512 bits wide, and what several kernels do with them. */
final class Lanes {
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, F.vectorShape());
    static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));
    static final int LANES = F.length();
    /** 256-bit machines have 16 registers. */
    static final boolean FEW_REGISTERS = F.vectorBitSize() == 256;
    /** Words of a row that are transposed at a time, a line of the cache: what they become then stays in the first level. */
    static final int LINE = 16;

    static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    static final VectorShuffle<Float> FOLD_8 = VectorShuffle.iota(F, 8, 1, true);
    static final VectorShuffle<Float> FOLD_4 = VectorShuffle.iota(F, 4, 1, true);
    static final VectorShuffle<Float> FOLD_2 = VectorShuffle.iota(F, 2, 1, true);

    private static final float LOG2_E = 1.442695f;
    private static final float LN2 = 0.6931472f;
    /** Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the significand. */
    private static final float ROUND = 12582912f;

    private Lanes() {}

    /**
     * The sum over lanes, always in the same order: that of reduceLanes may change when code is compiled, and results with
     * it.
     */
    static float sum(FloatVector v) {
        FloatVector folded = v;
        if (LANES > 8) {
            folded = folded.add(folded.rearrange(FOLD_8));
        }
        if (LANES > 4) {
            folded = folded.add(folded.rearrange(FOLD_4));
        }
        folded = folded.add(folded.rearrange(FOLD_2));
        return folded.lane(0) + folded.lane(1);
    }

    /**
     * The sum of the lanes stored at an index, in the same order. Where the compiler does not put it in line, a number comes
     * back, and no vector has to become an object to get there.
     */
    static float sum(float[] lanes, int at) {
        return sum(FloatVector.fromArray(F, lanes, at));
    }

    /**
     * exp(x) for x <= 0, exactly 1 at 0, relative error below 4e-7; 0 below -87.3. x = n ln 2 + r; the polynomial of degree
     * 5 has the least relative error on |r| <= ln 2 / 2 (found by reweighted least squares), and n goes straight into the
     * exponent. No clamping: Java's max and min take many instructions.
     */
    static FloatVector exp(FloatVector x) {
        VectorMask<Float> tiny = x.compare(VectorOperators.LT, -87.3f);
        FloatVector rounded = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
        FloatVector r = rounded.sub(ROUND).fma(FloatVector.broadcast(F, -LN2), x);
        FloatVector p = r.fma(FloatVector.broadcast(F, 8.290142e-3f), FloatVector.broadcast(F, 4.1898854e-2f));
        p = p.fma(r, FloatVector.broadcast(F, 0.16667645f));
        p = p.fma(r, FloatVector.broadcast(F, 0.49999142f));
        p = p.fma(r, FloatVector.broadcast(F, 0.9999997f));
        p = p.fma(r, FloatVector.broadcast(F, 1f));
        return p.reinterpretAsInts()
                .add(rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23))
                .reinterpretAsFloats()
                .blend(0f, tiny);
    }
}
