package io.yoco4j.onednn;

import io.yoco4j.engine.kernel.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Copies of matrices in {@link PackedLayout}, slice after slice. Filled by one thread, then read by all. */
final class PackedWeights implements AutoCloseable {
    private final long engine;
    private final int slice;
    private final Arena arena = Arena.ofShared();
    private final List<PackedLayout> layouts = new ArrayList<>();
    private final Map<Weight, Copy> copies = new IdentityHashMap<>();

    private record Copy(MemorySegment memory, long sliceBytes) {}

    PackedWeights(long engine, int slice) {
        this.engine = engine;
        this.slice = slice;
    }

    boolean has(Weight w) {
        return copies.containsKey(w);
    }

    /** Makes room for a copy, of so many bytes. */
    long add(Weight w) {
        long whole = layout(w.inputs(), slice).bytes();
        int rest = w.outputs() % slice;
        long bytes = w.outputs() / slice * whole
                + (rest > 0 ? layout(w.inputs(), rest).bytes() : 0);
        copies.put(w, new Copy(arena.allocate(bytes, NativeBuffer.ALIGNMENT), whole));
        return bytes;
    }

    /** The address of the slice that begins with an output; 0 where there is no copy. */
    long address(Weight w, int first) {
        Copy copy = copies.get(w);
        return copy == null ? 0 : copy.memory.address() + first / slice * copy.sliceBytes;
    }

    /** How a slice of so many outputs lies. */
    PackedLayout layout(int inputs, int outputs) {
        for (PackedLayout layout : layouts) {
            if (layout.is(inputs, outputs)) {
                return layout;
            }
        }
        PackedLayout added = new PackedLayout(engine, inputs, outputs);
        layouts.add(added);
        return added;
    }

    @Override
    public void close() {
        layouts.forEach(PackedLayout::close);
        layouts.clear();
        copies.clear();
        arena.close();
    }
}
