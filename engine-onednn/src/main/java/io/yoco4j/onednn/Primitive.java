package io.yoco4j.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * oneDNN's product of one shape, {@code [rows, inputs] x [outputs, inputs]^T}, bfloat16 to float32, all row-major and
 * without gaps. It serves all workers, each with memory objects of its own.
 */
final class Primitive implements AutoCloseable {
    private static final int SRC = 1;
    private static final int DST = 17;
    private static final int WEIGHTS = 33;
    private static final int SCRATCHPAD = 80;
    /** dnnl_exec_arg_t: an int, padding, an address. */
    private static final long ARGUMENT_BYTES = 16;

    private final int rows;
    private final int inputs;
    private final int outputs;
    private final long primitive;
    private final long scratchpadBytes;
    private final Arena arena = Arena.ofShared();
    private final Memories[] memories;

    /** Memory objects of a worker, and the array that names them. */
    private record Memories(long src, long weights, long dst, long scratchpad, MemorySegment arguments) {
        void destroy() {
            Dnnl.destroy("memory", src);
            Dnnl.destroy("memory", weights);
            Dnnl.destroy("memory", dst);
            Dnnl.destroy("memory", scratchpad);
        }
    }

    Primitive(long engine, int threads, int rows, int inputs, int outputs) {
        this.rows = rows;
        this.inputs = inputs;
        this.outputs = outputs;
        memories = new Memories[threads];
        long src = Dnnl.matrix(Dnnl.BF16, rows, inputs, inputs, 1);
        long weights = Dnnl.matrix(Dnnl.BF16, inputs, outputs, 1, inputs);
        long dst = Dnnl.matrix(Dnnl.F32, rows, outputs, outputs, 1);
        long descriptor = Dnnl.productDescriptor(engine, src, weights, dst);
        primitive = Dnnl.primitive(descriptor);
        long scratchpad = Dnnl.scratchpad(descriptor);
        scratchpadBytes = Dnnl.size(scratchpad);
        for (int i = 0; i < threads; i++) {
            memories[i] = memories(engine, src, weights, dst, scratchpad);
        }
        Dnnl.destroy("primitive_desc", descriptor);
        Dnnl.destroy("memory_desc", src);
        Dnnl.destroy("memory_desc", weights);
        Dnnl.destroy("memory_desc", dst);
    }

    private Memories memories(long engine, long src, long weights, long dst, long scratchpad) {
        int[] names = {SRC, WEIGHTS, DST, SCRATCHPAD};
        long[] objects = {
            Dnnl.memory(src, engine),
            Dnnl.memory(weights, engine),
            Dnnl.memory(dst, engine),
            Dnnl.memory(scratchpad, engine)
        };
        MemorySegment arguments = arena.allocate(names.length * ARGUMENT_BYTES, 8);
        for (int i = 0; i < names.length; i++) {
            arguments.set(ValueLayout.JAVA_INT, i * ARGUMENT_BYTES, names[i]);
            arguments.set(ValueLayout.JAVA_LONG, i * ARGUMENT_BYTES + 8, objects[i]);
        }
        return new Memories(objects[0], objects[1], objects[2], objects[3], arguments);
    }

    boolean is(int ofRows, int ofInputs, int ofOutputs) {
        return rows == ofRows && inputs == ofInputs && outputs == ofOutputs;
    }

    /** Bytes that it computes in. */
    long scratchpadBytes() {
        return scratchpadBytes;
    }

    /** Multiplies what lies at these addresses. */
    void run(long stream, int worker, long src, long weights, long dst, long scratchpad) {
        Memories m = memories[worker];
        Dnnl.setData(m.src, src);
        Dnnl.setData(m.weights, weights);
        Dnnl.setData(m.dst, dst);
        Dnnl.setData(m.scratchpad, scratchpad);
        Dnnl.execute(primitive, stream, 4, m.arguments.address());
    }

    @Override
    public void close() {
        for (Memories m : memories) {
            m.destroy();
        }
        Dnnl.destroy("primitive", primitive);
        arena.close();
    }
}
