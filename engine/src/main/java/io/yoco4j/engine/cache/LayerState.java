package io.yoco4j.engine.cache;

/** What one iteration of one layer, or the whole model, keeps of the tokens before. */
public sealed interface LayerState permits KvCache, RetentionState {

    /** Bytes of what is kept: rows held, or the state. What {@code Accounting} predicts. */
    long cacheBytes();

    /** Bytes of memory taken for it, what it shares with forks included. */
    long allocatedBytes();

    /** Bytes of memory that {@link #release} would give back now: what no fork shares. */
    long ownBytes();

    /** Bytes of memory that {@code n} more tokens would take; never fewer for more tokens. */
    long bytesToGrow(int n);

    /** Takes the memory of {@code n} more tokens, so that none is asked for when they come. */
    void reserve(int n);

    /** Gives back what was reserved and not used. */
    void trim();

    /** The same content for a context that goes on its own; what is large is shared until one of the two writes. */
    LayerState fork();

    /** Forgets everything, and gives the memory of keys and values back. */
    void release();
}
