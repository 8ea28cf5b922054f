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

    /**
     * A panel from 32 rows: {@code panel[32 k + c] = rows[c * rowStride + k]}.
     *
     * @param columns rows that are there; columns beyond become zero
     */
    void transpose(float[] rows, int rowsOffset, int rowStride, int columns, int k, float[] panel, int panelOffset);
}
