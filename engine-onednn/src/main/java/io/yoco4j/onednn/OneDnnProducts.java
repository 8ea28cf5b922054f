package io.yoco4j.onednn;

import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.ManyRowProducts;
import io.yoco4j.engine.kernel.Weight;
import io.yoco4j.engine.kernel.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Objects;

/**
 * Products of a model through oneDNN. The input is rounded to bfloat16 once; each task is a slice of outputs, computed on
 * its own thread. Weights in bfloat16 are read where they lie, quantized ones are unpacked and rounded slice by slice.
 */
final class OneDnnProducts implements ManyRowProducts {
    /** From so many rows on it is the faster one, by more than the exactness is worth that it costs. */
    private static final int FEWEST = 8;
    /** The same where weights must be unpacked first. */
    private static final int FEWEST_QUANTIZED = 16;

    private static final int SLICE = 64;
    /** Rows of one call: its results stay in the second-level cache. */
    private static final int BLOCK = 512;
    /** Rows of a task that rounds the input. */
    private static final int ROUNDED = 8;

    private final Kernels kernels;
    private final long engine;
    private final Lane[] lanes;
    private final PackedWeights packed;
    private final NativeBuffer input = new NativeBuffer();
    private final WorkerPool.Job roundJob = this::round;
    /** Replaced when one is added: readers need no lock. */
    private volatile Primitive[] primitives = {};

    private float[] x = {};
    private MemorySegment rounded = MemorySegment.NULL;
    private int rows;
    private int inputs;
    private boolean closed;

    /** What a worker computes in. */
    private static final class Lane implements AutoCloseable {
        private final long stream;
        private final NativeBuffer results = new NativeBuffer();
        private final NativeBuffer weights = new NativeBuffer();
        private final NativeBuffer scratchpad = new NativeBuffer();
        private final float[] row = new float[SLICE];
        private float[] unpacked = {};

        Lane(long engine) {
            stream = Dnnl.stream(engine);
        }

        @Override
        public void close() {
            Dnnl.destroy("stream", stream);
            results.close();
            weights.close();
            scratchpad.close();
        }
    }

    OneDnnProducts(Kernels kernels, int threads) {
        this.kernels = kernels;
        engine = Dnnl.engine();
        packed = new PackedWeights(engine, SLICE);
        lanes = new Lane[threads];
        for (int i = 0; i < threads; i++) {
            lanes[i] = new Lane(engine);
        }
    }

    @Override
    public String name() {
        return OneDnn.NAME;
    }

    @Override
    public boolean takes(Weight w, int n) {
        return switch (w.format()) {
            case BF16 -> n >= FEWEST && w.data().isNative();
            case Q8, Q4 -> n >= (packed.has(w) ? FEWEST : FEWEST_QUANTIZED);
            case F32, F16 -> false;
        };
    }

    @Override
    public int slice() {
        return SLICE;
    }

    @Override
    public long prepack(Weight w, WorkerPool pool) {
        requireOpen();
        if (!takes(w, Integer.MAX_VALUE) || packed.has(w)) {
            return 0;
        }
        inputs = w.inputs();
        long bytes = packed.add(w);
        pool.run(
                (w.outputs() + SLICE - 1) / SLICE,
                (task, worker) -> pack(w, task * SLICE, lanes[worker]),
                (long) w.outputs() * w.inputs());
        return bytes;
    }

    private void pack(Weight w, int first, Lane lane) {
        int outputs = Math.min(SLICE, w.outputs() - first);
        long from = rows(w, first, outputs, lane);
        int threads = Dnnl.threads();
        Dnnl.threads(1);
        try {
            packed.layout(inputs, outputs).pack(lane.stream, from, packed.address(w, first));
        } finally {
            Dnnl.threads(threads);
        }
    }

    /** The address of rows in bfloat16, without gaps. */
    private long rows(Weight w, int first, int outputs, Lane lane) {
        return w.format() == WeightFormat.BF16 ? stored(w, first, outputs) : unpack(w, first, outputs, lane);
    }

    @Override
    public void input(float[] values, int n, int width, WorkerPool pool) {
        requireOpen();
        x = values;
        rows = n;
        inputs = width;
        // Rows that fill up the last block are whatever is there: no other row's result depends on them.
        rounded = input.atLeast(2L * (n / BLOCK * BLOCK + padded(n % BLOCK)) * width);
        pool.run((n + ROUNDED - 1) / ROUNDED, roundJob, (long) n * width);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the products are closed");
        }
    }

    private void round(int task, int worker) {
        int first = task * ROUNDED * inputs;
        kernels.bf16(x, first, Math.min(ROUNDED * inputs, rows * inputs - first), rounded, 2L * first);
    }

    /** Few sizes, so that few primitives are needed: their code is generated. */
    private static int padded(int n) {
        int step = n <= 32 ? 8 : n <= 128 ? 16 : 32;
        return (n + step - 1) / step * step;
    }

    @Override
    public void multiply(Weight w, int first, int outputs, float[] out, boolean add, int worker) {
        Lane lane = lanes[worker];
        long copy = packed.address(w, first);
        long weights = copy == 0 ? rows(w, first, outputs, lane) : copy;
        // The setting is the thread's, which may be a caller's with other uses for it.
        int threads = Dnnl.threads();
        Dnnl.threads(1);
        try {
            for (int from = 0; from < rows; from += BLOCK) {
                int n = Math.min(BLOCK, rows - from);
                Primitive p = primitive(padded(n), outputs, copy != 0);
                MemorySegment results = lane.results.atLeast(4L * padded(n) * outputs);
                p.run(
                        lane.stream,
                        worker,
                        rounded.address() + 2L * from * inputs,
                        weights,
                        results.address(),
                        lane.scratchpad.atLeast(p.scratchpadBytes()).address());
                for (int r = 0; r < n; r++) {
                    write(results, r, outputs, out, (from + r) * w.outputs() + first, add, lane.row);
                }
            }
        } finally {
            Dnnl.threads(threads);
        }
    }

    /** The address of stored rows. */
    private long stored(Weight w, int first, int outputs) {
        if (!w.data().scope().isAlive()) {
            throw new IllegalStateException("the weights are no longer there: close the model before their arena");
        }
        return w.data().address()
                + Objects.checkFromIndexSize(
                        2L * first * inputs, 2L * outputs * inputs, w.data().byteSize());
    }

    /** The address of unpacked rows. */
    private long unpack(Weight w, int first, int outputs, Lane lane) {
        if (lane.unpacked.length < inputs) {
            lane.unpacked = new float[inputs];
        }
        MemorySegment weights = lane.weights.atLeast(2L * SLICE * inputs);
        for (int o = 0; o < outputs; o++) {
            kernels.unpack(w, first + o, 0, inputs, lane.unpacked, 0);
            kernels.bf16(lane.unpacked, 0, inputs, weights, 2L * o * inputs);
        }
        return weights.address();
    }

    private void write(MemorySegment results, int row, int n, float[] out, int at, boolean add, float[] copy) {
        long from = 4L * row * n;
        if (add) {
            MemorySegment.copy(results, ValueLayout.JAVA_FLOAT, from, copy, 0, n);
            kernels.add(out, at, copy, 0, n);
        } else {
            MemorySegment.copy(results, ValueLayout.JAVA_FLOAT, from, out, at, n);
        }
    }

    private Primitive primitive(int n, int outputs, boolean ofPacked) {
        for (Primitive p : primitives) {
            if (p.is(n, inputs, outputs, ofPacked)) {
                return p;
            }
        }
        return addedPrimitive(n, outputs, ofPacked);
    }

    private synchronized Primitive addedPrimitive(int n, int outputs, boolean ofPacked) {
        for (Primitive p : primitives) {
            if (p.is(n, inputs, outputs, ofPacked)) {
                return p;
            }
        }
        Primitive added = ofPacked
                ? new Primitive(engine, lanes.length, n, inputs, outputs, packed.layout(inputs, outputs))
                : new Primitive(engine, lanes.length, n, inputs, outputs);
        Primitive[] all = Arrays.copyOf(primitives, primitives.length + 1);
        all[primitives.length] = added;
        primitives = all;
        return added;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            for (Primitive p : primitives) {
                p.close();
            }
            for (Lane lane : lanes) {
                lane.close();
            }
            input.close();
            packed.close();
            Dnnl.destroy("engine", engine);
        }
    }
}
