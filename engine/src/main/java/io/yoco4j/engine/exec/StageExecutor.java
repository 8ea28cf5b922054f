package io.yoco4j.engine.exec;

import static java.util.Objects.requireNonNull;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.arch.Stage.LoopInput;
import io.yoco4j.core.arch.Stage.LoopKv;
import io.yoco4j.engine.cache.ContextState;
import io.yoco4j.engine.cache.GlobalKvCache;
import io.yoco4j.engine.cache.KeyView;
import io.yoco4j.engine.cache.KvRows;
import io.yoco4j.engine.cache.WindowKvCache;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.ManyRowProducts;
import io.yoco4j.engine.kernel.MatMul;
import io.yoco4j.engine.kernel.WorkerPool;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The forward pass: a list of stages over a chunk of consecutive tokens of one context. docs/format.md, "Computation",
 * has the mathematics in the same order and with the same names.
 *
 * <p>Its activations are reused from call to call, so one call runs at a time.
 */
public final class StageExecutor {

    /** Takes a row of logits. */
    @FunctionalInterface
    public interface LogitSink {
        /**
         * Takes logits [V] at {@code offset}; they are overwritten afterwards.
         *
         * @param row of the chunk
         */
        void row(int row, float[] logits, int offset);
    }

    /** Rows whose logits are computed at once. */
    private static final int HEAD_ROWS = 64;

    private static final int UNBOUNDED = Integer.MAX_VALUE;

    private final ModelWeights weights;
    private final int hidden; // D
    private final int queryDim; // H x hd
    private final int kvDim; // KV x hd
    private final int intermediate; // F
    private final int vocabulary; // V
    private final int heads; // H
    private final int kvHeads; // KV
    private final int headDim; // hd
    private final float embeddingMultiplier;

    private final MatMul matMul;
    private final RowOps rows;
    private final AttentionKernel attention;
    private final RetentionKernel retention;
    private final KeyView view = new KeyView();
    /** Keys and values of the chunk itself, for layers that keep only a window; one per layer where loops reuse them. */
    private final List<KvRows> chunkKv = new ArrayList<>();

    private int capacity;
    private float[] x = {}; // [n, D], the residual stream
    private float[] x0 = {}; // [n, D], the stage's input
    private float[] h = {}; // [n, D]
    private float[] q = {}; // [n, H x hd]
    private float[] k = {}; // [n, KV x hd], or [n, H x hd] of retention
    private float[] v = {}; // as k
    private float[] mixed = {}; // [n, H x hd]
    private float[] outputGate = {}; // [n, H x hd], retention
    private float[] decay = {}; // [n, H], retention
    private float[] gate = {}; // [n, F]
    private float[] up = {}; // [n, F]
    private float[] logits = {}; // [up to 64, V]

    private int n; // rows now
    private int firstPosition; // of row 0

    /** An executor for weights of {@code a}, whose loops may be overridden by the contexts that run. */
    public StageExecutor(
            Architecture a,
            ModelWeights weights,
            Kernels kernels,
            WorkerPool pool,
            Optional<ManyRowProducts> products) {
        this.weights = weights;
        hidden = a.hiddenSize();
        queryDim = a.queryDim();
        kvDim = a.kvDim();
        intermediate = a.intermediateSize();
        vocabulary = a.vocabSize();
        heads = a.attentionHeads();
        kvHeads = a.keyValueHeads();
        headDim = a.headDim();
        embeddingMultiplier = a.embeddingMultiplier();
        matMul = new MatMul(kernels, pool, products);
        rows = new RowOps(a, kernels, pool);
        attention = new AttentionKernel(a, kernels, pool);
        retention = new RetentionKernel(a, kernels, pool);
    }

    /**
     * Takes in {@code count} tokens. Cross stages and the output matrix run only for the rows whose logits are wanted
     * (Sun et al. 2024, "You Only Cache Once", section 2.3: prefill exits early).
     *
     * @param ids holds the tokens, valid ones, from index {@code from} on
     * @param wanted rows of the chunk from this one on give logits; {@code count} for none
     */
    public void run(ContextState context, int[] ids, int from, int count, int wanted, LogitSink sink) {
        List<Stage> stages = context.architecture().stages();
        int firstCross = context.architecture().firstCrossStage();
        reserve(count);
        n = count;
        firstPosition = context.position();
        rows.positions(firstPosition, n);
        rows.embed(weights.embedding, ids, from, n, embeddingMultiplier, x);
        for (int s = 0; s < firstCross; s++) {
            stage(context, s, stages.get(s));
        }
        if (firstCross < stages.size()) {
            writeGlobalCache(context, stages.get(firstCross).rope());
        }
        context.advance(count);
        if (wanted == count) {
            return;
        }
        keepRowsFrom(wanted);
        for (int s = firstCross; s < stages.size(); s++) {
            stage(context, s, stages.get(s));
        }
        head(wanted, sink);
    }

    private void keepRowsFrom(int first) {
        if (first > 0) {
            n -= first;
            firstPosition += first;
            System.arraycopy(x, first * hidden, x, 0, n * hidden);
            rows.positions(firstPosition, n);
        }
    }

    /** The layers in order, T times. */
    private void stage(ContextState context, int s, Stage stage) {
        boolean inject = stage.loopInput() == LoopInput.INJECT;
        if (inject) {
            System.arraycopy(x, 0, x0, 0, n * hidden);
        }
        for (int t = 0; t < stage.loops(); t++) {
            if (inject && t > 0) {
                rows.add(x, x0, n, hidden);
            }
            for (int l = 0; l < stage.layers(); l++) {
                layer(context, stage, s, t, l);
            }
        }
    }

    /** x += o_proj(mixer(RMSNorm(x))), then x += down_proj(silu(gate_proj h) * up_proj h). */
    private void layer(ContextState context, Stage stage, int s, int t, int l) {
        ModelWeights.Layer w = weights.layer(s, l);
        rows.norm(x, w.attnNorm(), n, hidden, h);
        switch (stage.attention()) {
            case Attention.Full _ -> full(context, stage, s, t, l, w);
            case Attention.SlidingWindow(int window) -> window(context, stage, s, t, l, w, window);
            case Attention.GatedRetention _ -> retention(context, s, t, l, w);
            case Attention.Cross _ -> cross(context, stage, w);
        }
        matMul.input(mixed, n, queryDim).addTo(w.o(), x).run();
        rows.norm(x, w.mlpNorm(), n, hidden, h);
        matMul.input(h, n, hidden).into(w.gate(), gate).into(w.up(), up).run();
        rows.silu(gate, up, n, intermediate);
        matMul.input(gate, n, intermediate).addTo(w.down(), x).run();
    }

    /** q, and k and v unless {@code reused} says that iteration 1 made them: projected, normed, rotated. */
    private void project(ModelWeights.Layer w, boolean rope, boolean reused) {
        matMul.input(h, n, hidden).into(w.q(), q);
        if (!reused) {
            matMul.into(requireNonNull(w.k()), k).into(requireNonNull(w.v()), v);
        }
        matMul.run();
        rows.heads(q, w.qNorm(), rope, n, heads);
        if (!reused) {
            rows.heads(k, w.kNorm(), rope, n, kvHeads);
        }
    }

    private void full(ContextState context, Stage stage, int s, int t, int l, ModelWeights.Layer w) {
        boolean reused = t > 0 && stage.loopKv() == LoopKv.FIRST;
        project(w, stage.rope(), reused);
        GlobalKvCache cache = context.full(s, reused ? 0 : t, l);
        if (!reused) {
            int first = cache.length();
            rows.store(k, v, n, kvDim, cache.grow(n), first);
        }
        attention.run(q, n, firstPosition, UNBOUNDED, cache.view(view), mixed);
    }

    /**
     * Attends to the ring and to the chunk's own rows, which enter the ring only after their last use: so the ring needs
     * no more than {@code window} rows.
     */
    private void window(ContextState context, Stage stage, int s, int t, int l, ModelWeights.Layer w, int window) {
        boolean first = stage.loopKv() == LoopKv.FIRST;
        boolean reused = t > 0 && first;
        project(w, stage.rope(), reused);
        KvRows own = chunkKv(first ? l : 0);
        if (!reused) {
            own.reserve(n);
            rows.store(k, v, n, kvDim, own, 0);
        }
        WindowKvCache cache = context.window(s, reused ? 0 : t, l);
        attention.run(q, n, firstPosition, window, cache.view(view, own, n), mixed);
        if (!first || t == stage.loops() - 1) {
            cache.append(own, n);
        }
    }

    private KvRows chunkKv(int layer) {
        while (chunkKv.size() <= layer) {
            chunkKv.add(new KvRows(kvHeads, headDim, UNBOUNDED));
        }
        return chunkKv.get(layer);
    }

    private void retention(ContextState context, int s, int t, int l, ModelWeights.Layer w) {
        matMul.input(h, n, hidden).into(requireNonNull(w.g()), outputGate).into(requireNonNull(w.decay()), decay);
        matMul.run();
        project(w, false, false);
        rows.heads(q, null, true, n, heads);
        rows.heads(k, null, true, n, heads);
        retention.run(q, k, v, decay, outputGate, n, context.retention(s, t, l), mixed);
        System.arraycopy(outputGate, 0, mixed, 0, n * queryDim);
    }

    /** Only queries: keys and values are the global cache's. */
    private void cross(ContextState context, Stage stage, ModelWeights.Layer w) {
        matMul.input(h, n, hidden).into(w.q(), q).run();
        rows.heads(q, w.qNorm(), stage.rope(), n, heads);
        attention.run(q, n, firstPosition, UNBOUNDED, context.global().view(view), mixed);
    }

    /** K = cache.k_proj c, V = cache.v_proj c with c = RMSNorm(x; cache.norm), once, for all cross layers and loops. */
    private void writeGlobalCache(ContextState context, boolean rope) {
        ModelWeights.Cache w = requireNonNull(weights.cache);
        rows.norm(x, w.norm(), n, hidden, h);
        matMul.input(h, n, hidden).into(w.k(), k).into(w.v(), v).run();
        rows.heads(k, w.kNorm(), rope, n, kvHeads);
        GlobalKvCache cache = context.global();
        int first = cache.length();
        rows.store(k, v, n, kvDim, cache.grow(n), first);
    }

    /** logits = lm_head(RMSNorm(x; norm)). */
    private void head(int firstRow, LogitSink sink) {
        for (int r = 0; r < n; r += HEAD_ROWS) {
            int count = Math.min(HEAD_ROWS, n - r);
            System.arraycopy(x, r * hidden, h, 0, count * hidden);
            rows.norm(h, weights.finalNorm, count, hidden, h);
            if (logits.length < count * vocabulary) {
                logits = new float[Math.multiplyExact(count, vocabulary)];
            }
            matMul.input(h, count, hidden).into(weights.head, logits).run();
            for (int i = 0; i < count; i++) {
                sink.row(firstRow + r + i, logits, i * vocabulary);
            }
        }
    }

    private void reserve(int count) {
        if (count <= capacity) {
            return;
        }
        x = new float[Math.multiplyExact(count, hidden)];
        x0 = new float[count * hidden];
        h = new float[count * hidden];
        q = new float[Math.multiplyExact(count, queryDim)];
        k = new float[count * queryDim];
        v = new float[count * queryDim];
        mixed = new float[count * queryDim];
        outputGate = new float[count * queryDim];
        decay = new float[count * heads];
        gate = new float[Math.multiplyExact(count, intermediate)];
        up = new float[count * intermediate];
        capacity = count;
    }
}
