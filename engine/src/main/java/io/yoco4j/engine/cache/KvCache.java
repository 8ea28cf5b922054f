package io.yoco4j.engine.cache;

/** Keys and values of all tokens of a context, or of the last ones. */
sealed interface KvCache extends LayerState permits GlobalKvCache, WindowKvCache {

    KvRows rows();

    /** Tokens held. */
    int length();

    /** Tokens held once there were {@code n} in the context. */
    int lengthAt(int n);

    /** The row of the i-th token held, the oldest being 0. */
    int row(int i);

    /** Goes from empty to {@code n} tokens in the context, whose rows can be written then. */
    void restore(int n);
}
