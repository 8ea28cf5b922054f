package io.yoco4j.engine.exec;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.engine.cache.KeyView;
import io.yoco4j.engine.cache.KvBlock;
import io.yoco4j.engine.cache.KvRows;
import io.yoco4j.engine.cache.KvTile;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.WorkerPool;
import java.util.Arrays;

/**
 * Causal grouped-query softmax attention over the spans of a {@link KeyView}, with the online softmax, so that scores
 * never exist beyond a tile (Dao et al. 2022, "FlashAttention", algorithm 1).
 *
 * <p>Many queries: 32 at a time side by side in a panel, so that the softmax needs no sums across a vector and the
 * transposed scores are already the operand of the product with the values. A row of that panel is a (token, head of
 * the group) pair. Few queries: one after another, each key block being read once per group of heads.
 */
final class AttentionKernel {
    private static final int PANEL = Kernels.PANEL;
    private static final int ROWS = Kernels.ROWS;
    /** Keys of a tile: keys, values and scores of it stay in the second-level cache. */
    private static final int TILE = 128;
    /** The maximum before any key: finite, so that differences with it are numbers. */
    private static final float LOWEST = -1e30f;

    private final Kernels kernels;
    private final WorkerPool pool;
    private final int headDim;
    private final int heads;
    private final int kvHeads;
    private final int group;
    /** headDim rounded up to whole panels of values. */
    private final int width;

    private final float scale;
    private final Scratch[] scratch;
    private final AttentionTasks tasks;
    private final WorkerPool.Job job = this::task;

    private float[] q = new float[0];
    private float[] out = new float[0];
    private BatchRows batch = new BatchRows();
    private int window;
    /** Of ranges of keys: for each head of the group a maximum, a total and sums [width]. */
    private float[] partials = new float[0];

    AttentionKernel(Architecture a, Kernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
        headDim = a.headDim();
        heads = a.attentionHeads();
        kvHeads = a.keyValueHeads();
        group = heads / kvHeads;
        width = (headDim + PANEL - 1) / PANEL * PANEL;
        scale = (float) (1 / Math.sqrt(headDim));
        tasks = new AttentionTasks(pool.threads(), heads, kvHeads, headDim);
        scratch = new Scratch[pool.threads()];
        Arrays.setAll(scratch, i -> new Scratch());
    }

    /** What one thread works in. */
    private final class Scratch {
        final float[] queries = new float[Math.max(headDim * PANEL, group * headDim)];
        final int[] positions = new int[PANEL];
        final float[] scores = new float[(TILE + 2 * PANEL) * PANEL];
        final float[] sums = new float[Math.max(PANEL, group) * width];
        final float[] max = new float[Math.max(PANEL, group)];
        final float[] total = new float[Math.max(PANEL, group)];
        final float[] correction = new float[PANEL];
        final KvTile tile = new KvTile(TILE);
    }

    /**
     * Attends from every row to the keys of its segment's view.
     *
     * @param q queries, normed and rotated, [rows, H x hd]
     * @param window keys that a token sees, itself included
     * @param out [rows, H x hd]
     */
    void run(float[] q, BatchRows batch, int window, float[] out) {
        this.q = q;
        this.batch = batch;
        this.window = window;
        this.out = out;
        tasks.plan(batch, window);
        int size = tasks.partials() * group * (width + 2);
        if (partials.length < size) {
            partials = new float[size];
        }
        pool.run(tasks.count(), job, tasks.operations());
    }

    private void task(int task, int worker) {
        int at = tasks.find(task);
        Segment g = batch.segment(tasks.segment(at));
        if (tasks.many(g)) {
            many(g, task - tasks.first(at), scratch[worker]);
        } else {
            few(g, task - tasks.first(at), at, scratch[worker]);
        }
    }

    // ---- 32 queries side by side

    private void many(Segment g, int task, Scratch s) {
        KeyView view = g.view;
        int rows = g.rows * group;
        int head = task % kvHeads;
        // Later tokens see more keys: longest first balances the threads.
        int block = (rows + PANEL - 1) / PANEL - 1 - task / kvHeads;
        int first = block * PANEL;
        int lanes = Math.min(PANEL, rows - first);
        loadQueries(s, g, head, first, lanes);
        Arrays.fill(s.sums, 0, PANEL * width, 0);
        Arrays.fill(s.max, 0, PANEL, LOWEST);
        Arrays.fill(s.total, 0, PANEL, 0);
        int earliest = s.positions[0];
        int latest = s.positions[lanes - 1];
        for (int span = 0; span < view.spans(); span++) {
            KvRows kv = view.rows(span);
            int position = view.position(span);
            int skip = Math.max(0, earliest - window + 1 - position);
            int end = Math.min(view.count(span), latest - position + 1);
            for (int i = skip; i < end; ) {
                int row = view.from(span) + i;
                int inBlock = row % kv.blockRows();
                int count = Math.min(Math.min(end - i, TILE), kv.blockRows() - inBlock);
                tile(s, kv.block(row / kv.blockRows()), head, inBlock, count, position + i, lanes);
                i += count;
            }
        }
        storeResults(s, g, head, first, lanes);
    }

    /** Queries of a block, scaled, as a panel [hd][32]; unused lanes repeat the last query. */
    private void loadQueries(Scratch s, Segment g, int head, int first, int lanes) {
        for (int lane = 0; lane < PANEL; lane++) {
            int row = first + Math.min(lane, lanes - 1);
            int token = row / group;
            int from = ((g.first + token) * heads + head * group + row % group) * headDim;
            for (int j = 0; j < headDim; j++) {
                s.queries[j * PANEL + lane] = q[from + j] * scale;
            }
            s.positions[lane] = g.position + token;
        }
    }

    /** Up to 128 keys of one block, the first of them at {@code position}. */
    private void tile(Scratch s, KvBlock kv, int head, int row, int count, int position, int lanes) {
        s.tile.load(kv, head, row, count);
        int aligned = row / ROWS * ROWS;
        int firstPanel = row / PANEL * PANEL;
        for (int r = aligned; r < row + count; r += ROWS) {
            int at = s.tile.keyOffset() + (r - firstPanel) / PANEL * PANEL * headDim + r % PANEL;
            int to = (r - aligned) * PANEL;
            kernels.tile(headDim, s.tile.keys(), at, s.queries, 0, s.scores, to, PANEL, false);
        }
        int from = (row - aligned) * PANEL;
        boolean someLater = position + count - 1 > s.positions[0];
        boolean someGone = position <= s.positions[lanes - 1] - window;
        if (someLater || someGone) {
            kernels.laneMask(s.scores, from, count, position, s.positions, window);
        }
        kernels.laneSoftmax(s.scores, from, count, s.max, s.total, s.correction);
        for (int lane = 0; lane < lanes; lane++) {
            if (s.correction[lane] != 1) {
                kernels.scale(s.sums, lane * width, width, s.correction[lane]);
            }
        }
        for (int j = 0; j < width; j += PANEL) {
            int at = s.tile.valueOffset(j / PANEL);
            for (int lane = 0; lane < lanes; lane += ROWS) {
                kernels.tile(count, s.scores, from + lane, s.tile.values(), at, s.sums, lane * width + j, width, true);
            }
        }
    }

    private void storeResults(Scratch s, Segment g, int head, int first, int lanes) {
        for (int lane = 0; lane < lanes; lane++) {
            int row = first + lane;
            int to = ((g.first + row / group) * heads + head * group + row % group) * headDim;
            float factor = 1 / s.total[lane];
            for (int j = 0; j < headDim; j++) {
                out[to + j] = s.sums[lane * width + j] * factor;
            }
        }
    }

    // ---- one query

    private void few(Segment g, int task, int at, Scratch s) {
        int ranges = tasks.ranges(at);
        int query = task / ranges;
        int head = query % kvHeads;
        int token = query / kvHeads;
        int from = ((g.first + token) * heads + head * group) * headDim;
        for (int j = 0; j < group * headDim; j++) {
            s.queries[j] = q[from + j] * scale;
        }
        Arrays.fill(s.sums, 0, group * width, 0);
        Arrays.fill(s.max, 0, group, LOWEST);
        Arrays.fill(s.total, 0, group, 0);
        int range = task % ranges;
        int position = g.position + token;
        attend(s, g.view, head, cut(position, range, ranges), cut(position, range + 1, ranges));
        if (ranges == 1) {
            storeResult(s, from);
        } else {
            int partial = tasks.partial(at, query);
            storePartial(s, partial + range);
            if (tasks.lastRange(partial)) {
                merge(s, partial, ranges);
                storeResult(s, from);
            }
        }
    }

    /** The position where a range of the keys that a token sees begins; whole panels where there are several. */
    private int cut(int position, int range, int ranges) {
        int keys = AttentionTasks.keys(position, window);
        int first = position + 1 - keys;
        if (range == 0 || range == ranges) {
            return range == 0 ? first : position + 1;
        }
        return Math.max(first, (first + (int) ((long) keys * range / ranges)) / PANEL * PANEL);
    }

    /** Keys at positions {@code first .. end}. */
    private void attend(Scratch s, KeyView view, int head, int first, int end) {
        for (int span = 0; span < view.spans(); span++) {
            KvRows kv = view.rows(span);
            int last = Math.min(view.count(span), end - view.position(span));
            for (int i = Math.max(0, first - view.position(span)); i < last; ) {
                int row = view.from(span) + i;
                int inBlock = row % kv.blockRows();
                int count = Math.min(Math.min(last - i, TILE), kv.blockRows() - inBlock);
                s.tile.load(kv.block(row / kv.blockRows()), head, inBlock, count);
                for (int g = 0; g < group; g++) {
                    rows(s, g, inBlock, count);
                }
                i += count;
            }
        }
    }

    private void storeResult(Scratch s, int to) {
        for (int g = 0; g < group; g++) {
            float factor = 1 / s.total[g];
            for (int j = 0; j < headDim; j++) {
                out[to + g * headDim + j] = s.sums[g * width + j] * factor;
            }
        }
    }

    private void storePartial(Scratch s, int partial) {
        for (int g = 0; g < group; g++) {
            int to = (partial * group + g) * (width + 2);
            partials[to] = s.max[g];
            partials[to + 1] = s.total[g];
            System.arraycopy(s.sums, g * width, partials, to + 2, width);
        }
    }

    /** Partial results of a query's ranges, in their order whoever made them, into totals and sums. */
    private void merge(Scratch s, int first, int ranges) {
        for (int g = 0; g < group; g++) {
            int stride = group * (width + 2);
            int from = (first * group + g) * (width + 2);
            float max = LOWEST;
            for (int r = 0; r < ranges; r++) {
                max = Math.max(max, partials[from + r * stride]);
            }
            s.total[g] = 0;
            Arrays.fill(s.sums, g * width, (g + 1) * width, 0);
            for (int r = 0; r < ranges; r++) {
                int at = from + r * stride;
                float weight = (float) Math.exp(partials[at] - max);
                s.total[g] += weight * partials[at + 1];
                for (int j = 0; j < width; j++) {
                    s.sums[g * width + j] += weight * partials[at + 2 + j];
                }
            }
        }
    }

    /** The keys of the loaded tile, the first of them being row {@code row} of its block. */
    private void rows(Scratch s, int g, int row, int count) {
        int aligned = row / PANEL * PANEL;
        for (int r = aligned; r < row + count; r += PANEL) {
            int at = s.tile.keyOffset() + (r - aligned) * headDim;
            kernels.scores(s.queries, g * headDim, headDim, s.tile.keys(), at, s.scores, r - aligned);
        }
        int from = row - aligned;
        float max = Math.max(s.max[g], kernels.max(s.scores, from, count));
        float correction = (float) Math.exp(s.max[g] - max);
        s.max[g] = max;
        s.total[g] = s.total[g] * correction + kernels.expSum(s.scores, from, count, max);
        if (correction != 1) {
            kernels.scale(s.sums, g * width, width, correction);
        }
        for (int j = 0; j < width; j += PANEL) {
            int at = s.tile.valueOffset(j / PANEL);
            kernels.weightedSum(s.scores, from, count, s.tile.values(), at, s.sums, g * width + j);
        }
    }
}
