package io.yoco4j.engine.kernel;

import java.util.Arrays;

/** Panel products as plain loops. */
interface ScalarTiles extends TileKernels {
    @Override
    default void tile(
            int k, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride, boolean add) {
        for (int r = 0; r < Kernels.ROWS; r++) {
            int to = cOffset + r * cStride;
            if (!add) {
                Arrays.fill(c, to, to + Kernels.PANEL, 0);
            }
            int i = 0;
            // Four at a time, in the order of one by one: compilers make vectors of it, and c is read and written a
            // quarter as often.
            for (; i <= k - 4; i += 4) {
                int at = aOffset + i * Kernels.PANEL + r;
                float a0 = a[at];
                float a1 = a[at + Kernels.PANEL];
                float a2 = a[at + 2 * Kernels.PANEL];
                float a3 = a[at + 3 * Kernels.PANEL];
                int b0 = bOffset + i * Kernels.PANEL;
                int b1 = b0 + Kernels.PANEL;
                int b2 = b1 + Kernels.PANEL;
                int b3 = b2 + Kernels.PANEL;
                for (int j = 0; j < Kernels.PANEL; j++) {
                    c[to + j] = (((c[to + j] + a0 * b[b0 + j]) + a1 * b[b1 + j]) + a2 * b[b2 + j]) + a3 * b[b3 + j];
                }
            }
            for (; i < k; i++) {
                float factor = a[aOffset + i * Kernels.PANEL + r];
                int from = bOffset + i * Kernels.PANEL;
                for (int j = 0; j < Kernels.PANEL; j++) {
                    c[to + j] += factor * b[from + j];
                }
            }
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
