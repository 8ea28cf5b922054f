package io.yoco4j.engine.kernel;

import java.util.Arrays;

/** Panel products as plain loops. */
interface ScalarTiles extends TileKernels {
    @Override
    default int depth() {
        return 256;
    }

    @Override
    default void tile(
            int k, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride, boolean add) {
        for (int r = 0; r < Kernels.ROWS; r++) {
            int to = cOffset + r * cStride;
            if (!add) {
                Arrays.fill(c, to, to + Kernels.PANEL, 0);
            }
            for (int i = 0; i < k; i++) {
                float factor = a[aOffset + i * Kernels.PANEL + r];
                int from = bOffset + i * Kernels.PANEL;
                for (int j = 0; j < Kernels.PANEL; j++) {
                    c[to + j] += factor * b[from + j];
                }
            }
        }
    }

    @Override
    default void block(int k, float[] w, float[] x, int x0, int x1, int x2, int x3, float[] sums, int sumsOffset) {
        int[] rows = {x0, x1, x2, x3};
        for (int r = 0; r < Kernels.BLOCK; r++) {
            for (int o = 0; o < Kernels.BLOCK; o++) {
                float sum = 0;
                for (int i = 0; i < k; i++) {
                    sum += w[o * k + i] * x[rows[r] + i];
                }
                sums[sumsOffset + (r * Kernels.BLOCK + o) * Kernels.PARTIAL] += sum;
            }
        }
    }

    @Override
    default void fold(float[] sums, int sumsOffset, float[] out) {
        for (int c = 0; c < Kernels.BLOCK * Kernels.BLOCK; c++) {
            float sum = 0;
            for (int l = 0; l < Kernels.PARTIAL; l++) {
                sum += sums[sumsOffset + c * Kernels.PARTIAL + l];
            }
            out[c] = sum;
        }
    }

    @Override
    default void transpose(
            float[] rows, int rowsOffset, int rowStride, int columns, int k, float[] panel, int panelOffset) {
        for (int i = 0; i < k; i++) {
            int to = panelOffset + i * Kernels.PANEL;
            for (int c = 0; c < columns; c++) {
                panel[to + c] = rows[rowsOffset + c * rowStride + i];
            }
            for (int c = columns; c < Kernels.PANEL; c++) {
                panel[to + c] = 0;
            }
        }
    }
}
