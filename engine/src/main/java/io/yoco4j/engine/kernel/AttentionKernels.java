package io.yoco4j.engine.kernel;

/** Softmax attention over panels of 32 keys, for one query or for 32 side by side. */
interface AttentionKernels {
    /** Products of a query with the 32 keys of a panel: {@code out[c] = sum_j q[j] * panel[32 j + c]}. */
    void scores(float[] q, int qOffset, int headDim, float[] panel, int panelOffset, float[] out, int outOffset);

    /** Adds weighted rows of a panel of values: {@code out[j] += sum_r p[r] * panel[32 r + j]} for j in 0..31. */
    void weightedSum(float[] p, int pOffset, int rows, float[] panel, int panelOffset, float[] out, int outOffset);

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
}
