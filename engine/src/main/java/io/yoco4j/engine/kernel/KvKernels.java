package io.yoco4j.engine.kernel;

/**
 * What is done with cached keys and values in narrow formats, panels of 32 columns as {@link AttentionKernels} has them.
 * bfloat16 panels interleave the columns of a row: position 2 c holds column c, position 2 c + 1 column c + 16. Scales are
 * bfloat16.
 */
interface KvKernels {
    /** {@code out[32 r + c] = panel[r][c]} as float32, of {@code rows} rows in bfloat16. */
    void widen(short[] panel, int panelOffset, int rows, float[] out, int outOffset);

    /** {@code out[32 j + c] = panel[j][c] * scales[32 (j / 32) + c]}: a panel of 32 keys [headDim][32] from bytes. */
    void widenKeys(
            byte[] panel, int panelOffset, int headDim, short[] scales, int scaleOffset, float[] out, int outOffset);

    /** {@code out[32 r + c] = panel[r][c] * scales[r]}: 32 columns of {@code rows} values from bytes. */
    void widenValues(
            byte[] panel, int panelOffset, int rows, short[] scales, int scaleOffset, float[] out, int outOffset);

    /** As {@link AttentionKernels#scores}, over a panel in bfloat16. */
    void scores(float[] q, int qOffset, int headDim, short[] panel, int panelOffset, float[] out, int outOffset);

    /** As {@link AttentionKernels#weightedSum}, over a panel in bfloat16. */
    void weightedSum(float[] p, int pOffset, int rows, short[] panel, int panelOffset, float[] out, int outOffset);

    /**
     * As {@link AttentionKernels#scores}, over a panel of bytes.
     *
     * @param scales of the 32 keys, for each 32 of headDim
     * @param scratch at least 32 floats
     */
    void scores(
            float[] q,
            int qOffset,
            int headDim,
            byte[] panel,
            int panelOffset,
            short[] scales,
            int scaleOffset,
            float[] out,
            int outOffset,
            float[] scratch);

    /**
     * As {@link AttentionKernels#weightedSum}, over a panel of bytes.
     *
     * @param scales of the rows
     * @param scratch at least {@code rows} floats
     */
    void weightedSum(
            float[] p,
            int pOffset,
            int rows,
            byte[] panel,
            int panelOffset,
            short[] scales,
            int scaleOffset,
            float[] out,
            int outOffset,
            float[] scratch);
}
