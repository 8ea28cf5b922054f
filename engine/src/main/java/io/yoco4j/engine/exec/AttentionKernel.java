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
    /** Rows of the panel below which a query is better done alone. */
    private static final int MANY = 12;
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
    private final WorkerPool.Job manyJob = this::many;
    private final WorkerPool.Job fewJob = this::few;

    private float[] q = new float[0];
    private float[] out = new float[0];
    private KeyView view = new KeyView();
    private int n;
    private int firstPosition;
    private int window;

    AttentionKernel(Architecture a, Kernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
        headDim = a.headDim();
        heads = a.attentionHeads();
        kvHeads = a.keyValueHeads();
        group = heads / kvHeads;
        width = (headDim + PANEL - 1) / PANEL * PANEL;
        scale = (float) (1 / Math.sqrt(headDim));
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
     * Attends from {@code n} consecutive tokens.
     *
     * @param q queries, normed and rotated, [n, H x hd]
     * @param firstPosition of the first token
     * @param window keys that a token sees, itself included
     * @param out [n, H x hd]
     */
    void run(float[] q, int n, int firstPosition, int window, KeyView view, float[] out) {
        this.q = q;
        this.n = n;
        this.firstPosition = firstPosition;
        this.window = window;
        this.view = view;
        this.out = out;
        long keys = 0;
        for (int span = 0; span < view.spans(); span++) {
            keys += view.count(span);
        }
        long operations = 2 * keys * n * heads * headDim;
        if (n * group >= MANY && n > 1) {
            pool.run((n * group + PANEL - 1) / PANEL * kvHeads, manyJob, operations);
        } else {
            pool.run(n * kvHeads, fewJob, operations);
        }
    }

    // ---- 32 queries side by side

    private void many(int task, int worker) {
        Scratch s = scratch[worker];
        int head = task % kvHeads;
        // Later tokens see more keys: longest first balances the threads.
        int block = (n * group + PANEL - 1) / PANEL - 1 - task / kvHeads;
        int first = block * PANEL;
        int lanes = Math.min(PANEL, n * group - first);
        loadQueries(s, head, first, lanes);
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
        storeResults(s, head, first, lanes);
    }

    /** Queries of a block, scaled, as a panel [hd][32]; unused lanes repeat the last query. */
    private void loadQueries(Scratch s, int head, int first, int lanes) {
        for (int lane = 0; lane < PANEL; lane++) {
            int row = first + Math.min(lane, lanes - 1);
            int token = row / group;
            int from = (token * heads + head * group + row % group) * headDim;
            for (int j = 0; j < headDim; j++) {
                s.queries[j * PANEL + lane] = q[from + j] * scale;
            }
            s.positions[lane] = firstPosition + token;
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

    private void storeResults(Scratch s, int head, int first, int lanes) {
        for (int lane = 0; lane < lanes; lane++) {
            int row = first + lane;
            int to = (row / group * heads + head * group + row % group) * headDim;
            float factor = 1 / s.total[lane];
            for (int j = 0; j < headDim; j++) {
                out[to + j] = s.sums[lane * width + j] * factor;
            }
        }
    }

    // ---- one query

    private void few(int task, int worker) {
        Scratch s = scratch[worker];
        int token = task / kvHeads;
        int head = task % kvHeads;
        int position = firstPosition + token;
        int from = (token * heads + head * group) * headDim;
        for (int j = 0; j < group * headDim; j++) {
            s.queries[j] = q[from + j] * scale;
        }
        Arrays.fill(s.sums, 0, group * width, 0);
        Arrays.fill(s.max, 0, group, LOWEST);
        Arrays.fill(s.total, 0, group, 0);
        for (int span = 0; span < view.spans(); span++) {
            KvRows kv = view.rows(span);
            int skip = Math.max(0, position - window + 1 - view.position(span));
            int end = Math.min(view.count(span), position - view.position(span) + 1);
            for (int i = skip; i < end; ) {
                int row = view.from(span) + i;
                int inBlock = row % kv.blockRows();
                int count = Math.min(Math.min(end - i, TILE), kv.blockRows() - inBlock);
                s.tile.load(kv.block(row / kv.blockRows()), head, inBlock, count);
                for (int g = 0; g < group; g++) {
                    rows(s, g, inBlock, count);
                }
                i += count;
            }
        }
        for (int g = 0; g < group; g++) {
            float factor = 1 / s.total[g];
            for (int j = 0; j < headDim; j++) {
                out[from + g * headDim + j] = s.sums[g * width + j] * factor;
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
