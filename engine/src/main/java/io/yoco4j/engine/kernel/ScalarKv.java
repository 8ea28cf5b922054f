package io.yoco4j.engine.kernel;

import java.util.Arrays;

/** Kernels over narrow caches as plain loops. */
interface ScalarKv extends KvKernels {
    private static float bf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Column c of the row of a bfloat16 panel that starts at {@code at}. */
    private static float column(short[] panel, int at, int c) {
        return bf16(panel[at + (c < 16 ? 2 * c : 2 * (c - 16) + 1)]);
    }

    @Override
    default void widen(short[] panel, int panelOffset, int rows, float[] out, int outOffset) {
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < Kernels.PANEL; c++) {
                out[outOffset + r * Kernels.PANEL + c] = column(panel, panelOffset + r * Kernels.PANEL, c);
            }
        }
    }

    @Override
    default void widenKeys(
            byte[] panel, int panelOffset, int headDim, short[] scales, int scaleOffset, float[] out, int outOffset) {
        for (int j = 0; j < headDim; j++) {
            for (int c = 0; c < Kernels.PANEL; c++) {
                float scale = bf16(scales[scaleOffset + j / Kernels.PANEL * Kernels.PANEL + c]);
                out[outOffset + j * Kernels.PANEL + c] = panel[panelOffset + j * Kernels.PANEL + c] * scale;
            }
        }
    }

    @Override
    default void widenValues(
            byte[] panel, int panelOffset, int rows, short[] scales, int scaleOffset, float[] out, int outOffset) {
        for (int r = 0; r < rows; r++) {
            float scale = bf16(scales[scaleOffset + r]);
            for (int c = 0; c < Kernels.PANEL; c++) {
                out[outOffset + r * Kernels.PANEL + c] = panel[panelOffset + r * Kernels.PANEL + c] * scale;
            }
        }
    }

    @Override
    default void scores(
            float[] q, int qOffset, int headDim, short[] panel, int panelOffset, float[] out, int outOffset) {
        Arrays.fill(out, outOffset, outOffset + Kernels.PANEL, 0);
        weightedSum(q, qOffset, headDim, panel, panelOffset, out, outOffset);
    }

    @Override
    default void weightedSum(
            float[] p, int pOffset, int rows, short[] panel, int panelOffset, float[] out, int outOffset) {
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < Kernels.PANEL; c++) {
                out[outOffset + c] += p[pOffset + r] * column(panel, panelOffset + r * Kernels.PANEL, c);
            }
        }
    }

    @Override
    default void scores(
            float[] q,
            int qOffset,
            int headDim,
            byte[] panel,
            int panelOffset,
            short[] scales,
            int scaleOffset,
            float[] out,
            int outOffset,
            float[] scratch) {
        for (int c = 0; c < Kernels.PANEL; c++) {
            float sum = 0;
            for (int j = 0; j < headDim; j++) {
                float scale = bf16(scales[scaleOffset + j / Kernels.PANEL * Kernels.PANEL + c]);
                sum += q[qOffset + j] * panel[panelOffset + j * Kernels.PANEL + c] * scale;
            }
            out[outOffset + c] = sum;
        }
    }

    @Override
    default void weightedSum(
            float[] p,
            int pOffset,
            int rows,
            byte[] panel,
            int panelOffset,
            short[] scales,
            int scaleOffset,
            float[] out,
            int outOffset,
            float[] scratch) {
        for (int r = 0; r < rows; r++) {
            float factor = p[pOffset + r] * bf16(scales[scaleOffset + r]);
            for (int c = 0; c < Kernels.PANEL; c++) {
                out[outOffset + c] += factor * panel[panelOffset + r * Kernels.PANEL + c];
            }
        }
    }
}
