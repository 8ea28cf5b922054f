package io.yoco4j.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Native memory that grows when more is asked for, without keeping what it holds. */
final class NativeBuffer implements AutoCloseable {
    static final long ALIGNMENT = 64;

    private Arena arena = Arena.ofShared();
    private MemorySegment segment = MemorySegment.NULL;

    /** The memory, at least so many bytes of it. */
    @SuppressWarnings("MustBeClosedChecker") // by close()
    MemorySegment atLeast(long bytes) {
        if (segment.byteSize() < bytes) {
            // Where the new one cannot be had, nobody may go on with memory that is gone.
            segment = MemorySegment.NULL;
            Arena next = Arena.ofShared();
            arena.close();
            arena = next;
            segment = arena.allocate(bytes, ALIGNMENT);
        }
        return segment;
    }

    @Override
    public void close() {
        arena.close();
    }
}
