package io.yoco4j.engine.kernel;

import java.lang.foreign.MemorySegment;

/** What is done to a row of activations. */
interface RowKernels {
    /** RMSNorm (Zhang and Sennrich 2019): {@code y = x / sqrt(mean(x^2) + eps) * weight} over {@code n} values. */
    void rmsNorm(float[] x, int xOffset, int n, float eps, float[] weight, float[] y, int yOffset);

    /**
     * RoPE, rotate-half: pairs (j, j + half) turn by the angle whose cosine and sine are at {@code angleOffset + j}.
     */
    void rotate(float[] x, int xOffset, int half, float[] cos, float[] sin, int angleOffset);

    /** {@code gate = silu(gate) * up}, silu(x) = x / (1 + exp(-x)) (Shazeer 2020, SwiGLU). */
    void siluMultiply(float[] gate, int gateOffset, float[] up, int upOffset, int n);

    /** {@code x += y}. */
    void add(float[] x, int xOffset, float[] y, int yOffset, int n);

    /** {@code x *= factor}. */
    void scale(float[] x, int xOffset, int n, float factor);

    /** {@code n} values as bfloat16, little-endian: the nearest, to even where two are as near; NaN stays NaN. */
    void bf16(float[] x, int xOffset, int n, MemorySegment out, long outOffset);

    /** The largest of {@code n} values, at least 1 of them. */
    float max(float[] x, int xOffset, int n);

    /** {@code x = exp(x - max)}; the sum of the results. */
    float expSum(float[] x, int xOffset, int n, float max);
}
