package io.yoco4j.engine.exec;

import io.yoco4j.engine.kernel.Kernels;
import java.util.Arrays;

/**
 * One head of gated retention in its chunkwise form, on one thread: matrix products over up to 32 tokens at a time
 * instead of a pass over the state for each (Sun et al. 2023, "Retentive Network"; with decays that depend on the data,
 * Sun et al. 2024, "You Only Cache Once", section 3.1). With L_i the logarithms of the decays of a chunk summed up to
 * token i, C its last token and S the state before it,
 *
 * <pre>
 *   o_i = exp(L_i) q_i S + sum over j up to i of exp(L_i - L_j) scale (q_i k_j) v_j
 *   S'  = exp(L_C) S     + sum over j         of exp(L_C - L_j) scale k_j^T v_j
 * </pre>
 *
 * No exponent is positive: nothing overflows, however strong the decay.
 */
final class RetentionChunks {
    /** Tokens of a chunk. */
    static final int CHUNK = Kernels.PANEL;

    private static final int PANEL = Kernels.PANEL;
    private static final int ROWS = Kernels.ROWS;
    private static final float HIDDEN = -1e30f;

    private final Kernels kernels;
    private final int headDim;
    private final int panels;
    /** headDim rounded up to whole panels. */
    private final int width;

    private final float scale;
    private final double[] logs = new double[CHUNK]; // L
    private final float[] since = new float[CHUNK]; // exp(L_i)
    private final float[] until = new float[CHUNK]; // exp(L_C - L_j)
    private final float[] between = new float[CHUNK * CHUNK]; // exp(L_i - L_j), [j][i]
    private final float[] weights = new float[CHUNK * CHUNK]; // what v_j counts in o_i, [j][i]
    private final float[] queries; // [hd][32 tokens]
    private final float[] keys; // [hd][32 tokens]
    private final float[] keyRows; // scaled for the state, [hd / 32][tokens][32]
    private final float[] values; // [hd / 32][tokens][32]
    private final float[] results; // [tokens][width]
    private final float[] state; // [hd / 32][width][32]

    RetentionChunks(Kernels kernels, int headDim) {
        this.kernels = kernels;
        this.headDim = headDim;
        panels = (headDim + PANEL - 1) / PANEL;
        width = panels * PANEL;
        scale = (float) (1 / Math.sqrt(headDim));
        queries = new float[headDim * CHUNK];
        keys = new float[headDim * CHUNK];
        keyRows = new float[width * CHUNK];
        values = new float[width * CHUNK];
        results = new float[width * CHUNK];
        state = new float[width * width];
    }

    /** Takes a state [hd][hd], which chunks then go on from. */
    void load(float[] from, int offset) {
        for (int p = 0; p < panels; p++) {
            int columns = Math.min(PANEL, headDim - p * PANEL);
            for (int d = 0; d < headDim; d++) {
                System.arraycopy(from, offset + d * headDim + p * PANEL, state, (p * width + d) * PANEL, columns);
            }
        }
    }

    /** Gives the state back. */
    void store(float[] to, int offset) {
        for (int p = 0; p < panels; p++) {
            int columns = Math.min(PANEL, headDim - p * PANEL);
            for (int d = 0; d < headDim; d++) {
                System.arraycopy(state, (p * width + d) * PANEL, to, offset + d * headDim + p * PANEL, columns);
            }
        }
    }

    /** Sets the logarithm of the decay of a token of the chunk; tokens come in order. */
    void decay(int token, double log) {
        logs[token] = token == 0 ? log : logs[token - 1] + log;
    }

    /**
     * Takes in a chunk.
     *
     * @param count tokens, whose decays are set
     * @param q queries, keys and values of the i-th token lie at {@code offset + i * stride}; its result goes there in out
     */
    void run(int count, float[] q, float[] k, float[] v, int offset, int stride, float[] out) {
        kernels.transpose(q, offset, stride, count, headDim, queries, 0);
        kernels.transpose(k, offset, stride, count, headDim, keys, 0);
        decays(count);
        for (int j = 0; j < count; j += ROWS) {
            kernels.tile(headDim, keys, j, queries, 0, weights, j * PANEL, PANEL, false);
        }
        for (int i = 0; i < count * CHUNK; i++) {
            weights[i] *= between[i] * scale;
        }
        for (int d = 0; d < headDim; d++) {
            for (int i = 0; i < CHUNK; i++) {
                queries[d * CHUNK + i] *= since[i];
            }
        }
        rows(count, k, v, offset, stride);
        for (int p = 0; p < panels; p++) {
            for (int i = 0; i < count; i += ROWS) {
                int to = i * width + p * PANEL;
                kernels.tile(headDim, queries, i, state, p * width * PANEL, results, to, width, false);
                kernels.tile(count, weights, i, values, p * CHUNK * PANEL, results, to, width, true);
            }
        }
        for (int i = 0; i < count; i++) {
            System.arraycopy(results, i * width, out, offset + i * stride, headDim);
        }
        kernels.scale(state, 0, state.length, since[count - 1]);
        for (int p = 0; p < panels; p++) {
            for (int d = 0; d < headDim; d += ROWS) {
                int a = d / PANEL * CHUNK * PANEL + d % PANEL;
                int to = (p * width + d) * PANEL;
                kernels.tile(count, keyRows, a, values, p * CHUNK * PANEL, state, to, PANEL, true);
            }
        }
    }

    /** Exponentials of the sums of logarithms and of their differences; those of later tokens are 0. */
    private void decays(int count) {
        Arrays.fill(logs, count, CHUNK, logs[count - 1]);
        for (int i = 0; i < CHUNK; i++) {
            since[i] = (float) logs[i];
            until[i] = (float) (logs[count - 1] - logs[i]);
        }
        for (int j = 0; j < count; j++) {
            Arrays.fill(between, j * CHUNK, j * CHUNK + j, HIDDEN);
            for (int i = j; i < CHUNK; i++) {
                between[j * CHUNK + i] = (float) (logs[i] - logs[j]);
            }
        }
        kernels.expSum(since, 0, CHUNK, 0);
        kernels.expSum(until, 0, CHUNK, 0);
        kernels.expSum(between, 0, count * CHUNK, 0);
    }

    private void rows(int count, float[] k, float[] v, int offset, int stride) {
        for (int p = 0; p < panels; p++) {
            int columns = Math.min(PANEL, headDim - p * PANEL);
            for (int j = 0; j < count; j++) {
                int from = offset + j * stride + p * PANEL;
                int to = (p * CHUNK + j) * PANEL;
                System.arraycopy(v, from, values, to, columns);
                System.arraycopy(k, from, keyRows, to, columns);
                kernels.scale(keyRows, to, columns, until[j] * scale);
            }
        }
    }
}
