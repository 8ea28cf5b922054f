package io.yoco4j.engine.kernel;

import java.util.Arrays;

/** Attention kernels as plain loops. */
interface ScalarAttention extends AttentionKernels {
    @Override
    default void scores(
            float[] q, int qOffset, int headDim, float[] panel, int panelOffset, float[] out, int outOffset) {
        Arrays.fill(out, outOffset, outOffset + Kernels.PANEL, 0);
        for (int j = 0; j < headDim; j++) {
            float factor = q[qOffset + j];
            for (int c = 0; c < Kernels.PANEL; c++) {
                out[outOffset + c] += factor * panel[panelOffset + j * Kernels.PANEL + c];
            }
        }
    }

    @Override
    default void weightedSum(
            float[] p, int pOffset, int rows, float[] panel, int panelOffset, float[] out, int outOffset) {
        for (int r = 0; r < rows; r++) {
            float factor = p[pOffset + r];
            for (int j = 0; j < Kernels.PANEL; j++) {
                out[outOffset + j] += factor * panel[panelOffset + r * Kernels.PANEL + j];
            }
        }
    }

    @Override
    default void laneMask(float[] s, int sOffset, int rows, int firstPosition, int[] queryPositions, int window) {
        for (int r = 0; r < rows; r++) {
            for (int lane = 0; lane < Kernels.PANEL; lane++) {
                int distance = queryPositions[lane] - (firstPosition + r);
                if (distance < 0 || distance >= window) {
                    s[sOffset + r * Kernels.PANEL + lane] = Float.NEGATIVE_INFINITY;
                }
            }
        }
    }

    @Override
    default void laneSoftmax(float[] s, int sOffset, int rows, float[] max, float[] sum, float[] correction) {
        for (int lane = 0; lane < Kernels.PANEL; lane++) {
            float newMax = max[lane];
            for (int r = 0; r < rows; r++) {
                newMax = Math.max(newMax, s[sOffset + r * Kernels.PANEL + lane]);
            }
            float added = 0;
            for (int r = 0; r < rows; r++) {
                int i = sOffset + r * Kernels.PANEL + lane;
                s[i] = (float) Math.exp(s[i] - newMax);
                added += s[i];
            }
            correction[lane] = (float) Math.exp(max[lane] - newMax);
            sum[lane] = sum[lane] * correction[lane] + added;
            max[lane] = newMax;
        }
    }
}
