package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.foreign.MemorySegment;

/** What is done with a stored matrix, in whatever format it is: pieces of rows become float32, or meet a vector. */
interface WeightKernels {
    /**
     * {@code out[i] = w[row][from + i]} for {@code n} values, as float32.
     *
     * @param from a multiple of 32
     */
    void unpack(Weight w, int row, int from, int n, float[] out, int outOffset);

    /** Bytes that {@link #arrange} writes for n rows of k values; 0 where {@link #dotRows} takes x as it is. */
    long arranged(WeightFormat format, int k, int n);

    /**
     * Writes rows of x as {@link #dotRows} takes them for a format.
     *
     * @param x [n, k] from {@code xOffset} on
     * @param n 1 .. {@link Kernels#WIDE}
     * @param out memory aligned to 64 bytes from {@code at} on, so that no vector of it straddles two lines of the cache
     */
    void arrange(WeightFormat format, float[] x, int xOffset, int k, int n, MemorySegment out, long at);

    /**
     * Products of consecutive rows with one vector or a few: {@code y[r][first + o] (+)= sum_i w[first + o][i] * x[r][i]}.
     *
     * @param rows how many, up to {@link Kernels#DOT_ROWS}
     * @param n rows of x, 1 .. {@link Kernels#WIDE}; 3 cost as much as {@link Kernels#NARROW}, and more than those as much as WIDE
     * @param x [n, inputs] from {@code xOffset} on
     * @param arranged the same, as {@link #arrange} writes it for the weight's format and n, from {@code at} on
     * @param y [n, outputs] from {@code yOffset} on
     * @param add whether to add to {@code y} rather than overwrite it
     * @param scratch at least {@link Weight#dotScratch} floats
     */
    void dotRows(
            Weight w,
            int first,
            int rows,
            int n,
            float[] x,
            int xOffset,
            MemorySegment arranged,
            long at,
            float[] y,
            int yOffset,
            boolean add,
            float[] scratch);
}
