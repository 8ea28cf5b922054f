package io.yoco4j.engine.exec;

import static java.util.Objects.requireNonNull;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.arch.Stage.LoopInput;
import io.yoco4j.core.arch.Stage.LoopKv;
import io.yoco4j.engine.cache.GlobalKvCache;
import io.yoco4j.engine.cache.KvRows;
import io.yoco4j.engine.cache.KvShape;
import io.yoco4j.engine.cache.WindowKvCache;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.ManyRowProducts;
import io.yoco4j.engine.kernel.MatMul;
import io.yoco4j.engine.kernel.WorkerPool;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The forward pass: a list of stages over the tokens of a batch. docs/format.md, "Computation", has the mathematics in
 * the same order and with the same names. Norms and matrix products take all rows alike; what looks at other tokens goes
 * segment by segment, as one job.
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
         * @param entry the segment, as it was added to the batch
         * @param row the token of the segment
         */
        void row(int entry, int row, float[] logits, int offset);
    }

    /** Rows whose logits are computed at once. */
    private static final int HEAD_ROWS = 64;

    private static final int UNBOUNDED = Integer.MAX_VALUE;

    private final ModelWeights weights;
    private final List<Stage> stages;
    private final int firstCross;
    private final int hidden; // D
    private final int queryDim; // H x hd
    private final int kvDim; // KV x hd
    private final int intermediate; // F
    private final int vocabulary; // V
    private final int heads; // H
    private final int kvHeads; // KV
    private final int headDim; // hd
    private final float embeddingMultiplier;
    private final KvFormat kvFormat;

    private final MatMul matMul;
    private final RowOps rows;
    private final AttentionKernel attention;
    private final RetentionKernel retention;
    private final EarlyExit exit;
    /**
     * Keys and values of the step itself, for layers that keep only a window; one per layer where loops may reuse them. In the
     * caches' format, so that results do not depend on how a sequence is cut into chunks.
     */
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

    private BatchRows batch = new BatchRows();
    private int n; // rows now
    private LayerTap tap = LayerTap.NONE;

    /**
     * An executor for weights of {@code a}, whose loops each context that runs may override.
     *
     * @param kvFormat of all contexts
     */
    public StageExecutor(
            Architecture a,
            ModelWeights weights,
            Kernels kernels,
            WorkerPool pool,
            KvFormat kvFormat,
            Optional<ManyRowProducts> products) {
        this.weights = weights;
        this.kvFormat = kvFormat;
        stages = a.stages();
        firstCross = a.firstCrossStage();
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
        exit = new EarlyExit(hidden, pool);
    }

    /** The most tokens of a step: what its activations allow. */
    public int maxTokens() {
        return maxTokens(Math.max(Math.max(hidden, queryDim), intermediate));
    }

    /** Rows of so many floats that fit one array, whole panels of them, as products pack them. */
    static int maxTokens(int width) {
        int rows = (Integer.MAX_VALUE - 8) / width;
        return Math.max(1, rows - rows % Kernels.PANEL);
    }

    /**
     * Takes in the tokens of a batch. Cross stages and the output matrix run only for the rows whose logits are wanted
     * (Sun et al. 2024, "You Only Cache Once", section 2.3: prefill exits early).
     *
     * @param batch at most {@link #maxTokens} tokens, of contexts that differ from the model in nothing but loops
     * @param tap sees the residual stream
     */
    public void run(BatchRows batch, LogitSink sink, LayerTap tap) {
        this.batch = batch;
        this.tap = tap;
        reserve(batch.tokens());
        batch.begin();
        n = batch.rows();
        rows.positions(batch);
        rows.embed(weights.embedding, batch, embeddingMultiplier, x);
        tap.embedded(x, n);
        for (int s = 0; s < firstCross; s++) {
            stage(s, stages.get(s));
        }
        if (firstCross < stages.size()) {
            writeGlobalCache(stages.get(firstCross).rope());
        }
        batch.advance();
        moveRows(batch.keepWanted());
        for (int s = firstCross; s < stages.size(); s++) {
            stage(s, stages.get(s));
        }
        head(sink);
    }

    /** Brings the residual stream into the batch's new order. */
    private void moveRows(boolean moved) {
        if (moved) {
            for (int i = 0; i < batch.active(); i++) {
                Segment g = batch.segment(i);
                System.arraycopy(x, g.source * hidden, h, g.first * hidden, g.rows * hidden);
            }
            float[] before = x;
            x = h;
            h = before;
            rows.positions(batch);
        }
        n = batch.rows();
    }

    /** The layers in order, T times; each iteration takes the rows whose contexts have that many, while one is not done. */
    private void stage(int s, Stage stage) {
        moveRows(batch.orderByLoops(s));
        exit.begin(batch, stage);
        boolean inject = stage.loopInput() == LoopInput.INJECT;
        if (inject) {
            System.arraycopy(x, 0, x0, 0, n * hidden);
        }
        for (int t = 0; batch.iterate(t); t++) {
            n = batch.rows();
            if (exit.allDone()) {
                skip(stage, s, t);
                continue;
            }
            exit.before(x, n);
            if (inject && t > 0) {
                rows.add(x, x0, n, hidden);
            }
            for (int l = 0; l < stage.layers(); l++) {
                layer(stage, s, t, l);
            }
            exit.after(x, n, t);
        }
        exit.end();
        batch.iterate(0);
        n = batch.rows();
    }

    /** An iteration that no row takes part in: its keys and values are those of the one before. */
    private void skip(Stage stage, int s, int t) {
        for (int l = 0; l < stage.layers(); l++) {
            if (stage.attention() instanceof Attention.Full && stage.loopKv() == LoopKv.EACH) {
                storeFull(s, t, l);
            } else if (stage.attention() instanceof Attention.SlidingWindow) {
                fillRings(stage, s, t, l, chunkKv(l));
            }
        }
    }

    /** x += o_proj(mixer(RMSNorm(x))), then x += down_proj(silu(gate_proj h) * up_proj h). */
    private void layer(Stage stage, int s, int t, int l) {
        ModelWeights.Layer w = weights.layer(s, l);
        rows.norm(x, w.attnNorm(), n, hidden, h);
        switch (stage.attention()) {
            case Attention.Full _ -> full(stage, s, t, l, w);
            case Attention.SlidingWindow(int window) -> window(stage, s, t, l, w, window);
            case Attention.GatedRetention _ -> retention(s, t, l, w);
            case Attention.Cross _ -> cross(stage, w);
        }
        matMul.input(mixed, n, queryDim).addTo(w.o(), x).run();
        rows.norm(x, w.mlpNorm(), n, hidden, h);
        matMul.input(h, n, hidden).into(w.gate(), gate).into(w.up(), up).run();
        rows.silu(gate, up, n, intermediate);
        matMul.input(gate, n, intermediate).addTo(w.down(), x).run();
        tap.layer(s, t, l, x, n);
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

    private void full(Stage stage, int s, int t, int l, ModelWeights.Layer w) {
        boolean reused = t > 0 && stage.loopKv() == LoopKv.FIRST;
        project(w, stage.rope(), reused);
        if (!reused) {
            storeFull(s, t, l);
        }
        for (int i = 0; i < batch.active(); i++) {
            Segment g = batch.segment(i);
            g.context().full(s, reused ? 0 : t, l).view(g.view);
        }
        attention.run(q, batch, UNBOUNDED, mixed);
    }

    /** Keys and values of an iteration; rows that are done have those of the one before. */
    private void storeFull(int s, int t, int l) {
        for (int i = 0; i < batch.active(); i++) {
            Segment g = batch.segment(i);
            @Nullable GlobalKvCache previous = t > 0 ? g.context().full(s, t - 1, l) : null;
            grow(g, g.context().full(s, t, l), previous);
        }
        rows.store(k, v, batch, exit, kvDim);
    }

    private static void grow(Segment g, GlobalKvCache cache, @Nullable GlobalKvCache previous) {
        int first = cache.length();
        g.target(cache.grow(g.rows), first, previous == null ? null : previous.rows());
    }

    /**
     * Attends to the ring and to the step's own rows, which enter the ring only after their last use: so the ring needs
     * no more than {@code window} rows.
     */
    private void window(Stage stage, int s, int t, int l, ModelWeights.Layer w, int window) {
        boolean first = stage.loopKv() == LoopKv.FIRST;
        boolean reused = t > 0 && first;
        project(w, stage.rope(), reused);
        KvRows own = chunkKv(first || exit.active() ? l : 0);
        own.reserve(n);
        for (int i = 0; i < batch.active(); i++) {
            Segment g = batch.segment(i);
            g.target(own, g.first, null);
            g.context().window(s, reused ? 0 : t, l).view(g.view, own, g.first, g.rows);
        }
        if (!reused) {
            rows.store(k, v, batch, exit, kvDim);
        }
        attention.run(q, batch, window, mixed);
        fillRings(stage, s, t, l, own);
    }

    /** Takes the step's own rows into the rings; where iterations reuse them, after the last one. */
    private void fillRings(Stage stage, int s, int t, int l, KvRows own) {
        boolean first = stage.loopKv() == LoopKv.FIRST;
        for (int i = 0; i < batch.active(); i++) {
            Segment g = batch.segment(i);
            WindowKvCache cache = g.context().window(s, first ? 0 : t, l);
            g.ring(!first || t == g.loops - 1 ? cache : null);
        }
        rows.fillRings(own, batch, kvDim);
        for (int i = 0; i < batch.active(); i++) {
            batch.segment(i).advanceRing();
        }
    }

    private KvRows chunkKv(int layer) {
        while (chunkKv.size() <= layer) {
            chunkKv.add(new KvRows(KvShape.of(kvFormat, kvHeads, headDim, UNBOUNDED)));
        }
        return chunkKv.get(layer);
    }

    private void retention(int s, int t, int l, ModelWeights.Layer w) {
        matMul.input(h, n, hidden).into(requireNonNull(w.g()), outputGate).into(requireNonNull(w.decay()), decay);
        matMul.run();
        project(w, false, false);
        rows.heads(q, null, true, n, heads);
        rows.heads(k, null, true, n, heads);
        for (int i = 0; i < batch.active(); i++) {
            Segment g = batch.segment(i);
            g.retention = g.context().retention(s, t, l).values();
        }
        retention.run(q, k, v, decay, outputGate, batch, mixed);
        System.arraycopy(outputGate, 0, mixed, 0, n * queryDim);
    }

    /** Only queries: keys and values are the global cache's. */
    private void cross(Stage stage, ModelWeights.Layer w) {
        matMul.input(h, n, hidden).into(w.q(), q).run();
        rows.heads(q, w.qNorm(), stage.rope(), n, heads);
        for (int i = 0; i < batch.active(); i++) {
            Segment g = batch.segment(i);
            g.context().global().view(g.view);
        }
        attention.run(q, batch, UNBOUNDED, mixed);
    }

    /** K = cache.k_proj c, V = cache.v_proj c with c = RMSNorm(x; cache.norm), once, for all cross layers and loops. */
    private void writeGlobalCache(boolean rope) {
        ModelWeights.Cache w = requireNonNull(weights.cache);
        rows.norm(x, w.norm(), n, hidden, h);
        matMul.input(h, n, hidden).into(w.k(), k).into(w.v(), v).run();
        rows.heads(k, w.kNorm(), rope, n, kvHeads);
        for (int i = 0; i < batch.active(); i++) {
            Segment g = batch.segment(i);
            grow(g, g.context().global(), null);
        }
        rows.store(k, v, batch, exit, kvDim);
    }

    /** logits = lm_head(RMSNorm(x; norm)). */
    private void head(LogitSink sink) {
        for (int r = 0; r < n; r += HEAD_ROWS) {
            int count = Math.min(HEAD_ROWS, n - r);
            System.arraycopy(x, r * hidden, h, 0, count * hidden);
            rows.norm(h, weights.finalNorm, count, hidden, h);
            if (logits.length < count * vocabulary) {
                logits = new float[Math.multiplyExact(count, vocabulary)];
            }
            matMul.input(h, count, hidden).into(weights.head, logits).run();
            for (int i = 0; i < count; i++) {
                Segment g = batch.owner(r + i);
                sink.row(g.entry, g.count - g.rows + r + i - g.first, logits, i * vocabulary);
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
