package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.LINE;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Register-blocked products on the Vector API. */
interface VectorTiles extends TileKernels {
    @Override
    default void tile(
            int k, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride, boolean add) {
        if (!add) {
            clear(c, cOffset, cStride);
        }
        for (int j = 0; j < Kernels.PANEL; j += 2 * LANES) {
            if (Lanes.FEW_REGISTERS) {
                tile4(k, a, aOffset, b, bOffset + j, c, cOffset + j, cStride);
                tile4(k, a, aOffset + 4, b, bOffset + j, c, cOffset + 4 * cStride + j, cStride);
            } else {
                tile8(k, a, aOffset, b, bOffset + j, c, cOffset + j, cStride);
            }
        }
    }

    private static void clear(float[] c, int cOffset, int cStride) {
        FloatVector zero = FloatVector.zero(F);
        for (int r = 0; r < Kernels.ROWS; r++) {
            for (int j = 0; j < Kernels.PANEL; j += LANES) {
                zero.intoArray(c, cOffset + r * cStride + j);
            }
        }
    }

    /**
     * 8 rows by 2 vectors of sums in registers. Straight-line and always adding: with a second way to end, the compiler
     * would stop inlining halfway and box every vector.
     */
    private static void tile8(
            int k, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride) {
        int to1 = cOffset + cStride;
        int to2 = cOffset + 2 * cStride;
        int to3 = cOffset + 3 * cStride;
        int to4 = cOffset + 4 * cStride;
        int to5 = cOffset + 5 * cStride;
        int to6 = cOffset + 6 * cStride;
        int to7 = cOffset + 7 * cStride;
        FloatVector c00 = FloatVector.fromArray(F, c, cOffset);
        FloatVector c01 = FloatVector.fromArray(F, c, cOffset + LANES);
        FloatVector c10 = FloatVector.fromArray(F, c, to1);
        FloatVector c11 = FloatVector.fromArray(F, c, to1 + LANES);
        FloatVector c20 = FloatVector.fromArray(F, c, to2);
        FloatVector c21 = FloatVector.fromArray(F, c, to2 + LANES);
        FloatVector c30 = FloatVector.fromArray(F, c, to3);
        FloatVector c31 = FloatVector.fromArray(F, c, to3 + LANES);
        FloatVector c40 = FloatVector.fromArray(F, c, to4);
        FloatVector c41 = FloatVector.fromArray(F, c, to4 + LANES);
        FloatVector c50 = FloatVector.fromArray(F, c, to5);
        FloatVector c51 = FloatVector.fromArray(F, c, to5 + LANES);
        FloatVector c60 = FloatVector.fromArray(F, c, to6);
        FloatVector c61 = FloatVector.fromArray(F, c, to6 + LANES);
        FloatVector c70 = FloatVector.fromArray(F, c, to7);
        FloatVector c71 = FloatVector.fromArray(F, c, to7 + LANES);
        for (int i = 0; i < k; i++) {
            int at = aOffset + i * Kernels.PANEL;
            FloatVector b0 = FloatVector.fromArray(F, b, bOffset + i * Kernels.PANEL);
            FloatVector b1 = FloatVector.fromArray(F, b, bOffset + i * Kernels.PANEL + LANES);
            FloatVector a0 = FloatVector.broadcast(F, a[at]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(F, a[at + 1]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(F, a[at + 2]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(F, a[at + 3]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(F, a[at + 4]);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(F, a[at + 5]);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            FloatVector a6 = FloatVector.broadcast(F, a[at + 6]);
            c60 = a6.fma(b0, c60);
            c61 = a6.fma(b1, c61);
            FloatVector a7 = FloatVector.broadcast(F, a[at + 7]);
            c70 = a7.fma(b0, c70);
            c71 = a7.fma(b1, c71);
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + LANES);
        c10.intoArray(c, to1);
        c11.intoArray(c, to1 + LANES);
        c20.intoArray(c, to2);
        c21.intoArray(c, to2 + LANES);
        c30.intoArray(c, to3);
        c31.intoArray(c, to3 + LANES);
        c40.intoArray(c, to4);
        c41.intoArray(c, to4 + LANES);
        c50.intoArray(c, to5);
        c51.intoArray(c, to5 + LANES);
        c60.intoArray(c, to6);
        c61.intoArray(c, to6 + LANES);
        c70.intoArray(c, to7);
        c71.intoArray(c, to7 + LANES);
    }

    /** As tile8, for half the registers. */
    private static void tile4(
            int k, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride) {
        int to1 = cOffset + cStride;
        int to2 = cOffset + 2 * cStride;
        int to3 = cOffset + 3 * cStride;
        FloatVector c00 = FloatVector.fromArray(F, c, cOffset);
        FloatVector c01 = FloatVector.fromArray(F, c, cOffset + LANES);
        FloatVector c10 = FloatVector.fromArray(F, c, to1);
        FloatVector c11 = FloatVector.fromArray(F, c, to1 + LANES);
        FloatVector c20 = FloatVector.fromArray(F, c, to2);
        FloatVector c21 = FloatVector.fromArray(F, c, to2 + LANES);
        FloatVector c30 = FloatVector.fromArray(F, c, to3);
        FloatVector c31 = FloatVector.fromArray(F, c, to3 + LANES);
        for (int i = 0; i < k; i++) {
            int at = aOffset + i * Kernels.PANEL;
            FloatVector b0 = FloatVector.fromArray(F, b, bOffset + i * Kernels.PANEL);
            FloatVector b1 = FloatVector.fromArray(F, b, bOffset + i * Kernels.PANEL + LANES);
            FloatVector a0 = FloatVector.broadcast(F, a[at]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(F, a[at + 1]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(F, a[at + 2]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(F, a[at + 3]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + LANES);
        c10.intoArray(c, to1);
        c11.intoArray(c, to1 + LANES);
        c20.intoArray(c, to2);
        c21.intoArray(c, to2 + LANES);
        c30.intoArray(c, to3);
        c31.intoArray(c, to3 + LANES);
    }

    @Override
    default void transpose(
            float[] rows, int rowsOffset, int rowStride, int columns, int k, float[] panel, int panelOffset) {
        if (columns < Kernels.PANEL) {
            Arrays.fill(panel, panelOffset, panelOffset + k * Kernels.PANEL, 0);
        }
        for (int i = 0; i < k; i += LINE) {
            int count = Math.min(LINE, k - i);
            for (int c = 0; c < columns; c++) {
                int from = rowsOffset + c * rowStride + i;
                int to = panelOffset + i * Kernels.PANEL + c;
                for (int j = 0; j < count; j++) {
                    panel[to + j * Kernels.PANEL] = rows[from + j];
                }
            }
        }
    }
}
