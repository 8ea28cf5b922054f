package io.yoco4j.engine.cache;

/**
 * Keys and values of every token: the one global cache that cross stages share (Sun et al. 2024, "You Only Cache Once",
 * section 2.2), and the cache of a full-attention layer. It grows by blocks; nothing is moved, and a block that is full
 * is never copied: forks share it for good.
 */
public final class GlobalKvCache implements KvCache {
    private final KvRows rows;
    private int length;

    /** An empty cache. */
    GlobalKvCache(KvRows rows) {
        this(rows, 0);
    }

    private GlobalKvCache(KvRows rows, int length) {
        this.rows = rows;
        this.length = length;
    }

    @Override
    public KvRows rows() {
        return rows;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public int lengthAt(int n) {
        return n;
    }

    @Override
    public int row(int i) {
        return i;
    }

    /** Adds {@code n} rows, to be written at {@code length() - n ..} of what is returned. */
    public KvRows grow(int n) {
        reserve(n);
        length += n;
        return rows;
    }

    @Override
    public void restore(int n) {
        grow(n);
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
    public long ownBytes() {
        return rows.ownBytes();
    }

    @Override
    public long bytesToGrow(int n) {
        return rows.bytesToClaim(length, length + n);
    }

    @Override
    public void reserve(int n) {
        rows.claim(length, length + n);
    }

    @Override
    public void trim() {
        rows.truncate(length);
    }

    @Override
    public GlobalKvCache fork() {
        return new GlobalKvCache(rows.fork(), length);
    }

    @Override
    public void release() {
        rows.truncate(0);
        length = 0;
    }
}
