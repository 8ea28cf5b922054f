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
 * <p>Few rows: stored rows are read where they lie, each meeting up to 8 rows of x at a time. Many: x is packed into panels
 * once, each weight panel is unpacked once per block of K, and the register-blocked tile runs over both (Goto and van de Geijn
 * 2008). Whatever {@link ManyRowProducts} take is theirs instead.
 */
public final class MatMul {
    /** From so many rows on, panels pay. */
    static final int MANY = 32;

    /**
     * Most blocks of a task, of {@link #DOT_ROWS} stored rows or a panel, and how many tasks each thread should have at
     * least. Panels share their block of x; claiming a task costs a fence, which the reading of rows waits for.
     */
    private static final int MAX_BLOCKS = 4;

    private static final int TASKS = 4;

    /** Rows of a block of a many-row product: its x and its results fill half of a second-level cache of 512 KB. */
    private static final int ROW_BLOCK = 256;

    private static final int MAX_TERMS = 4;
    private static final int PANEL = Kernels.PANEL;
    private static final int ROWS = Kernels.ROWS;
    private static final int WIDE = Kernels.WIDE;
    private static final int DOT_ROWS = Kernels.DOT_ROWS;
    /** Lines of the cache. */
    private static final int ALIGNMENT = 64;

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

    /** x as formats want it, by format; not on the heap, where nothing is aligned. */
    private final MemorySegment[] arranged = new MemorySegment[WeightFormat.values().length];

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
        Arrays.fill(arranged, MemorySegment.NULL);
        panels = new float[pool.threads()][kBlock * PANEL];
        scratches = new float[pool.threads()][kBlock + PANEL];
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
            arrange();
        } else if (anyOwn) {
            int rowPanels = blocks(n, PANEL);
            if (packed.length < rowPanels * PANEL * inputs) {
                packed = new float[rowPanels * PANEL * inputs];
            }
            pool.run(rowPanels, packJob, (long) inputs * n);
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
        int block = n < MANY ? DOT_ROWS : PANEL;
        int perThread = blocks(weights[t].outputs(), block) / pool.threads();
        return block * Math.clamp(perThread / TASKS, 1, MAX_BLOCKS);
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

    /** Packs 32 rows of x: {@code packed[panel][k][32]}. */
    private void pack(int task, int worker) {
        int first = task * PANEL;
        kernels.transpose(x, first * inputs, inputs, Math.min(PANEL, n - first), inputs, packed, first * inputs);
    }

    /** A block of x, and the results it adds to, stay in the second-level cache for all panels. */
    private void many(Weight w, int first, int columns, float[] out, boolean addTo, int worker) {
        for (int r = 0; r < n; r += ROW_BLOCK) {
            int rows = Math.min(ROW_BLOCK, n - r);
            for (int from = 0; from < inputs; from += kBlock) {
                int k = Math.min(kBlock, inputs - from);
                for (int j = 0; j < columns; j += PANEL) {
                    int width = Math.min(PANEL, columns - j);
                    kernels.unpackPanel(w, first + j, width, from, k, panels[worker], words[worker], scratches[worker]);
                    panel(r, rows, from, k, out, first + j, width, w.outputs(), addTo || from > 0, worker);
                }
            }
        }
    }

    private void panel(
            int r0,
            int rowCount,
            int from,
            int k,
            float[] out,
            int first,
            int columns,
            int stride,
            boolean add,
            int worker) {
        float[] unpacked = panels[worker];
        for (int r = r0; r < r0 + rowCount; r += ROWS) {
            int a = (r / PANEL * inputs + from) * PANEL + r % PANEL;
            int c = r * stride + first;
            int rows = Math.min(ROWS, n - r);
            if (rows == ROWS && columns == PANEL) {
                kernels.tile(k, packed, a, unpacked, 0, out, c, stride, add);
            } else {
                edge(k, a, unpacked, out, c, stride, rows, columns, add, tiles[worker]);
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
