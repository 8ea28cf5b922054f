package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Products of rows of activations with stored matrices: {@code out [n, outputs] (+)= x [n, inputs] * W^T}. Several
 * matrices that share an input run as one job.
 *
 * <p>Few rows: stored rows are read where they lie, each meeting up to 8 rows of x at a time. Many: x is packed into strips
 * once, stored rows are unpacked once per block of x, and the register-blocked product runs over both (Goto and van de Geijn
 * 2008, with the weights in the place of what is broadcast). Whatever {@link ManyRowProducts} take is theirs instead.
 */
public final class MatMul {
    /** From so many rows on, strips pay. */
    static final int MANY = 32;

    /**
     * Most blocks of {@link #DOT_ROWS} stored rows of a task with few rows, and how many tasks each thread should have at
     * least: claiming a task costs a fence, which the reading of rows waits for.
     */
    private static final int MAX_BLOCKS = 4;

    private static final int TASKS = 4;

    /**
     * Most outputs of a block of a many-row product: its results take half of a second-level cache of 512 KB, its weights a
     * quarter. x comes through that cache once for all of these outputs.
     */
    private static final int MAX_OUTPUTS = 3 * Kernels.HEIGHTS;

    private static final int BLOCK_ROWS = Kernels.BLOCK_ROWS;
    private static final int RESULT_STRIDE = Kernels.RESULT_STRIDE;

    private static final int MAX_TERMS = 4;
    /** Rows of a task that packs, whole strips. */
    private static final int PACKED_ROWS = Kernels.PANEL;

    private static final int DEPTH = Kernels.DEPTH;
    private static final int WIDE = Kernels.WIDE;
    private static final int DOT_ROWS = Kernels.DOT_ROWS;
    /** Lines of the cache. */
    private static final int ALIGNMENT = 64;

    private final Kernels kernels;
    private final int strip;
    private final int height;

    private final WorkerPool pool;
    private final @Nullable ManyRowProducts products;
    private final Weight[] weights = new Weight[MAX_TERMS];
    private final float[][] outs = new float[MAX_TERMS][];
    private final boolean[] adds = new boolean[MAX_TERMS];
    private final boolean[] taken = new boolean[MAX_TERMS];
    /** Outputs per task, by term. */
    private final int[] widths = new int[MAX_TERMS];

    /** x as formats want it, by format; not on the heap, where nothing is aligned. */
    private final MemorySegment[] arranged = new MemorySegment[WeightFormat.values().length];

    private final float[][] scratches;
    /** Stored rows as float32, by worker. */
    private final float[][] unpacked;
    /** Results of a block, [outputs][rows of x], by worker. */
    private final float[][] results;

    private final WorkerPool.Job packJob = this::pack;
    private final WorkerPool.Job productJob = this::product;
    private float[] x = new float[0];
    private float[] packed = new float[0];
    private int n;
    private int inputs;
    private int terms;

    public MatMul(Kernels kernels, WorkerPool pool) {
        this(kernels, pool, Optional.empty());
    }

    /** As above, with other means for some of the products. */
    public MatMul(Kernels kernels, WorkerPool pool, Optional<ManyRowProducts> products) {
        this.kernels = kernels;
        this.pool = pool;
        this.products = products.orElse(null);
        strip = kernels.strip();
        height = kernels.height();
        Arrays.fill(arranged, MemorySegment.NULL);
        scratches = new float[pool.threads()][0];
        unpacked = new float[pool.threads()][0];
        results = new float[pool.threads()][0];
    }

    /** Sets the input, x [n, inputs]; it must not change until {@link #run} returns. */
    public MatMul input(float[] x, int n, int inputs) {
        this.x = x;
        this.n = n;
        this.inputs = inputs;
        terms = 0;
        return this;
    }

    /** Asks for {@code out = x W^T}. */
    public MatMul into(Weight w, float[] out) {
        return term(w, out, false);
    }

    /** Asks for {@code out += x W^T}. */
    public MatMul addTo(Weight w, float[] out) {
        return term(w, out, true);
    }

    private MatMul term(Weight w, float[] out, boolean add) {
        if (w.inputs() != inputs) {
            throw new IllegalArgumentException("a weight of " + w.inputs() + " inputs for rows of " + inputs);
        }
        weights[terms] = w;
        outs[terms] = out;
        adds[terms] = add;
        terms++;
        return this;
    }

    /** Computes everything asked for. */
    public void run() {
        if (n == 0) {
            return;
        }
        long outputs = 0;
        int tasks = 0;
        int dotScratch = 0;
        boolean anyTaken = false;
        boolean anyOwn = false;
        for (int t = 0; t < terms; t++) {
            taken[t] = products != null && products.takes(weights[t], n);
            anyTaken |= taken[t];
            anyOwn |= !taken[t];
            dotScratch = Math.max(dotScratch, weights[t].dotScratch());
            outputs += weights[t].outputs();
            widths[t] = width(t);
            tasks += blocks(weights[t].outputs(), widths[t]);
        }
        if (anyTaken && products != null) {
            products.input(x, n, inputs, pool);
        }
        if (anyOwn && n < MANY) {
            for (int i = 0; i < scratches.length && scratches[i].length < dotScratch; i++) {
                scratches[i] = new float[dotScratch];
            }
            arrange();
        } else if (anyOwn) {
            int strips = blocks(n, strip);
            if (packed.length < strips * strip * inputs) {
                packed = new float[strips * strip * inputs];
            }
            for (int i = 0; i < results.length && results[i].length == 0; i++) {
                unpacked[i] = new float[MAX_OUTPUTS * Kernels.BLOCK_STRIDE];
                results[i] = new float[MAX_OUTPUTS * RESULT_STRIDE];
            }
            pool.run(blocks(n, PACKED_ROWS), packJob, (long) inputs * n);
        }
        pool.run(tasks, productJob, outputs * inputs * n);
    }

    /** Once for each format, as x meets many stored rows. */
    private void arrange() {
        for (int t = 0; t < terms; t++) {
            WeightFormat format = weights[t].format();
            if (taken[t] || (t > 0 && weights[t - 1].format() == format && !taken[t - 1])) {
                continue;
            }
            long wide = kernels.arranged(format, inputs, WIDE);
            long size = blocks(n, WIDE) * wide;
            if (arranged[format.ordinal()].byteSize() < size) {
                arranged[format.ordinal()] = Arena.ofAuto().allocate(size, ALIGNMENT);
            }
            long at = 0;
            for (int r = 0; r < n; r += together(r)) {
                int rows = together(r);
                kernels.arrange(format, x, r * inputs, inputs, rows, arranged[format.ordinal()], at);
                at += kernels.arranged(format, inputs, rows);
            }
        }
    }

    /** Rows of a few-row product that go together, from row r on. */
    private int together(int r) {
        return Math.min(WIDE, n - r);
    }

    private int width(int t) {
        if (products != null && taken[t]) {
            return products.slice();
        }
        int outputs = weights[t].outputs();
        int threads = pool.threads();
        if (n < MANY) {
            return DOT_ROWS * Math.clamp(blocks(outputs, DOT_ROWS) / threads / TASKS, 1, MAX_BLOCKS);
        }
        // Equal tasks, as many for each thread.
        int tasks = Math.max(TASKS, blocks(blocks(outputs, MAX_OUTPUTS), threads)) * threads;
        return blocks(blocks(outputs, tasks), height) * height;
    }

    private static int blocks(int size, int block) {
        return (size + block - 1) / block;
    }

    private void product(int task, int worker) {
        int t = 0;
        int piece = task;
        while (piece >= blocks(weights[t].outputs(), widths[t])) {
            piece -= blocks(weights[t].outputs(), widths[t]);
            t++;
        }
        Weight w = weights[t];
        int first = piece * widths[t];
        int outputs = Math.min(widths[t], w.outputs() - first);
        if (products != null && taken[t]) {
            products.multiply(w, first, outputs, outs[t], adds[t], worker);
        } else if (n < MANY) {
            few(w, first, outputs, outs[t], adds[t], worker);
        } else {
            many(w, first, outputs, outs[t], adds[t], worker);
        }
    }

    private void few(Weight w, int first, int outputs, float[] out, boolean add, int worker) {
        for (int o = 0; o < outputs; o += DOT_ROWS) {
            dotRows(w, first + o, Math.min(DOT_ROWS, outputs - o), out, add, worker);
        }
    }

    private void dotRows(Weight w, int first, int outputs, float[] out, boolean add, int worker) {
        MemorySegment xs = arranged[w.format().ordinal()];
        long at = 0;
        for (int r = 0; r < n; r += together(r)) {
            int rows = together(r);
            int to = r * w.outputs();
            kernels.dotRows(w, first, outputs, rows, x, r * inputs, xs, at, out, to, add, scratches[worker]);
            at += kernels.arranged(w.format(), inputs, rows);
        }
    }

    private void pack(int task, int worker) {
        int first = task * PACKED_ROWS;
        int end = Math.min(n, first + PACKED_ROWS);
        for (int r = first; r < end; r += strip) {
            kernels.pack(x, r * inputs, Math.min(strip, end - r), inputs, packed, r * inputs);
        }
    }

    private void many(Weight w, int first, int outputs, float[] out, boolean add, int worker) {
        for (int r = 0; r < n; r += BLOCK_ROWS) {
            int rows = Math.min(BLOCK_ROWS, n - r);
            int padded = blocks(rows, strip) * strip;
            for (int o = 0; o < blocks(outputs, height) * height; o++) {
                Arrays.fill(results[worker], o * RESULT_STRIDE, o * RESULT_STRIDE + padded, 0);
            }
            for (int from = 0; from < inputs; from += DEPTH) {
                int k = Math.min(DEPTH, inputs - from);
                for (int o = 0; o < outputs; o++) {
                    kernels.unpack(w, first + o, from, k, unpacked[worker], o * Kernels.BLOCK_STRIDE);
                }
                multiply(r, rows, from, k, outputs, worker);
            }
            store(results[worker], r, rows, out, first, outputs, w.outputs(), add);
        }
    }

    /** Rows of x and of weights beyond those that there are have results that nobody reads. */
    private void multiply(int firstRow, int rows, int from, int k, int outputs, int worker) {
        for (int r = 0; r < rows; r += strip) {
            int at = ((firstRow + r) / strip * inputs + from) * strip;
            for (int o = 0; o < outputs; o += height) {
                kernels.product(
                        k,
                        unpacked[worker],
                        o * Kernels.BLOCK_STRIDE,
                        packed,
                        at,
                        results[worker],
                        o * RESULT_STRIDE + r);
            }
        }
    }

    private static void store(
            float[] block, int firstRow, int rows, float[] out, int first, int outputs, int stride, boolean add) {
        for (int r = 0; r < rows; r++) {
            int to = (firstRow + r) * stride + first;
            if (add) {
                for (int o = 0; o < outputs; o++) {
                    out[to + o] += block[o * RESULT_STRIDE + r];
                }
            } else {
                for (int o = 0; o < outputs; o++) {
                    out[to + o] = block[o * RESULT_STRIDE + r];
                }
            }
        }
    }
}
