package io.yoco4j.onednn;

import java.lang.foreign.Arena;

/**
 * oneDNN's product of one shape, {@code [rows, inputs] x [outputs, inputs]^T}, bfloat16 to float32; all row-major and
 * without gaps, or weights {@link PackedLayout packed}. It serves all workers, each with memory objects of its own.
 */
final class Primitive implements AutoCloseable {
    private final int rows;
    private final int inputs;
    private final int outputs;
    private final boolean packed;
    private final long primitive;
    private final long scratchpadBytes;
    private final Arena arena = Arena.ofShared();
    private final Arguments[] arguments;

    /** A product with weights as they are stored. */
    Primitive(long engine, int threads, int rows, int inputs, int outputs) {
        this(engine, threads, rows, inputs, outputs, false, Dnnl.matrix(Dnnl.BF16, inputs, outputs, 1, inputs));
    }

    /** A product with weights of a layout, which may end before it. */
    Primitive(long engine, int threads, int rows, int inputs, int outputs, PackedLayout layout) {
        this(engine, threads, rows, inputs, outputs, true, Dnnl.copy(layout.descriptor()));
    }

    private Primitive(long engine, int threads, int rows, int inputs, int outputs, boolean packed, long weights) {
        this.rows = rows;
        this.inputs = inputs;
        this.outputs = outputs;
        this.packed = packed;
        long src = Dnnl.matrix(Dnnl.BF16, rows, inputs, inputs, 1);
        long dst = Dnnl.matrix(Dnnl.F32, rows, outputs, outputs, 1);
        long descriptor = Dnnl.productDescriptor(engine, src, weights, dst);
        primitive = Dnnl.primitive(descriptor);
        long scratchpad = Dnnl.scratchpad(descriptor);
        scratchpadBytes = Dnnl.size(scratchpad);
        arguments = new Arguments[threads];
        for (int i = 0; i < threads; i++) {
            arguments[i] = new Arguments(arena)
                    .with(Arguments.SRC, Dnnl.memory(src, engine))
                    .with(Arguments.WEIGHTS, Dnnl.memory(weights, engine))
                    .with(Arguments.DST, Dnnl.memory(dst, engine))
                    .with(Arguments.SCRATCHPAD, Dnnl.memory(scratchpad, engine));
        }
        Dnnl.destroy("primitive_desc", descriptor);
        Dnnl.destroy("memory_desc", src);
        Dnnl.destroy("memory_desc", weights);
        Dnnl.destroy("memory_desc", dst);
    }

    boolean is(int ofRows, int ofInputs, int ofOutputs, boolean ofPacked) {
        return rows == ofRows && inputs == ofInputs && outputs == ofOutputs && packed == ofPacked;
    }

    /** Bytes that it computes in. */
    long scratchpadBytes() {
        return scratchpadBytes;
    }

    /** Multiplies what lies at these addresses. */
    void run(long stream, int worker, long src, long weights, long dst, long scratchpad) {
        arguments[worker].set(src, weights, dst, scratchpad);
        arguments[worker].execute(primitive, stream);
    }

    @Override
    public void close() {
        for (Arguments a : arguments) {
            a.destroy();
        }
        Dnnl.destroy("primitive", primitive);
        arena.close();
    }
}
