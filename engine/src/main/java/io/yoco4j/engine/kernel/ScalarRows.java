package io.yoco4j.engine.kernel;

import java.lang.foreign.MemorySegment;

/** Row kernels as plain loops. */
interface ScalarRows extends RowKernels {
    short BF16_NAN = 0x7fc0;

    @Override
    default void rmsNorm(float[] x, int xOffset, int n, float eps, float[] weight, float[] y, int yOffset) {
        float squares = 0;
        for (int i = 0; i < n; i++) {
            squares += x[xOffset + i] * x[xOffset + i];
        }
        float inverse = (float) (1 / Math.sqrt(squares / n + eps));
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = x[xOffset + i] * inverse * weight[i];
        }
    }

    @Override
    default void rotate(float[] x, int xOffset, int half, float[] cos, float[] sin, int angleOffset) {
        for (int j = 0; j < half; j++) {
            float a = x[xOffset + j];
            float b = x[xOffset + half + j];
            float c = cos[angleOffset + j];
            float s = sin[angleOffset + j];
            x[xOffset + j] = a * c - b * s;
            x[xOffset + half + j] = b * c + a * s;
        }
    }

    @Override
    default void siluMultiply(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i++) {
            float x = gate[gateOffset + i];
            gate[gateOffset + i] = (float) (x / (1 + Math.exp(-x))) * up[upOffset + i];
        }
    }

    @Override
    default void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] += y[yOffset + i];
        }
    }

    @Override
    default void scale(float[] x, int xOffset, int n, float factor) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] *= factor;
        }
    }

    @Override
    default void bf16(float[] x, int xOffset, int n, MemorySegment out, long outOffset) {
        for (int i = 0; i < n; i++) {
            out.set(ScalarWeights.SHORT, outOffset + 2L * i, bf16(x[xOffset + i]));
        }
    }

    /** A carry into the upper half rounds up: from above the middle, and from the middle where that half is odd. */
    static short bf16(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.isNaN(x) ? BF16_NAN : (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    @Override
    default float max(float[] x, int xOffset, int n) {
        float max = x[xOffset];
        for (int i = 1; i < n; i++) {
            max = Math.max(max, x[xOffset + i]);
        }
        return max;
    }

    @Override
    default float expSum(float[] x, int xOffset, int n, float max) {
        float sum = 0;
        for (int i = 0; i < n; i++) {
            float e = (float) Math.exp(x[xOffset + i] - max);
            x[xOffset + i] = e;
            sum += e;
        }
        return sum;
    }
}
