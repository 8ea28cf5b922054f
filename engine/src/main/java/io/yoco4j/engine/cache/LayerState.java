package io.yoco4j.engine.cache;

/** What one iteration of one layer, or the whole model, keeps of the tokens before. */
public sealed interface LayerState permits GlobalKvCache, WindowKvCache, RetentionState {

    /** Bytes of what is kept: rows held, or the state. What {@code Accounting} predicts. */
    long cacheBytes();

    /** Bytes of memory taken for it. */
    long allocatedBytes();

    /** A copy that shares nothing. */
    LayerState copy();

    /** Forgets everything; keeps the memory. */
    void reset();
}
