package io.yoco4j.engine.exec;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.WorkerPool;
import java.util.Arrays;

/**
 * Causal grouped-query softmax attention of all rows of a step as one job: each task is a block of queries side by side
 * ({@link PrefillAttention}) or a single query ({@link DecodeAttention}), whichever its segment calls for.
 */
final class AttentionKernel {
    private final WorkerPool pool;
    private final AttentionTasks tasks;
    private final PrefillAttention[] prefill;
    private final DecodeAttention[] decode;
    private final WorkerPool.Job job = this::task;

    private float[] q = new float[0];
    private float[] out = new float[0];
    private BatchRows batch = new BatchRows();
    private int window;
    /** What ranges of keys gave, until the last of a query's is done. */
    private float[] partials = new float[0];

    AttentionKernel(Architecture a, Kernels kernels, WorkerPool pool) {
        this.pool = pool;
        tasks = new AttentionTasks(pool.threads(), a.attentionHeads(), a.keyValueHeads(), a.headDim());
        prefill = new PrefillAttention[pool.threads()];
        Arrays.setAll(prefill, i -> new PrefillAttention(a, kernels));
        decode = new DecodeAttention[pool.threads()];
        Arrays.setAll(decode, i -> new DecodeAttention(a, kernels));
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
        int size = tasks.partials() * decode[0].partialSize();
        if (partials.length < size) {
            partials = new float[size];
        }
        pool.run(tasks.count(), job, tasks.operations());
    }

    private void task(int task, int worker) {
        int at = tasks.find(task);
        Segment g = batch.segment(tasks.segment(at));
        int inSegment = task - tasks.first(at);
        if (tasks.many(g)) {
            prefill[worker].run(q, g, inSegment, window, out);
        } else {
            decode[worker].run(q, g, tasks, at, inSegment, window, partials, out);
        }
    }
}
