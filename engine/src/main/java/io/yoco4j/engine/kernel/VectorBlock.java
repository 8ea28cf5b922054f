package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.sum;

import jdk.incubator.vector.FloatVector;

/** The products of 4 rows with 4 rows on the Vector API: 16 vectors of sums in registers, folded at the end. */
final class VectorBlock {
    private VectorBlock() {}

    static void block(int k, float[] w, float[] x, int x0, int x1, int x2, int x3, float[] out) {
        int bound = F.loopBound(k);
        sums(k, bound / LANES, w, x, x0, x1, x2, x3, out);
        for (int c = 0; c < Kernels.BLOCK * Kernels.BLOCK; c++) {
            out[c] = sum(FloatVector.fromArray(F, out, c * LANES));
        }
        for (int i = bound; i < k; i++) {
            for (int o = 0; o < Kernels.BLOCK; o++) {
                float factor = w[o * k + i];
                out[o] += factor * x[x0 + i];
                out[Kernels.BLOCK + o] += factor * x[x1 + i];
                out[2 * Kernels.BLOCK + o] += factor * x[x2 + i];
                out[3 * Kernels.BLOCK + o] += factor * x[x3 + i];
            }
        }
    }

    /** Sums of row r and output o, by lane, to {@code out[(4 r + o) LANES]}. */
    private static void sums(int k, int vectors, float[] w, float[] x, int x0, int x1, int x2, int x3, float[] out) {
        int k2 = 2 * k;
        int k3 = 3 * k;
        FloatVector c00 = FloatVector.zero(F);
        FloatVector c01 = FloatVector.zero(F);
        FloatVector c02 = FloatVector.zero(F);
        FloatVector c03 = FloatVector.zero(F);
        FloatVector c10 = FloatVector.zero(F);
        FloatVector c11 = FloatVector.zero(F);
        FloatVector c12 = FloatVector.zero(F);
        FloatVector c13 = FloatVector.zero(F);
        FloatVector c20 = FloatVector.zero(F);
        FloatVector c21 = FloatVector.zero(F);
        FloatVector c22 = FloatVector.zero(F);
        FloatVector c23 = FloatVector.zero(F);
        FloatVector c30 = FloatVector.zero(F);
        FloatVector c31 = FloatVector.zero(F);
        FloatVector c32 = FloatVector.zero(F);
        FloatVector c33 = FloatVector.zero(F);
        for (int v = 0; v < vectors; v++) {
            int i = v * LANES;
            FloatVector w0 = FloatVector.fromArray(F, w, i);
            FloatVector w1 = FloatVector.fromArray(F, w, k + i);
            FloatVector w2 = FloatVector.fromArray(F, w, k2 + i);
            FloatVector w3 = FloatVector.fromArray(F, w, k3 + i);
            FloatVector r0 = FloatVector.fromArray(F, x, x0 + i);
            c00 = r0.fma(w0, c00);
            c01 = r0.fma(w1, c01);
            c02 = r0.fma(w2, c02);
            c03 = r0.fma(w3, c03);
            FloatVector r1 = FloatVector.fromArray(F, x, x1 + i);
            c10 = r1.fma(w0, c10);
            c11 = r1.fma(w1, c11);
            c12 = r1.fma(w2, c12);
            c13 = r1.fma(w3, c13);
            FloatVector r2 = FloatVector.fromArray(F, x, x2 + i);
            c20 = r2.fma(w0, c20);
            c21 = r2.fma(w1, c21);
            c22 = r2.fma(w2, c22);
            c23 = r2.fma(w3, c23);
            FloatVector r3 = FloatVector.fromArray(F, x, x3 + i);
            c30 = r3.fma(w0, c30);
            c31 = r3.fma(w1, c31);
            c32 = r3.fma(w2, c32);
            c33 = r3.fma(w3, c33);
        }
        c00.intoArray(out, 0);
        c01.intoArray(out, LANES);
        c02.intoArray(out, 2 * LANES);
        c03.intoArray(out, 3 * LANES);
        c10.intoArray(out, 4 * LANES);
        c11.intoArray(out, 5 * LANES);
        c12.intoArray(out, 6 * LANES);
        c13.intoArray(out, 7 * LANES);
        c20.intoArray(out, 8 * LANES);
        c21.intoArray(out, 9 * LANES);
        c22.intoArray(out, 10 * LANES);
        c23.intoArray(out, 11 * LANES);
        c30.intoArray(out, 12 * LANES);
        c31.intoArray(out, 13 * LANES);
        c32.intoArray(out, 14 * LANES);
        c33.intoArray(out, 15 * LANES);
    }
}
