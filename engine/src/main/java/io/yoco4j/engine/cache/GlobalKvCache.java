package io.yoco4j.engine.cache;

import io.yoco4j.core.arch.Architecture;

/**
 * Keys and values of every token: the one global cache that cross stages share (Sun et al. 2024, "You Only Cache Once",
 * section 2.2), and the cache of a full-attention layer. It grows by blocks; nothing is moved.
 */
public final class GlobalKvCache implements LayerState {
    private final KvRows rows;
    private int length;

    /** An empty cache for the heads of an architecture. */
    public GlobalKvCache(Architecture a) {
        this(new KvRows(a.keyValueHeads(), a.headDim(), Integer.MAX_VALUE), 0);
    }

    private GlobalKvCache(KvRows rows, int length) {
        this.rows = rows;
        this.length = length;
    }

    /** Tokens held. */
    public int length() {
        return length;
    }

    /** Adds {@code n} rows, to be written at {@code length() - n ..} of what is returned. */
    public KvRows grow(int n) {
        rows.reserve(length + n);
        length += n;
        return rows;
    }

    /** All rows, into a view. */
    public KeyView view(KeyView view) {
        return view.clear().add(rows, 0, length, 0);
    }

    @Override
    public long cacheBytes() {
        return rows.bytes(length);
    }

    @Override
    public long allocatedBytes() {
        return rows.allocatedBytes();
    }

    @Override
    public GlobalKvCache copy() {
        return new GlobalKvCache(rows.copy(), length);
    }

    @Override
    public void reset() {
        length = 0;
    }
}
