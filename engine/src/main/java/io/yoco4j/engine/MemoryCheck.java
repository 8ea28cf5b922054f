package io.yoco4j.engine;

import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.engine.cache.BlockPool;
import io.yoco4j.engine.cache.ContextState;
import java.util.Locale;
import java.util.function.LongSupplier;

/** Takes the memory of tokens to come, or refuses them before anything is allocated. */
final class MemoryCheck {
    /** This fraction of the JVM's memory is left to activations, and to the collector: with half of it, that one failed. */
    private static final int RESERVE = 8;

    private static final String MORE = "give the JVM more (-Xmx; for the command, in YOCO_JAVA_OPTIONS)";
    private static final String FEWER_LOGITS = ": ask for those of fewer tokens, or " + MORE;

    private final LongSupplier room;
    private final BlockPool blocks;

    /**
     * A check.
     *
     * @param room bytes that can still be allocated, {@link #jvmRoom} but in tests
     * @param blocks given up where they are in the way
     */
    MemoryCheck(LongSupplier room, BlockPool blocks) {
        this.room = room;
        this.blocks = blocks;
    }

    /** Bytes that this JVM can still give; garbage that was not collected yet counts as in use. */
    static long jvmRoom() {
        Runtime jvm = Runtime.getRuntime();
        long used = jvm.totalMemory() - jvm.freeMemory();
        return jvm.maxMemory() - jvm.maxMemory() / RESERVE - used;
    }

    /**
     * Takes the memory of {@code n} more tokens: another context cannot take it in the meantime, and what fits by number
     * but not by the collector's way to lay out the heap is found out before the tokens are computed.
     *
     * @param logitRows of so many of them, the last ones, logits are kept
     * @throws InsufficientMemoryException when there is not as much; the context is then as it was
     */
    void reserve(ContextState context, int n, int logitRows) {
        if (needed(context, n, logitRows) == 0) {
            return;
        }
        synchronized (this) {
            requireRoom(context, n, logitRows);
            try {
                context.reserve(n);
            } catch (OutOfMemoryError e) {
                throw new InsufficientMemoryException(
                        needs(context, n, logitRows) + ", which the JVM could not give" + advice(context), e);
            }
        }
    }

    /**
     * Rows of logits [rows, V], all or none of them.
     *
     * @throws InsufficientMemoryException when there is no memory for them
     */
    synchronized float[][] logits(int rows, int vocabulary) {
        long needed = (long) rows * vocabulary * Float.BYTES;
        long left = left(needed);
        if (needed > left) {
            throw new InsufficientMemoryException(
                    needs(rows, needed) + ", but " + mebibytes(left) + " are left" + FEWER_LOGITS);
        }
        try {
            return new float[rows][vocabulary];
        } catch (OutOfMemoryError e) {
            throw new InsufficientMemoryException(
                    needs(rows, needed) + ", which the JVM could not give" + FEWER_LOGITS, e);
        }
    }

    private static String needs(int logitRows, long bytes) {
        return "logits of " + logitRows + " more tokens at once need " + mebibytes(bytes) + " more memory";
    }

    /** Bytes that are left, after a collection where less than {@code needed} seem to be. */
    private long left(long needed) {
        long left = room.getAsLong();
        if (needed > left) {
            blocks.clear();
            System.gc();
            left = room.getAsLong();
        }
        return Math.max(0, left);
    }

    private void requireRoom(ContextState context, int n, int logitRows) {
        long needed = needed(context, n, logitRows);
        long left = left(needed);
        if (needed > left) {
            int fits = context.position() + fits(context, n, logitRows, left);
            throw new InsufficientMemoryException(needs(context, n, logitRows) + ", but " + mebibytes(left)
                    + " are left, enough for " + fits + " tokens" + advice(context));
        }
    }

    private static long needed(ContextState context, int n, int logitRows) {
        long logits = (long) Math.min(n, logitRows) * context.architecture().vocabSize() * Float.BYTES;
        return context.bytesToGrow(n) + logits;
    }

    /** The most of {@code n} tokens that {@code left} bytes suffice for; all of them are too many. */
    private static int fits(ContextState context, int n, int logitRows, long left) {
        int fits = 0;
        int tooMany = n;
        while (tooMany - fits > 1) {
            int middle = (fits + tooMany) >>> 1;
            if (needed(context, middle, logitRows) <= left) {
                fits = middle;
            } else {
                tooMany = middle;
            }
        }
        return fits;
    }

    private static String needs(ContextState context, int n, int logitRows) {
        String logits = logitRows > 1 ? ", logits of " + logitRows + " of them included," : "";
        return "a context of " + (context.position() + n) + " tokens" + logits + " needs "
                + mebibytes(needed(context, n, logitRows)) + " more memory";
    }

    private static String advice(ContextState context) {
        String narrower = context.format() == KvFormat.Q8 ? "" : " store keys and values as q8 (kv),";
        return ": shorten it," + narrower + " or " + MORE;
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,.1f MiB", bytes / 1048576.0);
    }
}
