package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.sum;

import jdk.incubator.vector.FloatVector;

/** The products of 4 rows with 4 rows on the Vector API: 16 vectors of sums in registers. */
final class VectorBlock {
    private static final int PARTIAL = Kernels.PARTIAL;

    private VectorBlock() {}

    static void block(int k, float[] w, float[] x, int x0, int x1, int x2, int x3, float[] sums, int sumsOffset) {
        int bound = F.loopBound(k);
        vectors(k, bound / LANES, w, x, x0, x1, x2, x3, sums, sumsOffset);
        for (int i = bound; i < k; i++) {
            for (int o = 0; o < Kernels.BLOCK; o++) {
                float factor = w[o * k + i];
                sums[sumsOffset + PARTIAL * o] += factor * x[x0 + i];
                sums[sumsOffset + PARTIAL * (Kernels.BLOCK + o)] += factor * x[x1 + i];
                sums[sumsOffset + PARTIAL * (2 * Kernels.BLOCK + o)] += factor * x[x2 + i];
                sums[sumsOffset + PARTIAL * (3 * Kernels.BLOCK + o)] += factor * x[x3 + i];
            }
        }
    }

    static void fold(float[] sums, int sumsOffset, float[] out) {
        for (int c = 0; c < Kernels.BLOCK * Kernels.BLOCK; c++) {
            float total = 0;
            for (int l = 0; l < PARTIAL; l += LANES) {
                total += sum(FloatVector.fromArray(F, sums, sumsOffset + c * PARTIAL + l));
            }
            out[c] = total;
        }
    }

    private static void vectors(
            int k, int vectors, float[] w, float[] x, int x0, int x1, int x2, int x3, float[] out, int at) {
        int k2 = 2 * k;
        int k3 = 3 * k;
        FloatVector c00 = FloatVector.fromArray(F, out, at);
        FloatVector c01 = FloatVector.fromArray(F, out, at + PARTIAL);
        FloatVector c02 = FloatVector.fromArray(F, out, at + 2 * PARTIAL);
        FloatVector c03 = FloatVector.fromArray(F, out, at + 3 * PARTIAL);
        FloatVector c10 = FloatVector.fromArray(F, out, at + 4 * PARTIAL);
        FloatVector c11 = FloatVector.fromArray(F, out, at + 5 * PARTIAL);
        FloatVector c12 = FloatVector.fromArray(F, out, at + 6 * PARTIAL);
        FloatVector c13 = FloatVector.fromArray(F, out, at + 7 * PARTIAL);
        FloatVector c20 = FloatVector.fromArray(F, out, at + 8 * PARTIAL);
        FloatVector c21 = FloatVector.fromArray(F, out, at + 9 * PARTIAL);
        FloatVector c22 = FloatVector.fromArray(F, out, at + 10 * PARTIAL);
        FloatVector c23 = FloatVector.fromArray(F, out, at + 11 * PARTIAL);
        FloatVector c30 = FloatVector.fromArray(F, out, at + 12 * PARTIAL);
        FloatVector c31 = FloatVector.fromArray(F, out, at + 13 * PARTIAL);
        FloatVector c32 = FloatVector.fromArray(F, out, at + 14 * PARTIAL);
        FloatVector c33 = FloatVector.fromArray(F, out, at + 15 * PARTIAL);
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
        c00.intoArray(out, at);
        c01.intoArray(out, at + PARTIAL);
        c02.intoArray(out, at + 2 * PARTIAL);
        c03.intoArray(out, at + 3 * PARTIAL);
        c10.intoArray(out, at + 4 * PARTIAL);
        c11.intoArray(out, at + 5 * PARTIAL);
        c12.intoArray(out, at + 6 * PARTIAL);
        c13.intoArray(out, at + 7 * PARTIAL);
        c20.intoArray(out, at + 8 * PARTIAL);
        c21.intoArray(out, at + 9 * PARTIAL);
        c22.intoArray(out, at + 10 * PARTIAL);
        c23.intoArray(out, at + 11 * PARTIAL);
        c30.intoArray(out, at + 12 * PARTIAL);
        c31.intoArray(out, at + 13 * PARTIAL);
        c32.intoArray(out, at + 14 * PARTIAL);
        c33.intoArray(out, at + 15 * PARTIAL);
    }
}
