package io.yoco4j.engine.kernel;

/**
 * Products of many rows of x with stored rows. x lies in <em>strips</em>, {@code [k][strip()]}: rows of x side by side for each
 * k, packed once. Stored rows are unpacked as they lie, {@code [rows][BLOCK_STRIDE]}, and each value meets a whole strip: nothing
 * of the weights has to be rearranged, only the results, which are fewer where inputs are more than rows of a block.
 */
interface ProductKernels {
    /** Most k of a product: a strip and the stored rows that it meets then stay in the first-level cache. */
    int DEPTH = 256;

    /** From one unpacked row to the next: no power of two, which would have them all in the same few sets of the cache. */
    int BLOCK_STRIDE = DEPTH + 8;

    /** Most rows of x of a block of results. */
    int BLOCK_ROWS = 512;

    /** From one output's results to the next, again no power of two. */
    int RESULT_STRIDE = BLOCK_ROWS + 16;

    /** Rows of x in a strip; divides {@link Kernels#PANEL}. */
    int strip();

    /** Stored rows that {@link #product} takes at once; divides {@link Kernels#HEIGHTS}. */
    int height();

    /**
     * A strip from rows of x: {@code strip[stripOffset + strip() i + r] = x[xOffset + r * k + i]}.
     *
     * @param rows that are there; rows beyond become zero
     */
    void pack(float[] x, int xOffset, int rows, int k, float[] strip, int stripOffset);

    /**
     * The register-blocked product of {@link #height} stored rows with a strip:
     * {@code c[cOffset + o * RESULT_STRIDE + r] += sum_k w[wOffset + o * BLOCK_STRIDE + k] * x[xOffset + strip() k + r]} for o below
     * {@link #height} and r below {@link #strip}.
     *
     * @param k up to {@link #DEPTH}
     */
    void product(int k, float[] w, int wOffset, float[] x, int xOffset, float[] c, int cOffset);
}
