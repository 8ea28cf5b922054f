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

    /** The rows held and then {@code n} rows of a chunk that follows them, into a view. */
    public KeyView view(KeyView view, KvRows chunk, int n) {
        int split = end % window;
        int newest = split == 0 ? length() : split;
        view.clear();
        if (end > newest) {
            int older = Math.min(end, window) - newest;
            view.add(rows, split, older, end - newest - older);
        }
        return view.add(rows, 0, newest, end - newest).add(chunk, 0, n, end);
    }

    /** Takes in the {@code n} rows of a chunk; only the last {@code window} of them are kept. */
    public void append(KvRows chunk, int n) {
        rows.reserve((int) Math.min((long) end + n, window));
        for (int i = Math.max(0, n - window); i < n; i++) {
            rows.put((int) (((long) end + i) % window), chunk, i);
        }
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
