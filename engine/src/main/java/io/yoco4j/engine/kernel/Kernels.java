package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.DType;
import java.lang.foreign.MemorySegment;

/**
 * The arithmetic of the engine on one thread, over float32 arrays. Implementations agree within rounding; they hold no
 * state, so one instance serves all threads.
 *
 * <p>Many-row products share one layout, so that every stride is a constant that bounds checks can be hoisted over: a
 * <em>panel</em> is {@code [k][PANEL]}, 32 columns (outputs, keys, tokens) side by side for each k.
 */
public interface Kernels {
    /** Columns of a panel. */
    int PANEL = 32;

    /** Rows that {@link #tile} computes at once. */
    int ROWS = 8;

    /** For messages and statistics, e.g. {@code vector-512} or {@code scalar}. */
    String name();

    // ---- stored weights

    /** {@code out[i] = data[element + i]} for {@code n} elements, widened to float32. */
    void unpack(MemorySegment data, DType dtype, long element, int n, float[] out, int outOffset);

    /**
     * Products of consecutive rows with one vector: {@code y[o] (+)= sum_i data[element + o * k + i] * x[i]}.
     *
     * @param k length of a row
     * @param outputs how many rows
     * @param add whether to add to {@code y} rather than overwrite it
     */
    void dotRows(
            MemorySegment data,
            DType dtype,
            long element,
            int k,
            int outputs,
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            boolean add);

    // ---- products of panels

    /**
     * The register-blocked product of a strip of 8 columns of panel A, transposed, with panel B:
     * {@code c[r * cStride + j] (+)= sum_k a[aOffset + 32 k + r] * b[bOffset + 32 k + j]} for r in 0..7, j in 0..31.
     */
    void tile(int k, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride, boolean add);

    /**
     * A panel from 32 rows: {@code panel[32 k + c] = rows[c * rowStride + k]}.
     *
     * @param columns rows that are there; columns beyond become zero
     */
    void transpose(float[] rows, int rowsOffset, int rowStride, int columns, int k, float[] panel, int panelOffset);

    // ---- rows

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

    /** The largest of {@code n} values, at least 1 of them. */
    float max(float[] x, int xOffset, int n);

    /** {@code x = exp(x - max)}; the sum of the results. */
    float expSum(float[] x, int xOffset, int n, float max);

    // ---- attention of one query

    /** Products of a query with the 32 keys of a panel: {@code out[c] = sum_j q[j] * panel[32 j + c]}. */
    void scores(float[] q, int qOffset, int headDim, float[] panel, int panelOffset, float[] out, int outOffset);

    /** Adds weighted rows of a panel of values: {@code out[j] += sum_r p[r] * panel[32 r + j]} for j in 0..31. */
    void weightedSum(float[] p, int pOffset, int rows, float[] panel, int panelOffset, float[] out, int outOffset);

    // ---- attention of 32 queries side by side

    /**
     * Hides keys from queries in scores {@code s[row][32]}: those later than the query, and those {@code window} or
     * more positions before it.
     *
     * @param firstPosition of the key in row 0; the next rows' follow it
     * @param queryPositions of the 32 queries
     */
    void laneMask(float[] s, int sOffset, int rows, int firstPosition, int[] queryPositions, int window);

    /**
     * One step of the online softmax (Milakov and Gimelshein 2018) of 32 queries over {@code rows} further keys: scores
     * become weights relative to the new maximum, the sums follow.
     *
     * @param s scores in, weights out, {@code [rows][32]}
     * @param max of each query so far; finite, very negative at the start
     * @param sum of each query's weights so far
     * @param correction out: what earlier results must be multiplied by
     */
    void laneSoftmax(float[] s, int sOffset, int rows, float[] max, float[] sum, float[] correction);

    // ---- retention

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
