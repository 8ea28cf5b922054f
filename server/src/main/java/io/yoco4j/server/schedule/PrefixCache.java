package io.yoco4j.server.schedule;

import io.yoco4j.core.arch.Stage;
import io.yoco4j.engine.Session;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Contexts that are kept for requests which begin with the same tokens. An entry is a session as it stood after some
 * tokens; who uses it forks it, so that its blocks are shared. Window rings and retention states cannot be cut back, so an
 * entry serves prompts that begin with all of its tokens. Thread-safe.
 *
 * <p>Of an architecture with one global cache an entry holds N rows of keys and values, not N times the layers, and a ring
 * per windowed layer and loop.
 */
final class PrefixCache implements AutoCloseable {
    /** Entries are looked through one by one. */
    private static final int MAX_ENTRIES = 4096;

    /**
     * What makes contexts of equal tokens differ.
     *
     * @param loops of each stage
     */
    record Depth(List<Integer> loops, double exitThreshold) {
        static Depth of(Session session) {
            return new Depth(
                    session.architecture().stages().stream().map(Stage::loops).toList(), session.exitThreshold());
        }
    }

    /** A session to go on with, the caller's own, and the tokens it has. */
    record Hit(Session session, int tokens) {}

    private static final class Entry {
        final Depth depth;
        final int[] tokens;
        final Session session;
        long used;

        Entry(Session session) {
            depth = Depth.of(session);
            tokens = session.tokens();
            this.session = session;
        }

        boolean isFor(Depth d) {
            return depth.equals(d);
        }

        int common(int[] prompt) {
            int mismatch = Arrays.mismatch(tokens, prompt);
            return mismatch < 0 ? tokens.length : mismatch;
        }
    }

    private final List<Entry> entries = new ArrayList<>();
    private final @Nullable SnapshotStore store;
    private final Lock reading = new ReentrantLock();
    private long clock;
    private boolean closed;

    /** @param store takes what has to go, and gives it back; null for none */
    PrefixCache(@Nullable SnapshotStore store) {
        this.store = store;
    }

    /**
     * Finds the longest entry that a prompt begins with.
     *
     * @param most tokens it may have: one less than the prompt, whose last token's logits are wanted
     */
    synchronized Optional<Hit> find(Depth depth, int[] prompt, int most) {
        Entry best = best(depth, prompt, most);
        if (best == null) {
            return Optional.empty();
        }
        best.used = ++clock;
        return Optional.of(new Hit(best.session.fork(), best.tokens.length));
    }

    private @Nullable Entry best(Depth depth, int[] prompt, int most) {
        Entry best = null;
        for (Entry e : entries) {
            if (e.isFor(depth)
                    && e.tokens.length <= most
                    && (best == null || e.tokens.length > best.tokens.length)
                    && e.common(prompt) == e.tokens.length) {
                best = e;
            }
        }
        return best;
    }

    /** The most tokens that a prompt has in common with an entry, from the start on: where contexts part ways. */
    synchronized int common(Depth depth, int[] prompt) {
        int longest = 0;
        for (Entry e : entries) {
            if (e.isFor(depth)) {
                longest = Math.max(longest, e.common(prompt));
            }
        }
        return longest;
    }

    /**
     * Brings back from disk what serves a prompt better than what is in memory; for a thread that may wait for it. Others
     * wait meanwhile: many that ask for the same context should read it once, and of different ones not all at once.
     *
     * @param room makes room for so many bytes, or says that there is none
     */
    void warm(Depth depth, int[] prompt, int most, LongPredicate room) {
        if (store == null) {
            return;
        }
        reading.lock();
        try {
            store.restore(depth, prompt, tokensOf(depth, prompt, most), most, room)
                    .ifPresent(this::add);
        } finally {
            reading.unlock();
        }
    }

    private synchronized int tokensOf(Depth depth, int[] prompt, int most) {
        Entry best = best(depth, prompt, most);
        return best == null ? 0 : best.tokens.length;
    }

    /** Keeps a session, which is the cache's own from now on. */
    synchronized void add(Session session) {
        Entry entry = new Entry(session);
        for (Entry e : entries) {
            if (e.isFor(entry.depth) && Arrays.equals(e.tokens, entry.tokens)) {
                e.used = ++clock;
                session.close();
                return;
            }
        }
        if (closed) {
            session.close();
            return;
        }
        while (entries.size() >= MAX_ENTRIES) {
            evict();
        }
        entry.used = ++clock;
        entries.add(entry);
    }

    /**
     * Lets go of the entry that was used least recently; false where there is none. Where contexts go to disk, its memory
     * is {@link #comingFree} until it is written.
     */
    synchronized boolean evict() {
        Entry oldest = oldest();
        if (oldest == null) {
            return false;
        }
        entries.remove(oldest);
        if (store == null) {
            oldest.session.close();
        } else {
            store.save(oldest.depth, oldest.session);
        }
        return true;
    }

    private @Nullable Entry oldest() {
        Entry oldest = null;
        for (Entry e : entries) {
            if (oldest == null || e.used < oldest.used) {
                oldest = e;
            }
        }
        return oldest;
    }

    /** Bytes of contexts that were let go and are still being written. */
    long comingFree() {
        return store == null ? 0 : store.pendingBytes();
    }

    /** Waits until what was let go is written. */
    void awaitWritten() {
        if (store != null) {
            store.awaitWritten();
        }
    }

    /** Bytes of all entries, of which others may hold some as well. */
    synchronized long allocatedBytes() {
        return entries.stream().mapToLong(e -> e.session.allocatedBytes()).sum();
    }

    synchronized int size() {
        return entries.size();
    }

    /** Bytes of what lies on disk. */
    long storedBytes() {
        return store == null ? 0 : store.bytes();
    }

    /** Stores all entries, those used last of all where disk is short, and takes no more. */
    @Override
    public void close() {
        List<Entry> kept;
        synchronized (this) {
            closed = true;
            entries.sort(Comparator.comparingLong(e -> e.used));
            kept = List.copyOf(entries);
            entries.clear();
        }
        // Not under the lock: whoever asks for sizes need not wait for a disk.
        for (Entry e : kept) {
            if (store == null) {
                e.session.close();
            } else {
                store.saveNow(e.depth, e.session);
            }
        }
        if (store != null) {
            store.close();
        }
    }
}
