package io.yoco4j.engine.kernel;

/** Gated retention. */
interface RetentionKernels {
    /**
     * One token of one head of gated retention (Sun et al. 2024, "You Only Cache Once", section 3.1):
     * {@code S = decay * S + scale * k^T v; out = q S}, S being {@code [headDim][headDim]}.
     */
    void retention(
            float[] state,
            int stateOffset,
            int headDim,
            float decay,
            float scale,
            float[] q,
            float[] k,
            float[] v,
            int offset,
            float[] out,
            int outOffset);
}
