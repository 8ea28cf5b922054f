package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.LINE;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Register-blocked products of many rows on the Vector API (Goto and van de Geijn 2008). */
interface VectorProducts extends ProductKernels {
    /** Two vectors of rows of x, whatever their width. */
    int STRIP = 2 * LANES;

    /** Of a loop in two. */
    int PART = 64;

    @Override
    default int strip() {
        return STRIP;
    }

    @Override
    default int height() {
        return Lanes.FEW_REGISTERS ? 5 : 8;
    }

    @Override
    default void pack(float[] x, int xOffset, int rows, int k, float[] strip, int stripOffset) {
        if (rows < STRIP) {
            Arrays.fill(strip, stripOffset, stripOffset + k * STRIP, 0);
        }
        for (int i = 0; i < k; i += LINE) {
            int count = Math.min(LINE, k - i);
            for (int r = 0; r < rows; r++) {
                int from = xOffset + r * k + i;
                int to = stripOffset + i * STRIP + r;
                for (int j = 0; j < count; j++) {
                    strip[to + j * STRIP] = x[from + j];
                }
            }
        }
    }

    @Override
    default void product(int k, float[] w, int wOffset, float[] x, int xOffset, float[] c, int cOffset) {
        if (Lanes.FEW_REGISTERS) {
            rows5(k, w, wOffset, x, xOffset, c, cOffset);
        } else {
            rows8(k, w, wOffset, x, xOffset, c, cOffset);
        }
    }

    /**
     * 10 sums, 2 vectors of x and a value of w at a time: 13 of 16 registers. With 12 sums the compiler spills, with 8 each
     * multiply-add waits for the one before. In a loop in one part, as the serial and the parallel collector have the compiler
     * leave it, all values of w come first and a sum is spilled, which takes two and a half times as long.
     */
    private static void rows5(int k, float[] w, int wOffset, float[] x, int xOffset, float[] c, int cOffset) {
        FloatVector c00 = FloatVector.fromArray(F, c, cOffset);
        FloatVector c01 = FloatVector.fromArray(F, c, cOffset + LANES);
        FloatVector c10 = FloatVector.fromArray(F, c, cOffset + RESULT_STRIDE);
        FloatVector c11 = FloatVector.fromArray(F, c, cOffset + RESULT_STRIDE + LANES);
        FloatVector c20 = FloatVector.fromArray(F, c, cOffset + 2 * RESULT_STRIDE);
        FloatVector c21 = FloatVector.fromArray(F, c, cOffset + 2 * RESULT_STRIDE + LANES);
        FloatVector c30 = FloatVector.fromArray(F, c, cOffset + 3 * RESULT_STRIDE);
        FloatVector c31 = FloatVector.fromArray(F, c, cOffset + 3 * RESULT_STRIDE + LANES);
        FloatVector c40 = FloatVector.fromArray(F, c, cOffset + 4 * RESULT_STRIDE);
        FloatVector c41 = FloatVector.fromArray(F, c, cOffset + 4 * RESULT_STRIDE + LANES);
        for (int from = 0; from < k; from += PART) {
            int end = Math.min(k, from + PART);
            for (int i = from; i < end; i++) {
                int at = wOffset + i;
                FloatVector x0 = FloatVector.fromArray(F, x, xOffset + i * STRIP);
                FloatVector x1 = FloatVector.fromArray(F, x, xOffset + i * STRIP + LANES);
                FloatVector w0 = FloatVector.broadcast(F, w[at]);
                c00 = w0.fma(x0, c00);
                c01 = w0.fma(x1, c01);
                FloatVector w1 = FloatVector.broadcast(F, w[at + BLOCK_STRIDE]);
                c10 = w1.fma(x0, c10);
                c11 = w1.fma(x1, c11);
                FloatVector w2 = FloatVector.broadcast(F, w[at + 2 * BLOCK_STRIDE]);
                c20 = w2.fma(x0, c20);
                c21 = w2.fma(x1, c21);
                FloatVector w3 = FloatVector.broadcast(F, w[at + 3 * BLOCK_STRIDE]);
                c30 = w3.fma(x0, c30);
                c31 = w3.fma(x1, c31);
                FloatVector w4 = FloatVector.broadcast(F, w[at + 4 * BLOCK_STRIDE]);
                c40 = w4.fma(x0, c40);
                c41 = w4.fma(x1, c41);
            }
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + LANES);
        c10.intoArray(c, cOffset + RESULT_STRIDE);
        c11.intoArray(c, cOffset + RESULT_STRIDE + LANES);
        c20.intoArray(c, cOffset + 2 * RESULT_STRIDE);
        c21.intoArray(c, cOffset + 2 * RESULT_STRIDE + LANES);
        c30.intoArray(c, cOffset + 3 * RESULT_STRIDE);
        c31.intoArray(c, cOffset + 3 * RESULT_STRIDE + LANES);
        c40.intoArray(c, cOffset + 4 * RESULT_STRIDE);
        c41.intoArray(c, cOffset + 4 * RESULT_STRIDE + LANES);
    }

    /** 16 sums in registers. Straight-line: with a second way to end, the compiler would stop inlining and box vectors. */
    private static void rows8(int k, float[] w, int wOffset, float[] x, int xOffset, float[] c, int cOffset) {
        FloatVector c00 = FloatVector.fromArray(F, c, cOffset);
        FloatVector c01 = FloatVector.fromArray(F, c, cOffset + LANES);
        FloatVector c10 = FloatVector.fromArray(F, c, cOffset + RESULT_STRIDE);
        FloatVector c11 = FloatVector.fromArray(F, c, cOffset + RESULT_STRIDE + LANES);
        FloatVector c20 = FloatVector.fromArray(F, c, cOffset + 2 * RESULT_STRIDE);
        FloatVector c21 = FloatVector.fromArray(F, c, cOffset + 2 * RESULT_STRIDE + LANES);
        FloatVector c30 = FloatVector.fromArray(F, c, cOffset + 3 * RESULT_STRIDE);
        FloatVector c31 = FloatVector.fromArray(F, c, cOffset + 3 * RESULT_STRIDE + LANES);
        FloatVector c40 = FloatVector.fromArray(F, c, cOffset + 4 * RESULT_STRIDE);
        FloatVector c41 = FloatVector.fromArray(F, c, cOffset + 4 * RESULT_STRIDE + LANES);
        FloatVector c50 = FloatVector.fromArray(F, c, cOffset + 5 * RESULT_STRIDE);
        FloatVector c51 = FloatVector.fromArray(F, c, cOffset + 5 * RESULT_STRIDE + LANES);
        FloatVector c60 = FloatVector.fromArray(F, c, cOffset + 6 * RESULT_STRIDE);
        FloatVector c61 = FloatVector.fromArray(F, c, cOffset + 6 * RESULT_STRIDE + LANES);
        FloatVector c70 = FloatVector.fromArray(F, c, cOffset + 7 * RESULT_STRIDE);
        FloatVector c71 = FloatVector.fromArray(F, c, cOffset + 7 * RESULT_STRIDE + LANES);
        for (int i = 0; i < k; i++) {
            int at = wOffset + i;
            FloatVector x0 = FloatVector.fromArray(F, x, xOffset + i * STRIP);
            FloatVector x1 = FloatVector.fromArray(F, x, xOffset + i * STRIP + LANES);
            FloatVector w0 = FloatVector.broadcast(F, w[at]);
            c00 = w0.fma(x0, c00);
            c01 = w0.fma(x1, c01);
            FloatVector w1 = FloatVector.broadcast(F, w[at + BLOCK_STRIDE]);
            c10 = w1.fma(x0, c10);
            c11 = w1.fma(x1, c11);
            FloatVector w2 = FloatVector.broadcast(F, w[at + 2 * BLOCK_STRIDE]);
            c20 = w2.fma(x0, c20);
            c21 = w2.fma(x1, c21);
            FloatVector w3 = FloatVector.broadcast(F, w[at + 3 * BLOCK_STRIDE]);
            c30 = w3.fma(x0, c30);
            c31 = w3.fma(x1, c31);
            FloatVector w4 = FloatVector.broadcast(F, w[at + 4 * BLOCK_STRIDE]);
            c40 = w4.fma(x0, c40);
            c41 = w4.fma(x1, c41);
            FloatVector w5 = FloatVector.broadcast(F, w[at + 5 * BLOCK_STRIDE]);
            c50 = w5.fma(x0, c50);
            c51 = w5.fma(x1, c51);
            FloatVector w6 = FloatVector.broadcast(F, w[at + 6 * BLOCK_STRIDE]);
            c60 = w6.fma(x0, c60);
            c61 = w6.fma(x1, c61);
            FloatVector w7 = FloatVector.broadcast(F, w[at + 7 * BLOCK_STRIDE]);
            c70 = w7.fma(x0, c70);
            c71 = w7.fma(x1, c71);
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + LANES);
        c10.intoArray(c, cOffset + RESULT_STRIDE);
        c11.intoArray(c, cOffset + RESULT_STRIDE + LANES);
        c20.intoArray(c, cOffset + 2 * RESULT_STRIDE);
        c21.intoArray(c, cOffset + 2 * RESULT_STRIDE + LANES);
        c30.intoArray(c, cOffset + 3 * RESULT_STRIDE);
        c31.intoArray(c, cOffset + 3 * RESULT_STRIDE + LANES);
        c40.intoArray(c, cOffset + 4 * RESULT_STRIDE);
        c41.intoArray(c, cOffset + 4 * RESULT_STRIDE + LANES);
        c50.intoArray(c, cOffset + 5 * RESULT_STRIDE);
        c51.intoArray(c, cOffset + 5 * RESULT_STRIDE + LANES);
        c60.intoArray(c, cOffset + 6 * RESULT_STRIDE);
        c61.intoArray(c, cOffset + 6 * RESULT_STRIDE + LANES);
        c70.intoArray(c, cOffset + 7 * RESULT_STRIDE);
        c71.intoArray(c, cOffset + 7 * RESULT_STRIDE + LANES);
    }
}
