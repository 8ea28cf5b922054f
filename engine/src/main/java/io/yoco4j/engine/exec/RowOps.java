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
        ANGLES,
        EMBED,
        NORM,
        ADD,
        HEADS,
        SILU,
        STORE,
        RING
    }

    private static final int MAX_ROWS_PER_TASK = 16;
    /** What a cosine and a sine cost, in multiply-adds. */
    private static final int ANGLE_COST = 50;

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
    private BatchRows batch = new BatchRows();
    private int n;
    private int rowsPerTask;
    private int width;
    private float[] x = NONE;
    private float[] y = NONE;
    private float @Nullable [] weight;
    private boolean rope;
    private @Nullable Weight embedding;
    private float factor;
    private @Nullable KvRows chunk;
    private @Nullable EarlyExit exit;

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

    /** Takes the angles of RoPE for the positions that rows have now. */
    void positions(BatchRows batch) {
        int half = frequencies.length;
        int rows = batch.rows();
        if (cos.length < rows * half) {
            // Both or none: memory may be short for the second.
            float[] sines = new float[rows * half];
            cos = new float[rows * half];
            sin = sines;
        }
        this.batch = batch;
        start(Op.ANGLES, rows, half * ANGLE_COST);
    }

    /** x [n, D] = embed[ids] * factor. */
    void embed(Weight embedding, BatchRows batch, float factor, float[] x) {
        this.embedding = embedding;
        this.batch = batch;
        this.factor = factor;
        this.x = x;
        start(Op.EMBED, batch.rows(), embedding.inputs());
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

    /** Writes k and v, each [n, KV x hd], to the targets of the segments; rows that are done keep what they had. */
    void store(float[] k, float[] v, BatchRows batch, EarlyExit exit, int width) {
        this.x = k;
        this.y = v;
        this.exit = exit;
        this.batch = batch;
        start(Op.STORE, batch.rows(), width);
    }

    /** Copies rows of {@code chunk}, which are numbered as the batch's, to the rings of the segments. */
    void fillRings(KvRows chunk, BatchRows batch, int width) {
        this.chunk = chunk;
        this.batch = batch;
        start(Op.RING, batch.rows(), width);
    }

    private void start(Op op, int n, int width) {
        this.op = op;
        this.n = n;
        this.width = width;
        rowsPerTask = Math.clamp(n / (4 * pool.threads()), 1, MAX_ROWS_PER_TASK);
        pool.run((n + rowsPerTask - 1) / rowsPerTask, job, 2L * n * width);
    }

    private void rows(int task, int worker) {
        int end = Math.min(n, (task + 1) * rowsPerTask);
        for (int i = task * rowsPerTask; i < end; i++) {
            int at = i * width;
            switch (op) {
                case ANGLES -> angles(i);
                case EMBED -> {
                    if (embedding != null) {
                        kernels.unpack(embedding, batch.id(i), 0, width, x, at);
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
                    Segment g = batch.owner(i);
                    if (exit != null && exit.done(i)) {
                        g.keep(i);
                    } else {
                        g.store(i, x, y, at);
                    }
                }
                case RING -> {
                    if (chunk != null) {
                        batch.owner(i).putInRing(i, chunk);
                    }
                }
            }
        }
    }

    private void angles(int row) {
        int half = frequencies.length;
        int position = batch.position(row);
        for (int j = 0; j < half; j++) {
            double angle = position * frequencies[j];
            cos[row * half + j] = (float) Math.cos(angle);
            sin[row * half + j] = (float) Math.sin(angle);
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
