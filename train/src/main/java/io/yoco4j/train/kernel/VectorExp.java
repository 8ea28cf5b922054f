package io.yoco4j.train.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The exponential function, lane by lane. */
final class VectorExp {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

    private VectorExp() {}

    /**
     * exp(x) for x up to 88, 0 below -87.3; relative error below 4e-7. x = n ln 2 + r, a polynomial in r with the least
     * relative error, n into the exponent.
     */
    static FloatVector exp(FloatVector x) {
        VectorMask<Float> tiny = x.compare(VectorOperators.LT, -87.3f);
        // Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the significand.
        FloatVector rounded = x.fma(FloatVector.broadcast(F, 1.442695f), FloatVector.broadcast(F, 12582912f));
        FloatVector r = rounded.sub(12582912f).fma(FloatVector.broadcast(F, -0.6931472f), x);
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
