package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Products of rows of activations with stored matrices: {@code out [n, outputs] (+)= x [n, inputs] * W^T}. Several
 * matrices that share an input run as one job.
 *
 * <p>Up to 3 rows: streams of dot products, split over outputs. A few: each stored row is unpacked once and meets all rows
 * of x. Many: x is packed into panels once, each weight panel is unpacked once per block of K, and the register-blocked tile
 * runs over both (Goto and van de Geijn 2008). Whatever {@link ManyRowProducts} take is theirs instead.
 */
public final class MatMul {
    /** From so many rows on, panels pay. */
    static final int MANY = 32;

    /** Columns of a block of a few-row product: 4 unpacked rows and 8 of x stay in the first-level cache. */
    private static final int FEW_K = 512;

    /** Most panels of a task of a many-row product, and how many tasks each thread should have at least. */
    private static final int MAX_PANELS = 4;

    private static final int TASKS = 4;

    private static final int MAX_TERMS = 4;
    private static final int PANEL = Kernels.PANEL;
    private static final int ROWS = Kernels.ROWS;
    private static final int BLOCK = Kernels.BLOCK;
    /** Partial sums of a block. */
    private static final int SUMS = BLOCK * BLOCK * Kernels.PARTIAL;
    /** Outputs per task of a few-row product: whole groups of four. */
    private static final int FEW_CHUNK = Kernels.DOT_ROWS;

    private final Kernels kernels;
    /** Columns of a block of a many-row product. */
    private final int kBlock;

    private final WorkerPool pool;
    private final @Nullable ManyRowProducts products;
    private final Weight[] weights = new Weight[MAX_TERMS];
    private final float[][] outs = new float[MAX_TERMS][];
    private final boolean[] adds = new boolean[MAX_TERMS];
    private final boolean[] taken = new boolean[MAX_TERMS];
    /** Outputs per task, by term. */
    private final int[] widths = new int[MAX_TERMS];

    /** x as formats want it, by format. */
    private final float[][] arranged = new float[WeightFormat.values().length][0];

    private final float[][] panels;
    private final float[][] scratches;
    private final int[][] words;
    private final float[][] tiles;
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
        kBlock = kernels.depth();
        panels = new float[pool.threads()][Math.max(BLOCK * FEW_K, kBlock * PANEL)];
        scratches = new float[pool.threads()][FEW_CHUNK / BLOCK * blocks(MANY, BLOCK) * SUMS];
        words = new int[pool.threads()][kBlock * PANEL];
        tiles = new float[pool.threads()][ROWS * PANEL];
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
            if (n < BLOCK) {
                arrange();
            }
        } else if (anyOwn) {
            int rowPanels = blocks(n, PANEL);
            if (packed.length < rowPanels * PANEL * inputs) {
                packed = new float[rowPanels * PANEL * inputs];
            }
            pool.run(rowPanels, packJob, (long) inputs * n);
        }
        pool.run(tasks, productJob, outputs * inputs * n);
    }

    /** Once for each format, as x meets many rows. */
    private void arrange() {
        for (int t = 0; t < terms; t++) {
            WeightFormat format = weights[t].format();
            int size = kernels.arranged(format, inputs);
            if (taken[t] || size == 0 || (t > 0 && weights[t - 1].format() == format && !taken[t - 1])) {
                continue;
            }
            if (arranged[format.ordinal()].length < n * size) {
                arranged[format.ordinal()] = new float[n * size];
            }
            for (int r = 0; r < n; r++) {
                kernels.arrange(format, x, r * inputs, inputs, arranged[format.ordinal()], r * size);
            }
        }
    }

    private int width(int t) {
        if (products != null && taken[t]) {
            return products.slice();
        }
        if (n < MANY) {
            return FEW_CHUNK;
        }
        int perThread = blocks(weights[t].outputs(), PANEL) / pool.threads();
        return PANEL * Math.clamp(perThread / TASKS, 1, MAX_PANELS);
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

    private void few(Weight w, int first, int rows, float[] out, boolean add, int worker) {
        if (n < BLOCK) {
            int size = kernels.arranged(w.format(), inputs);
            float[] xs = size == 0 ? x : arranged[w.format().ordinal()];
            int stride = size == 0 ? inputs : size;
            for (int r = 0; r < n; r++) {
                int to = r * w.outputs() + first;
                kernels.dotRows(w, first, rows, xs, r * stride, out, to, add, scratches[worker]);
            }
            return;
        }
        int groups = blocks(rows, BLOCK);
        Arrays.fill(scratches[worker], 0, groups * blocks(n, BLOCK) * SUMS, 0);
        for (int from = 0; from < inputs; from += FEW_K) {
            for (int g = 0; g < groups; g++) {
                int outputs = Math.min(BLOCK, rows - g * BLOCK);
                fewBlocks(w, first + g * BLOCK, outputs, from, g * blocks(n, BLOCK) * SUMS, worker);
            }
        }
        for (int g = 0; g < groups; g++) {
            int outputs = Math.min(BLOCK, rows - g * BLOCK);
            fold(g * blocks(n, BLOCK) * SUMS, outputs, out, first + g * BLOCK, w.outputs(), add, worker);
        }
    }

    /** Adds one block of columns of up to 4 outputs to the sums of all rows; in the last block of rows one may repeat. */
    private void fewBlocks(Weight w, int first, int outputs, int from, int sumsOffset, int worker) {
        float[] unpacked = panels[worker];
        int k = Math.min(FEW_K, inputs - from);
        for (int o = 0; o < outputs; o++) {
            kernels.unpack(w, first + o, from, k, unpacked, o * k);
        }
        for (int r = 0; r < n; r += BLOCK) {
            int last = Math.min(BLOCK, n - r) - 1;
            int x0 = r * inputs + from;
            int x1 = x0 + Math.min(1, last) * inputs;
            int x2 = x0 + Math.min(2, last) * inputs;
            int x3 = x0 + last * inputs;
            kernels.block(k, unpacked, x, x0, x1, x2, x3, scratches[worker], sumsOffset + r / BLOCK * SUMS);
        }
    }

    private void fold(int sumsOffset, int outputs, float[] out, int first, int stride, boolean add, int worker) {
        float[] tile = tiles[worker];
        for (int r = 0; r < n; r += BLOCK) {
            kernels.fold(scratches[worker], sumsOffset + r / BLOCK * SUMS, tile);
            for (int i = r; i < Math.min(n, r + BLOCK); i++) {
                int to = i * stride + first;
                for (int o = 0; o < outputs; o++) {
                    float total = tile[(i - r) * BLOCK + o];
                    out[to + o] = add ? out[to + o] + total : total;
                }
            }
        }
    }

    /** Packs 32 rows of x: {@code packed[panel][k][32]}. */
    private void pack(int task, int worker) {
        int first = task * PANEL;
        kernels.transpose(x, first * inputs, inputs, Math.min(PANEL, n - first), inputs, packed, first * inputs);
    }

    /** Blocks of x, a K block of all rows, come from the second-level cache for all panels but the first. */
    private void many(Weight w, int first, int columns, float[] out, boolean addTo, int worker) {
        for (int from = 0; from < inputs; from += kBlock) {
            int k = Math.min(kBlock, inputs - from);
            for (int j = 0; j < columns; j += PANEL) {
                panel(w, first + j, Math.min(PANEL, columns - j), from, k, out, addTo || from > 0, worker);
            }
        }
    }

    private void panel(Weight w, int first, int columns, int from, int k, float[] out, boolean add, int worker) {
        float[] unpacked = panels[worker];
        kernels.unpackPanel(w, first, columns, from, k, unpacked, words[worker], scratches[worker]);
        for (int r = 0; r < n; r += ROWS) {
            int a = (r / PANEL * inputs + from) * PANEL + r % PANEL;
            int c = r * w.outputs() + first;
            int rows = Math.min(ROWS, n - r);
            if (rows == ROWS && columns == PANEL) {
                kernels.tile(k, packed, a, unpacked, 0, out, c, w.outputs(), add);
            } else {
                edge(k, a, unpacked, out, c, w.outputs(), rows, columns, add, tiles[worker]);
            }
        }
    }

    /** A tile that reaches beyond the matrix, by way of one that does not. */
    private void edge(
            int k,
            int a,
            float[] panel,
            float[] out,
            int c,
            int stride,
            int rows,
            int columns,
            boolean add,
            float[] tile) {
        kernels.tile(k, packed, a, panel, 0, tile, 0, PANEL, false);
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < columns; j++) {
                int at = c + r * stride + j;
                out[at] = add ? out[at] + tile[r * PANEL + j] : tile[r * PANEL + j];
            }
        }
    }
}
