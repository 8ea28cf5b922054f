package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.util.Set;

/**
 * Products of many rows by other means than {@link Kernels}, such as a native library: the one seam that such a module
 * fills. They are as exact as those means.
 *
 * <p>An instance belongs to a model and computes for one input at a time: {@link #input} comes first, then
 * {@link #multiply} for slices of the outputs of one or several matrices, from all workers at once. Neither allocates in
 * steady state.
 */
public interface ManyRowProducts extends AutoCloseable {

    /** Makes them; found by {@link java.util.ServiceLoader}. */
    interface Provider {
        /** As options and statistics call them, e.g. {@code onednn}. */
        String name();

        /** Formats of the weights that they take; a model without such weights does not open them. */
        Set<WeightFormat> formats();

        /**
         * Makes those of a model.
         *
         * @param kernels for what is left to do in Java, such as reading quantized weights
         * @param threads of the pool that will run them
         * @throws UnsupportedOperationException when they do not run here; the message is the reason, as half a sentence
         */
        ManyRowProducts open(Kernels kernels, int threads);
    }

    /** The provider's name. */
    String name();

    /** Whether products of {@code rows} rows with that matrix are to be computed here. */
    boolean takes(Weight w, int rows);

    /** Outputs of a slice; a matrix's last one may have fewer. */
    int slice();

    /**
     * Keeps a copy of a matrix as these products read it fastest, so that they need not rearrange it each time: worth it for
     * few rows, where that takes longer than the product. Not while products run.
     *
     * @return bytes of the copy; 0 where they never take such a matrix
     */
    default long prepack(Weight w, WorkerPool pool) {
        return 0;
    }

    /** Sets the input, x [rows, inputs], which does not change until the last product with it is done. */
    void input(float[] x, int rows, int inputs, WorkerPool pool);

    /**
     * {@code out[r][o] (+)= sum_i x[r][i] * w[o][i]} for all rows of the input and {@code outputs} outputs from
     * {@code first} on; out is [rows, w.outputs].
     *
     * @param add whether to add to {@code out} rather than overwrite it
     * @param worker the calling thread's number in the pool
     */
    void multiply(Weight w, int first, int outputs, float[] out, boolean add, int worker);

    /** Releases native memory. No product may run. */
    @Override
    void close();
}
