package io.yoco4j.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Memory objects that a primitive runs over, by one thread at a time, and the array that names them. */
final class Arguments {
    static final int SRC = 1;
    static final int DST = 17;
    static final int WEIGHTS = 33;
    static final int SCRATCHPAD = 80;

    private static final int MOST = 4;
    /** dnnl_exec_arg_t: an int, padding, an address. */
    private static final long BYTES = 16;

    private final MemorySegment array;
    private final long[] memories = new long[MOST];
    private int count;

    Arguments(Arena arena) {
        array = arena.allocate(MOST * BYTES, 8);
    }

    /** Adds one, which is then this object's to destroy. */
    Arguments with(int name, long memory) {
        array.set(ValueLayout.JAVA_INT, count * BYTES, name);
        array.set(ValueLayout.JAVA_LONG, count * BYTES + 8, memory);
        memories[count++] = memory;
        return this;
    }

    /** Says where they lie, in the order in which they were added. */
    void set(long first, long second, long third) {
        Dnnl.setData(memories[0], first);
        Dnnl.setData(memories[1], second);
        Dnnl.setData(memories[2], third);
    }

    /** As above, for four. */
    void set(long first, long second, long third, long fourth) {
        set(first, second, third);
        Dnnl.setData(memories[3], fourth);
    }

    void execute(long primitive, long stream) {
        Dnnl.execute(primitive, stream, count, array.address());
    }

    void destroy() {
        Arrays.stream(memories, 0, count).forEach(memory -> Dnnl.destroy("memory", memory));
    }
}
