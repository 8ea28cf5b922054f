package io.yoco4j.engine.cache;

import io.yoco4j.core.arch.Architecture;

/** Keys and values of the last {@code window} tokens, a ring: the token at position p lies in row p mod window. */
public final class WindowKvCache implements LayerState {
    private final int window;
    private final KvRows rows;
    private int end;

    /** An empty ring for the heads of an architecture. */
    public WindowKvCache(Architecture a, int window) {
        this(window, new KvRows(a.keyValueHeads(), a.headDim(), window), 0);
    }

    private WindowKvCache(int window, KvRows rows, int end) {
        this.window = window;
        this.rows = rows;
        this.end = end;
    }

    /** Tokens held: at most the window. */
    public int length() {
        return Math.min(end, window);
    }

    /** The rows held and then {@code n} rows of a chunk, from {@code first} on, that follow them, into a view. */
    public KeyView view(KeyView view, KvRows chunk, int first, int n) {
        int split = end % window;
        int newest = split == 0 ? length() : split;
        view.clear();
        if (end > newest) {
            int older = Math.min(end, window) - newest;
            view.add(rows, split, older, end - newest - older);
        }
        return view.add(rows, 0, newest, end - newest).add(chunk, first, n, end);
    }

    /** Makes room for {@code n} more tokens, to be {@link #put} and then counted by {@link #advance}. */
    public void reserve(int n) {
        rows.reserve((int) Math.min((long) end + n, window));
    }

    /**
     * Takes in the {@code i}-th of {@code n} more tokens from a row of a chunk, if it is of the last {@code window}. Any
     * thread may put any of them.
     */
    public void put(int i, int n, KvRows chunk, int row) {
        if (i >= n - window) {
            rows.put((int) (((long) end + i) % window), chunk, row);
        }
    }

    /** Counts {@code n} more tokens. */
    public void advance(int n) {
        end += n;
    }

    @Override
    public long cacheBytes() {
        return rows.bytes(length());
    }

    @Override
    public long allocatedBytes() {
        return rows.allocatedBytes();
    }

    @Override
    public WindowKvCache copy() {
        return new WindowKvCache(window, rows.copy(), end);
    }

    @Override
    public void reset() {
        end = 0;
    }
}
