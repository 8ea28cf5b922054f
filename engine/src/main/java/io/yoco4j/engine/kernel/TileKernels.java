package io.yoco4j.engine.kernel;

/**
 * Products of panels. One layout serves all, so that every stride is a constant that bounds checks can be hoisted over: a
 * <em>panel</em> is {@code [k][32]}, 32 columns (outputs, keys, tokens) side by side for each k.
 */
interface TileKernels {
    /**
     * The register-blocked product of a strip of 8 columns of panel A, transposed, with panel B:
     * {@code c[r * cStride + j] (+)= sum_k a[aOffset + 32 k + r] * b[bOffset + 32 k + j]} for r in 0..7, j in 0..31.
     */
    void tile(int k, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride, boolean add);

    /** The k at which the panels of {@link #tile} stay in the first-level cache, a multiple of 32. */
    int depth();

    /**
     * The products of 4 rows of w with 4 rows of x, all contiguous along k, added to partial sums: those of
     * {@code sums[sumsOffset + 16 (4 r + o) ..]}, 16 of them, grow by {@code sum_i w[o * k + i] * x[x_r + i]} in all, for r, o
     * in 0..3.
     */
    void block(int k, float[] w, float[] x, int x0, int x1, int x2, int x3, float[] sums, int sumsOffset);

    /** Totals of the partial sums of a block: {@code out[c] = sum_l sums[sumsOffset + 16 c + l]} for c in 0..15. */
    void fold(float[] sums, int sumsOffset, float[] out);

    /**
     * A panel from 32 rows: {@code panel[32 k + c] = rows[c * rowStride + k]}.
     *
     * @param columns rows that are there; columns beyond become zero
     */
    void transpose(float[] rows, int rowsOffset, int rowStride, int columns, int k, float[] panel, int panelOffset);
}
