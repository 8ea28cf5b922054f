package io.yoco4j.engine.kernel;

import java.util.Arrays;

/** Gated retention as plain loops. */
interface ScalarRetention extends RetentionKernels {
    @Override
    default void retention(
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
            int outOffset) {
        Arrays.fill(out, outOffset, outOffset + headDim, 0);
        for (int i = 0; i < headDim; i++) {
            float key = k[offset + i] * scale;
            float query = q[offset + i];
            int row = stateOffset + i * headDim;
            for (int j = 0; j < headDim; j++) {
                float updated = decay * state[row + j] + key * v[offset + j];
                state[row + j] = updated;
                out[outOffset + j] += query * updated;
            }
        }
    }
}
