package io.yoco4j.engine.exec;

import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The attention of a step as one job. A segment of many queries is cut into blocks of 64 by heads; one of few into
 * single queries by heads, and these into ranges of keys where a query alone would take more than a quarter of a
 * thread's share of all keys. Short contexts are never cut: a range has {@value #MIN_KEYS} keys at least.
 *
 * <p>Ranges give partial results (Dao et al. 2023, "Flash-Decoding"), which the thread that ends the last range of a
 * query merges.
 */
final class AttentionTasks {
    static final int MIN_KEYS = 512;

    /** Rows of the panel below which a query is better done alone. */
    private static final int MANY = 12;

    private final int threads;
    private final int kvHeads;
    private final int headDim;
    private final int group;

    /** By place in the plan: the segment, the task after its last, the ranges of a query, its first partial result. */
    private int[] segments = {};

    private int[] ends = {};
    private int[] ranges = {};
    private int[] partials = {};
    private int planned;
    private int partialCount;
    private long operations;
    /** Ranges of a query that are not done yet, at the index of its first partial result. */
    private AtomicIntegerArray pending = new AtomicIntegerArray(0);

    AttentionTasks(int threads, int heads, int kvHeads, int headDim) {
        this.threads = threads;
        this.kvHeads = kvHeads;
        this.headDim = headDim;
        group = heads / kvHeads;
    }

    /** Cuts the attention of a batch. Many queries come first: their tasks are the longest. */
    void plan(BatchRows batch, int window) {
        int n = batch.active();
        if (segments.length < n) {
            segments = new int[n];
            ends = new int[n];
            ranges = new int[n];
            partials = new int[n];
        }
        planned = 0;
        partialCount = 0;
        operations = 0;
        long fewKeys = 0;
        for (int i = 0; i < n; i++) {
            Segment g = batch.segment(i);
            long keys = (long) g.rows * kvHeads * keys(g.position + g.rows - 1, window);
            operations += 2 * keys * group * headDim;
            if (many(g)) {
                add(i, PrefillAttention.tasks(g.rows, group, kvHeads), 1);
            } else {
                fewKeys += keys;
            }
        }
        long rangeKeys = threads == 1 ? Long.MAX_VALUE : Math.max(MIN_KEYS, fewKeys / (4 * threads));
        for (int i = 0; i < n; i++) {
            Segment g = batch.segment(i);
            if (!many(g)) {
                int keys = keys(g.position + g.rows - 1, window);
                add(i, g.rows * kvHeads, (int) ((keys - 1) / rangeKeys) + 1);
            }
        }
    }

    private void add(int segment, int queries, int cuts) {
        segments[planned] = segment;
        ends[planned] = count() + queries * cuts;
        ranges[planned] = cuts;
        partials[planned] = partialCount;
        planned++;
        if (cuts > 1) {
            int first = partialCount;
            partialCount += queries * cuts;
            if (pending.length() < partialCount) {
                AtomicIntegerArray more = new AtomicIntegerArray(2 * partialCount);
                for (int i = 0; i < first; i++) {
                    more.set(i, pending.get(i));
                }
                pending = more;
            }
            for (int i = first; i < partialCount; i += cuts) {
                pending.set(i, cuts);
            }
        }
    }

    /** Keys that the token at a position sees. */
    static int keys(int position, int window) {
        return position < window ? position + 1 : window;
    }

    /** Whether queries are taken 32 side by side. */
    boolean many(Segment g) {
        return g.rows * group >= MANY && g.rows > 1;
    }

    /** Tasks planned. */
    int count() {
        return planned == 0 ? 0 : ends[planned - 1];
    }

    /** Multiply-adds of all tasks. */
    long operations() {
        return operations;
    }

    /** Partial results of all tasks. */
    int partials() {
        return partialCount;
    }

    /** Where in the plan a task is. */
    int find(int task) {
        int at = 0;
        while (task >= ends[at]) {
            at++;
        }
        return at;
    }

    /** The segment at a place of the plan. */
    int segment(int at) {
        return segments[at];
    }

    /** The first task at a place of the plan. */
    int first(int at) {
        return at == 0 ? 0 : ends[at - 1];
    }

    /** Ranges of keys that each query at a place of the plan is cut into; 1 where it is whole. */
    int ranges(int at) {
        return ranges[at];
    }

    /** The first partial result of a query at a place of the plan. */
    int partial(int at, int query) {
        return partials[at] + query * ranges[at];
    }

    /** Counts a range of the query whose first partial result is given as done; says whether it was the last. */
    boolean lastRange(int partial) {
        return pending.decrementAndGet(partial) == 0;
    }
}
