package io.yoco4j.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Where oneDNN itself would have the weights of a slice, {@code [outputs, inputs]} in bfloat16: blocks in the order in which
 * a product reads them. Products of any number of rows read the same layout.
 */
final class PackedLayout implements AutoCloseable {
    /** The layout is chosen for products of so many rows. */
    private static final int ROWS = 512;

    private final long engine;
    private final int inputs;
    private final int outputs;
    private final long stored;
    private final long packed;
    private final long reorder;
    private final long scratchpad;
    private final long reorderDescriptor;

    PackedLayout(long engine, int inputs, int outputs) {
        this.engine = engine;
        this.inputs = inputs;
        this.outputs = outputs;
        stored = Dnnl.matrix(Dnnl.BF16, inputs, outputs, 1, inputs);
        packed = chosen();
        reorderDescriptor = Dnnl.reorderDescriptor(engine, stored, packed);
        reorder = Dnnl.primitive(reorderDescriptor);
        scratchpad = Dnnl.scratchpad(reorderDescriptor);
    }

    private long chosen() {
        long src = Dnnl.matrix(Dnnl.BF16, ROWS, inputs, inputs, 1);
        long any = Dnnl.anyMatrix(Dnnl.BF16, inputs, outputs);
        long dst = Dnnl.matrix(Dnnl.F32, ROWS, outputs, outputs, 1);
        long product = Dnnl.productDescriptor(engine, src, any, dst);
        long layout = Dnnl.weights(product);
        Dnnl.destroy("primitive_desc", product);
        Dnnl.destroy("memory_desc", src);
        Dnnl.destroy("memory_desc", any);
        Dnnl.destroy("memory_desc", dst);
        return layout;
    }

    boolean is(int ofInputs, int ofOutputs) {
        return inputs == ofInputs && outputs == ofOutputs;
    }

    /** oneDNN's description of it. */
    long descriptor() {
        return packed;
    }

    /** Bytes of a slice. */
    long bytes() {
        return Dnnl.size(packed);
    }

    /**
     * Lays out a slice.
     *
     * @param from address of its rows, without gaps
     * @param to address of {@link #bytes} bytes
     */
    void pack(long stream, long from, long to) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment scratch = arena.allocate(Math.max(1, Dnnl.size(scratchpad)), NativeBuffer.ALIGNMENT);
            Arguments arguments = new Arguments(arena)
                    .with(Arguments.SRC, Dnnl.memory(stored, engine))
                    .with(Arguments.DST, Dnnl.memory(packed, engine))
                    .with(Arguments.SCRATCHPAD, Dnnl.memory(scratchpad, engine));
            arguments.set(from, to, scratch.address());
            arguments.execute(reorder, stream);
            arguments.destroy();
        }
    }

    @Override
    public void close() {
        Dnnl.destroy("primitive", reorder);
        Dnnl.destroy("primitive_desc", reorderDescriptor);
        Dnnl.destroy("memory_desc", packed);
        Dnnl.destroy("memory_desc", stored);
    }
}
