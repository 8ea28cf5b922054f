package io.yoco4j.engine.exec;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.engine.cache.KvRows;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.Weight;
import io.yoco4j.engine.kernel.WorkerPool;
import org.jspecify.annotations.Nullable;

/** What is done to each row of activations alone, rows shared between threads. One job object, so nothing is allocated. */
final class RowOps {
    private enum Op {
        EMBED,
        NORM,
        ADD,
        HEADS,
        SILU,
        STORE
    }

    private static final int ROWS_PER_TASK = 16;
    private static final float[] NONE = new float[0];

    private final Kernels kernels;
    private final WorkerPool pool;
    private final int headDim;
    private final float eps;
    private final double[] frequencies;
    private final WorkerPool.Job job = this::rows;

    private float[] cos = NONE;
    private float[] sin = NONE;

    private Op op = Op.NORM;
    private int n;
    private int width;
    private float[] x = NONE;
    private float[] y = NONE;
    private float @Nullable [] weight;
    private boolean rope;
    private @Nullable Weight embedding;
    private int[] ids = new int[0];
    private int firstId;
    private float factor;
    private @Nullable KvRows kv;
    private int firstRow;

    RowOps(Architecture a, Kernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
        headDim = a.headDim();
        eps = a.rmsNormEps();
        frequencies = new double[headDim / 2];
        for (int j = 0; j < frequencies.length; j++) {
            frequencies[j] = Math.pow(a.ropeTheta(), -2.0 * j / headDim);
        }
    }

    /** Sets the positions of rows 0 .. n - 1: the first one's, the others follow. */
    void positions(int first, int n) {
        int half = frequencies.length;
        if (cos.length < n * half) {
            cos = new float[n * half];
            sin = new float[n * half];
        }
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < half; j++) {
                double angle = (first + i) * frequencies[j];
                cos[i * half + j] = (float) Math.cos(angle);
                sin[i * half + j] = (float) Math.sin(angle);
            }
        }
    }

    /** x [n, D] = embed[ids] * factor. */
    void embed(Weight embedding, int[] ids, int first, int n, float factor, float[] x) {
        this.embedding = embedding;
        this.ids = ids;
        this.firstId = first;
        this.factor = factor;
        this.x = x;
        start(Op.EMBED, n, embedding.inputs());
    }

    /** y [n, width] = RMSNorm(x; weight). */
    void norm(float[] x, float[] weight, int n, int width, float[] y) {
        this.x = x;
        this.weight = weight;
        this.y = y;
        start(Op.NORM, n, width);
    }

    /** Per-head RMSNorm where there is a weight, then RoPE where asked for, of x [n, heads x hd] in place. */
    void heads(float[] x, float @Nullable [] weight, boolean rope, int n, int heads) {
        if (weight == null && !rope) {
            return;
        }
        this.x = x;
        this.weight = weight;
        this.rope = rope;
        start(Op.HEADS, n, heads * headDim);
    }

    /** gate [n, F] = silu(gate) * up. */
    void silu(float[] gate, float[] up, int n, int width) {
        this.x = gate;
        this.y = up;
        start(Op.SILU, n, width);
    }

    /** x [n, width] += y. */
    void add(float[] x, float[] y, int n, int width) {
        this.x = x;
        this.y = y;
        start(Op.ADD, n, width);
    }

    /** Writes k and v, each [n, KV x hd], to rows {@code first ..} of {@code kv}. */
    void store(float[] k, float[] v, int n, int width, KvRows kv, int first) {
        this.x = k;
        this.y = v;
        this.kv = kv;
        this.firstRow = first;
        start(Op.STORE, n, width);
    }

    private void start(Op op, int n, int width) {
        this.op = op;
        this.n = n;
        this.width = width;
        pool.run((n + ROWS_PER_TASK - 1) / ROWS_PER_TASK, job, 2L * n * width);
    }

    private void rows(int task, int worker) {
        int end = Math.min(n, (task + 1) * ROWS_PER_TASK);
        for (int i = task * ROWS_PER_TASK; i < end; i++) {
            int at = i * width;
            switch (op) {
                case EMBED -> {
                    if (embedding != null) {
                        kernels.unpack(embedding, ids[firstId + i], 0, width, x, at);
                    }
                    if (factor != 1) {
                        kernels.scale(x, at, width, factor);
                    }
                }
                case NORM -> {
                    if (weight != null) {
                        kernels.rmsNorm(x, at, width, eps, weight, y, at);
                    }
                }
                case ADD -> kernels.add(x, at, y, at, width);
                case HEADS -> heads(i, at);
                case SILU -> kernels.siluMultiply(x, at, y, at, width);
                case STORE -> {
                    if (kv != null) {
                        kv.put(firstRow + i, x, y, at);
                    }
                }
            }
        }
    }

    private void heads(int row, int at) {
        int half = headDim / 2;
        for (int h = at; h < at + width; h += headDim) {
            if (weight != null) {
                kernels.rmsNorm(x, h, headDim, eps, weight, x, h);
            }
            if (rope) {
                kernels.rotate(x, h, half, cos, sin, row * half);
            }
        }
    }
}
