package io.yoco4j.engine.exec;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.engine.cache.KeyView;
import io.yoco4j.engine.cache.KvBlock;
import io.yoco4j.engine.cache.KvRows;
import io.yoco4j.engine.kernel.Kernels;
import java.util.Arrays;

/**
 * Attention of a single query, all heads of its group together: each key and value is read once, as it is stored. Long
 * contexts come in ranges of keys, whose partial results are merged (Dao et al. 2023, "Flash-Decoding"). What one thread
 * works in.
 */
final class DecodeAttention {
    /** The maximum before any key: finite, so that differences with it are numbers. */
    static final float LOWEST = -1e30f;

    private static final int PANEL = Kernels.PANEL;
    /**
     * Keys taken at once: the scores of all heads of a group stay in the first-level cache, and what is read in one go is
     * as long as a block allows, since each stretch of memory begins with a miss.
     */
    private static final int TILE = 256;

    private static final int STRIDE = TILE + 2 * PANEL;

    private final Kernels kernels;
    private final int headDim;
    private final int heads;
    private final int kvHeads;
    private final int group;
    /** headDim rounded up to whole panels of values. */
    private final int width;

    private final float scale;
    private final float[] queries; // [group, hd], scaled
    private final float[] scores; // [group, STRIDE]
    private final float[] sums; // [group, width]
    private final float[] max;
    private final float[] total;
    private final float[] scratch = new float[TILE];

    DecodeAttention(Architecture a, Kernels kernels) {
        this.kernels = kernels;
        headDim = a.headDim();
        heads = a.attentionHeads();
        kvHeads = a.keyValueHeads();
        group = heads / kvHeads;
        width = (headDim + PANEL - 1) / PANEL * PANEL;
        scale = (float) (1 / Math.sqrt(headDim));
        queries = new float[group * headDim];
        scores = new float[group * STRIDE];
        sums = new float[group * width];
        max = new float[group];
        total = new float[group];
    }

    /** Floats of a partial result: for each head of the group a maximum, a total and sums [width]. */
    int partialSize() {
        return group * (width + 2);
    }

    /**
     * Does one task of a segment: a query of a token, or one of its ranges.
     *
     * @param at the segment's place in the plan
     */
    void run(float[] q, Segment g, AttentionTasks tasks, int at, int task, int window, float[] partials, float[] out) {
        int ranges = tasks.ranges(at);
        int range = task % ranges;
        int query = task / ranges;
        int head = query % kvHeads;
        int token = query / kvHeads;
        int from = ((g.first + token) * heads + head * group) * headDim;
        for (int j = 0; j < group * headDim; j++) {
            queries[j] = q[from + j] * scale;
        }
        Arrays.fill(sums, 0);
        Arrays.fill(max, LOWEST);
        Arrays.fill(total, 0);
        int position = g.position + token;
        attend(g.view, head, cut(position, range, ranges, window), cut(position, range + 1, ranges, window));
        if (ranges > 1) {
            int partial = tasks.partial(at, query);
            storePartial(partials, partial + range);
            if (!tasks.lastRange(partial)) {
                return;
            }
            merge(partials, partial, ranges);
        }
        store(out, from);
    }

    /** The position where a range of the keys that a token sees begins; whole panels where there are several. */
    private static int cut(int position, int range, int ranges, int window) {
        int keys = AttentionTasks.keys(position, window);
        int first = position + 1 - keys;
        if (range == 0 || range == ranges) {
            return range == 0 ? first : position + 1;
        }
        return Math.max(first, (first + (int) ((long) keys * range / ranges)) / PANEL * PANEL);
    }

    /** Keys at positions {@code first .. end}. */
    private void attend(KeyView view, int head, int first, int end) {
        for (int span = 0; span < view.spans(); span++) {
            KvRows kv = view.rows(span);
            int last = Math.min(view.count(span), end - view.position(span));
            for (int i = Math.max(0, first - view.position(span)); i < last; ) {
                int row = view.from(span) + i;
                int inBlock = row % kv.blockRows();
                int count = Math.min(Math.min(last - i, TILE), kv.blockRows() - inBlock);
                attend(kv.block(row / kv.blockRows()), head, inBlock, count);
                i += count;
            }
        }
    }

    /** Rows of one block. */
    private void attend(KvBlock block, int head, int row, int count) {
        int aligned = row / PANEL * PANEL;
        for (int r = aligned; r < row + count; r += PANEL) {
            for (int h = 0; h < group; h++) {
                block.scores(kernels, head, r, queries, h * headDim, scores, h * STRIDE + r - aligned, scratch);
            }
        }
        int from = row - aligned;
        for (int h = 0; h < group; h++) {
            softmax(h, h * STRIDE + from, count);
        }
        for (int j = 0; j < width; j += PANEL) {
            for (int h = 0; h < group; h++) {
                int p = h * STRIDE + from;
                block.weightedSum(kernels, head, j / PANEL, row, count, scores, p, sums, h * width + j, scratch);
            }
        }
    }

    /** One step of the online softmax (Milakov and Gimelshein 2018). */
    private void softmax(int h, int at, int count) {
        float newMax = Math.max(max[h], kernels.max(scores, at, count));
        float correction = (float) Math.exp(max[h] - newMax);
        max[h] = newMax;
        total[h] = total[h] * correction + kernels.expSum(scores, at, count, newMax);
        if (correction != 1) {
            kernels.scale(sums, h * width, width, correction);
        }
    }

    private void store(float[] out, int to) {
        for (int h = 0; h < group; h++) {
            float factor = 1 / total[h];
            for (int j = 0; j < headDim; j++) {
                out[to + h * headDim + j] = sums[h * width + j] * factor;
            }
        }
    }

    private void storePartial(float[] partials, int partial) {
        for (int h = 0; h < group; h++) {
            int to = partial * partialSize() + h * (width + 2);
            partials[to] = max[h];
            partials[to + 1] = total[h];
            System.arraycopy(sums, h * width, partials, to + 2, width);
        }
    }

    /** Partial results of a query's ranges, in their order whoever made them, into totals and sums. */
    private void merge(float[] partials, int first, int ranges) {
        Arrays.fill(sums, 0);
        Arrays.fill(total, 0);
        for (int h = 0; h < group; h++) {
            int from = first * partialSize() + h * (width + 2);
            float overall = LOWEST;
            for (int r = 0; r < ranges; r++) {
                overall = Math.max(overall, partials[from + r * partialSize()]);
            }
            for (int r = 0; r < ranges; r++) {
                int at = from + r * partialSize();
                float weight = (float) Math.exp(partials[at] - overall);
                total[h] += weight * partials[at + 1];
                for (int j = 0; j < width; j++) {
                    sums[h * width + j] += weight * partials[at + 2 + j];
                }
            }
        }
    }
}
