package io.yoco4j.engine.kernel;

/**
 * The arithmetic of the engine on one thread, over float32 arrays. Implementations agree within rounding; they hold no
 * state, so one instance serves all threads.
 */
public interface Kernels
        extends WeightKernels, ProductKernels, TileKernels, RowKernels, AttentionKernels, KvKernels, RetentionKernels {
    /** Columns of a panel. */
    int PANEL = 32;

    /** Rows that {@link #tile} computes at once. */
    int ROWS = 8;

    /** A multiple of every {@link #height}. */
    int HEIGHTS = 40;

    /** Most stored rows of {@link #dotRows}. */
    int DOT_ROWS = 32;

    /** Most rows of x of {@link #dotRows}. */
    int WIDE = 8;

    /** Rows of x that cost less than those. */
    int NARROW = 4;

    /** Rows of x that cost less than these. */
    int PAIR = 2;

    /** Most partial sums that a kernel keeps of each result. */
    int PARTIAL = 16;

    /** For messages and statistics, e.g. {@code vector-512} or {@code scalar}. */
    String name();
}
