package io.yoco4j.engine.kernel;

import java.util.Arrays;

/** Products of many rows as plain loops. */
interface ScalarProducts extends ProductKernels {
    /** A constant, so that compilers make vectors of the loops over it. */
    int STRIP = 32;

    int HEIGHT = 8;

    @Override
    default int strip() {
        return STRIP;
    }

    @Override
    default int height() {
        return HEIGHT;
    }

    @Override
    default void pack(float[] x, int xOffset, int rows, int k, float[] strip, int stripOffset) {
        for (int i = 0; i < k; i++) {
            int to = stripOffset + i * STRIP;
            for (int r = 0; r < rows; r++) {
                strip[to + r] = x[xOffset + r * k + i];
            }
            Arrays.fill(strip, to + rows, to + STRIP, 0);
        }
    }

    @Override
    default void product(int k, float[] w, int wOffset, float[] x, int xOffset, float[] c, int cOffset) {
        for (int o = 0; o < HEIGHT; o++) {
            int from = wOffset + o * BLOCK_STRIDE;
            int to = cOffset + o * RESULT_STRIDE;
            int i = 0;
            // Four at a time, in the order of one by one: c is read and written a quarter as often.
            for (; i <= k - 4; i += 4) {
                float w0 = w[from + i];
                float w1 = w[from + i + 1];
                float w2 = w[from + i + 2];
                float w3 = w[from + i + 3];
                int x0 = xOffset + i * STRIP;
                int x1 = x0 + STRIP;
                int x2 = x1 + STRIP;
                int x3 = x2 + STRIP;
                for (int r = 0; r < STRIP; r++) {
                    c[to + r] = (((c[to + r] + w0 * x[x0 + r]) + w1 * x[x1 + r]) + w2 * x[x2 + r]) + w3 * x[x3 + r];
                }
            }
            for (; i < k; i++) {
                float factor = w[from + i];
                int at = xOffset + i * STRIP;
                for (int r = 0; r < STRIP; r++) {
                    c[to + r] += factor * x[at + r];
                }
            }
        }
    }
}
