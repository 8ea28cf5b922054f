package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.WeightFormat;

/** What is done with a stored matrix, in whatever format it is: pieces of rows become float32, or meet a vector. */
interface WeightKernels {
    /**
     * {@code out[i] = w[row][from + i]} for {@code n} values, as float32.
     *
     * @param from a multiple of 32
     */
    void unpack(Weight w, int row, int from, int n, float[] out, int outOffset);

    /**
     * Columns {@code from .. from + k} of up to 32 rows as a panel: {@code panel[32 i + r] = w[first + r][from + i]}, zeros
     * for rows that are not there.
     *
     * @param rows how many there are
     * @param from a multiple of 32
     * @param words scratch memory, at least 32 x k
     * @param scales scratch memory, at least k + 32
     */
    void unpackPanel(Weight w, int first, int rows, int from, int k, float[] panel, int[] words, float[] scales);

    /** Floats that {@link #arrange} writes for k values; 0 where {@link #dotRows} takes a format's x as it is. */
    int arranged(WeightFormat format, int k);

    /** Writes k values of x as {@link #dotRows} takes them for a format. */
    void arrange(WeightFormat format, float[] x, int xOffset, int k, float[] out, int outOffset);

    /**
     * Products of consecutive rows with one vector: {@code y[o] (+)= sum_i w[first + o][i] * x[i]}.
     *
     * @param rows how many, up to {@link Kernels#DOT_ROWS}
     * @param x as {@link #arrange} writes it for the weight's format
     * @param scratch at least {@link Weight#dotScratch} floats
     * @param add whether to add to {@code y} rather than overwrite it
     */
    void dotRows(
            Weight w,
            int first,
            int rows,
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            boolean add,
            float[] scratch);
}
