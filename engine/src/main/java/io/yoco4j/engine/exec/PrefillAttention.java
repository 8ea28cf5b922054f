package io.yoco4j.engine.exec;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.engine.cache.KeyView;
import io.yoco4j.engine.cache.KvRows;
import io.yoco4j.engine.cache.KvTile;
import io.yoco4j.engine.kernel.Kernels;
import java.util.Arrays;

/**
 * Attention of many queries of a context, with the online softmax, so that scores never exist beyond a tile (Dao et al.
 * 2022, "FlashAttention", algorithm 1). 32 queries lie side by side in a panel, so that the softmax needs no sums across a
 * vector and the transposed scores are already the operand of the product with the values. A row of that panel is a
 * (token, head of the group) pair; two panels share each tile of keys and values. What one thread works in.
 */
final class PrefillAttention {
    /** Panels of queries in a task. */
    static final int PANELS = 2;

    private static final int PANEL = Kernels.PANEL;
    private static final int ROWS = Kernels.ROWS;
    /** Keys of a tile: keys, values and scores of it stay in the second-level cache. */
    private static final int TILE = 128;

    private final Kernels kernels;
    private final int headDim;
    private final int heads;
    private final int kvHeads;
    private final int group;
    /** headDim rounded up to whole panels of values. */
    private final int width;

    private final float scale;
    private final Queries[] panels = new Queries[PANELS];
    private final KvTile tile;
    private final float[] scores = new float[(TILE + 2 * PANEL) * PANEL];
    private final float[] correction = new float[PANEL];
    private int window;

    PrefillAttention(Architecture a, Kernels kernels) {
        this.kernels = kernels;
        headDim = a.headDim();
        heads = a.attentionHeads();
        kvHeads = a.keyValueHeads();
        group = heads / kvHeads;
        width = (headDim + PANEL - 1) / PANEL * PANEL;
        scale = (float) (1 / Math.sqrt(headDim));
        tile = new KvTile(kernels, TILE);
        Arrays.setAll(panels, i -> new Queries());
    }

    /** A panel of queries and its results so far. */
    private final class Queries {
        final float[] values = new float[headDim * PANEL]; // [hd][32], scaled
        final int[] positions = new int[PANEL];
        final float[] sums = new float[PANEL * width];
        final float[] max = new float[PANEL];
        final float[] total = new float[PANEL];
        int first;
        int lanes;

        int earliest() {
            return positions[0];
        }

        int latest() {
            return positions[lanes - 1];
        }
    }

    /** Tasks of a segment of {@code rows} tokens. */
    static int tasks(int rows, int group, int kvHeads) {
        return (rows * group + PANELS * PANEL - 1) / (PANELS * PANEL) * kvHeads;
    }

    /**
     * Does one task of a segment.
     *
     * @param task below {@link #tasks}
     */
    void run(float[] q, Segment g, int task, int window, float[] out) {
        this.window = window;
        int head = task % kvHeads;
        int blocks = tasks(g.rows, group, kvHeads) / kvHeads;
        // Later tokens see more keys: longest first balances the threads.
        int first = (blocks - 1 - task / kvHeads) * PANELS * PANEL;
        int used = 0;
        for (int row = first; row < g.rows * group && used < PANELS; row += PANEL) {
            load(panels[used++], q, g, head, row);
        }
        attend(g.view, head, used);
        for (int p = 0; p < used; p++) {
            store(panels[p], g, head, out);
        }
    }

    /** Unused lanes repeat the last query. */
    private void load(Queries panel, float[] q, Segment g, int head, int first) {
        panel.first = first;
        panel.lanes = Math.min(PANEL, g.rows * group - first);
        for (int lane = 0; lane < PANEL; lane++) {
            int row = first + Math.min(lane, panel.lanes - 1);
            int token = row / group;
            int from = ((g.first + token) * heads + head * group + row % group) * headDim;
            for (int j = 0; j < headDim; j++) {
                panel.values[j * PANEL + lane] = q[from + j] * scale;
            }
            panel.positions[lane] = g.position + token;
        }
        Arrays.fill(panel.sums, 0);
        Arrays.fill(panel.max, DecodeAttention.LOWEST);
        Arrays.fill(panel.total, 0);
    }

    /** Takes every tile of keys that some query sees, and no other. */
    private void attend(KeyView view, int head, int used) {
        int earliest = panels[0].earliest();
        int latest = panels[used - 1].latest();
        for (int span = 0; span < view.spans(); span++) {
            KvRows kv = view.rows(span);
            int position = view.position(span);
            int skip = Math.max(0, earliest - window + 1 - position);
            int end = Math.min(view.count(span), latest - position + 1);
            for (int i = skip; i < end; ) {
                int row = view.from(span) + i;
                int inBlock = row % kv.blockRows();
                int count = Math.min(Math.min(end - i, TILE), kv.blockRows() - inBlock);
                tile.load(kv.block(row / kv.blockRows()), head, inBlock, count);
                for (int p = 0; p < used; p++) {
                    attend(panels[p], inBlock % PANEL, count, position + i);
                }
                i += count;
            }
        }
    }

    /**
     * One panel over the tile.
     *
     * @param column of the first key in its panel
     * @param position of the first key
     */
    private void attend(Queries panel, int column, int count, int position) {
        int last = Math.min(count, panel.latest() - position + 1);
        if (last <= 0 || position + count <= panel.earliest() - window + 1) {
            return;
        }
        int aligned = column / ROWS * ROWS;
        for (int c = aligned; c < column + last; c += ROWS) {
            int at = tile.keyOffset() + c / PANEL * PANEL * headDim + c % PANEL;
            int to = (c - aligned) * PANEL;
            kernels.tile(headDim, tile.keys(), at, panel.values, 0, scores, to, PANEL, false);
        }
        int from = (column - aligned) * PANEL;
        boolean someLater = position + last - 1 > panel.earliest();
        boolean someGone = position <= panel.latest() - window;
        if (someLater || someGone) {
            kernels.laneMask(scores, from, last, position, panel.positions, window);
        }
        kernels.laneSoftmax(scores, from, last, panel.max, panel.total, correction);
        for (int lane = 0; lane < panel.lanes; lane++) {
            if (correction[lane] != 1) {
                kernels.scale(panel.sums, lane * width, width, correction[lane]);
            }
        }
        for (int j = 0; j < width; j += PANEL) {
            int at = tile.valueOffset(j / PANEL);
            for (int lane = 0; lane < panel.lanes; lane += ROWS) {
                int to = lane * width + j;
                kernels.tile(last, scores, from + lane, tile.values(), at, panel.sums, to, width, true);
            }
        }
    }

    private void store(Queries panel, Segment g, int head, float[] out) {
        for (int lane = 0; lane < panel.lanes; lane++) {
            int row = panel.first + lane;
            int to = ((g.first + row / group) * heads + head * group + row % group) * headDim;
            float factor = 1 / panel.total[lane];
            for (int j = 0; j < headDim; j++) {
                out[to + j] = panel.sums[lane * width + j] * factor;
            }
        }
    }
}
