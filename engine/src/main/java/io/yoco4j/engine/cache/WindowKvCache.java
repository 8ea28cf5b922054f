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

    /** The rows held and then {@code n} rows of a chunk that follows them, into a view. */
    public KeyView view(KeyView view, KvRows chunk, int n) {
        int split = end % window;
        int newest = split == 0 ? length() : split;
        view.clear();
        if (end > newest) {
            int older = length() - newest;
            view.add(rows, split, older, end - newest - older);
        }
        return view.add(rows, 0, newest, end - newest).add(chunk, 0, n, end);
    }

    /** Takes in the {@code n} rows of a chunk; only the last {@code window} of them are kept. */
    public void append(KvRows chunk, int n) {
        if (wraps(n)) {
            rows.claim(0, window);
        } else {
            rows.claim(end % window, end % window + n);
        }
        for (int i = Math.max(0, n - window); i < n; i++) {
            rows.put((int) (((long) end + i) % window), chunk, i);
        }
        end += n;
    }

    @Override
    public void restore(int n) {
        end = n;
        rows.claim(0, length());
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
    public long bytesToGrow(int n) {
        return wraps(n) ? rows.bytesToClaim(0, window) : rows.bytesToClaim(end % window, end % window + n);
    }

    private boolean wraps(int n) {
        return (long) end % window + n > window;
    }

    @Override
    public WindowKvCache fork() {
        return new WindowKvCache(window, rows.fork(), end);
    }

    @Override
    public void release() {
        rows.release();
        end = 0;
    }
}
