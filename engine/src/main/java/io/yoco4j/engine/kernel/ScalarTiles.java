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
