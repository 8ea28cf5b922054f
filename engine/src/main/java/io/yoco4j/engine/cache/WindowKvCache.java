package io.yoco4j.engine.cache;

/** Keys and values of the last {@code window} tokens, a ring: the token at position p lies in row p mod window. */
public final class WindowKvCache implements KvCache {
    private final int window;
    private final KvRows rows;
    private int end;

    /** An empty ring. */
    WindowKvCache(int window, KvRows rows) {
        this(window, rows, 0);
    }

    private WindowKvCache(int window, KvRows rows, int end) {
        this.window = window;
        this.rows = rows;
        this.end = end;
    }

    @Override
    public KvRows rows() {
        return rows;
    }

    @Override
    public int length() {
        return lengthAt(end);
    }

    @Override
    public int lengthAt(int n) {
        return Math.min(n, window);
    }

    @Override
    public int row(int i) {
        return (end - length() + i) % window;
    }

    /** The rows held and then {@code n} rows of a chunk, from {@code first} on, that follow them, into a view. */
    public KeyView view(KeyView view, KvRows chunk, int first, int n) {
        int split = end % window;
        int newest = split == 0 ? length() : split;
        view.clear();
        if (end > newest) {
            int older = length() - newest;
            view.add(rows, split, older, end - newest - older);
        }
        return view.add(rows, 0, newest, end - newest).add(chunk, first, n, end);
    }

    /** Makes room for {@code n} more tokens, to be {@link #put} and then counted by {@link #advance}. */
    @Override
    public void reserve(int n) {
        if (wraps(n)) {
            rows.claim(0, window);
        } else {
            rows.claim(end % window, end % window + n);
        }
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
    public void restore(int n) {
        reserve(n);
        advance(n);
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
    public long ownBytes() {
        return rows.ownBytes();
    }

    @Override
    public long bytesToGrow(int n) {
        return wraps(n) ? rows.bytesToClaim(0, window) : rows.bytesToClaim(end % window, end % window + n);
    }

    private boolean wraps(int n) {
        return (long) end % window + n > window;
    }

    @Override
    public void trim() {
        rows.truncate(length());
    }

    @Override
    public WindowKvCache fork() {
        return new WindowKvCache(window, rows.fork(), end);
    }

    @Override
    public void release() {
        rows.truncate(0);
        end = 0;
    }
}
