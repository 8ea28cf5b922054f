package io.yoco4j.engine.exec;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.WorkerPool;
import java.util.Arrays;

/**
 * Gated retention, segments and heads in parallel (Sun et al. 2024, "You Only Cache Once", section 3.1): decay {@code
 * exp(logsigmoid(d) / 16)}, then RMSNorm of each head's output without weight, then the output gate. Few tokens take the
 * recurrent form, many the chunkwise one.
 */
final class RetentionKernel {
    /** Tokens of a segment from which on products pay. */
    private static final int MANY = 16;

    private final Kernels kernels;
    private final WorkerPool pool;
    private final int heads;
    private final int headDim;
    private final float eps;
    private final float scale;
    private final float[] ones;
    private final WorkerPool.Job job = this::head;

    private float[] q = new float[0];
    private float[] k = new float[0];
    private float[] v = new float[0];
    private float[] decay = new float[0];
    private float[] gate = new float[0];
    private float[] out = new float[0];
    private BatchRows batch = new BatchRows();
    /** One for each thread, once there are many tokens. */
    private RetentionChunks[] chunks = {};

    RetentionKernel(Architecture a, Kernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
        heads = a.attentionHeads();
        headDim = a.headDim();
        eps = a.rmsNormEps();
        scale = (float) (1 / Math.sqrt(headDim));
        ones = new float[headDim];
        Arrays.fill(ones, 1);
    }

    /**
     * Takes in the tokens of all segments, each segment into its state.
     *
     * @param q queries, rotated, [n, H x hd]
     * @param k keys, rotated, [n, H x hd]
     * @param v values, [n, H x hd]
     * @param decay before logsigmoid, [n, H]
     * @param gate before silu, [n, H x hd]; overwritten with the result
     * @param scratch [n, H x hd]
     */
    void run(float[] q, float[] k, float[] v, float[] decay, float[] gate, BatchRows batch, float[] scratch) {
        this.q = q;
        this.k = k;
        this.v = v;
        this.decay = decay;
        this.gate = gate;
        this.out = scratch;
        this.batch = batch;
        for (int i = 0; i < batch.active() && chunks.length == 0; i++) {
            if (batch.segment(i).rows >= MANY) {
                RetentionChunks[] ofThreads = new RetentionChunks[pool.threads()];
                Arrays.setAll(ofThreads, _ -> new RetentionChunks(kernels, headDim));
                chunks = ofThreads;
            }
        }
        pool.run(batch.active() * heads, job, 2L * batch.rows() * heads * headDim * headDim);
    }

    /** All tokens of a segment, one head. */
    private void head(int task, int worker) {
        Segment g = batch.segment(task / heads);
        int head = task % heads;
        if (g.rows < MANY) {
            recurrent(g, head);
        } else {
            chunkwise(g, head, chunks[worker]);
        }
        for (int i = g.first; i < g.first + g.rows; i++) {
            int at = (i * heads + head) * headDim;
            kernels.rmsNorm(out, at, headDim, eps, ones, out, at);
            kernels.siluMultiply(gate, at, out, at, headDim);
        }
    }

    private void recurrent(Segment g, int head) {
        int state = head * headDim * headDim;
        for (int i = g.first; i < g.first + g.rows; i++) {
            float factor = (float) Math.exp(logDecay(decay[i * heads + head]));
            int at = (i * heads + head) * headDim;
            kernels.retention(g.retention, state, headDim, factor, scale, q, k, v, at, out, at);
        }
    }

    private void chunkwise(Segment g, int head, RetentionChunks chunk) {
        int state = head * headDim * headDim;
        int stride = heads * headDim;
        chunk.load(g.retention, state);
        for (int from = g.first; from < g.first + g.rows; from += RetentionChunks.CHUNK) {
            int count = Math.min(RetentionChunks.CHUNK, g.first + g.rows - from);
            for (int i = 0; i < count; i++) {
                chunk.decay(i, logDecay(decay[(from + i) * heads + head]));
            }
            chunk.run(count, q, k, v, from * stride + head * headDim, stride, out);
        }
        chunk.store(g.retention, state);
    }

    /** logsigmoid(x) / 16; where exp(-x) would overflow, logsigmoid(x) is x. */
    private static double logDecay(float x) {
        return (x < -40 ? x : -Math.log1p(Math.exp(-x))) / 16;
    }
}
