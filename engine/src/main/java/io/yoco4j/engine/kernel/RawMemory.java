package io.yoco4j.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Memory off the heap by its address, for the loops of vector kernels. There are several classes of segments: of files, of
 * memory, of arrays. The compiler takes a segment apart where it knows the class, by what the process has seen so far at that
 * place; where it has seen two, each slice becomes an object and each load a call, several times slower and until the
 * process ends. A constant has one class always, and bounds are checked once for many rows.
 *
 * <p>What lies at an address must stay there while it is used: callers keep the segment, and a model computes under the lock
 * that closing it takes. Memory that its owner closed before is found out; what closes beside a running step cannot be.
 */
final class RawMemory {
    /** The whole address space; offsets are addresses. */
    static final MemorySegment ALL = all();

    /**
     * What addresses lie within. {@code & ADDRESS} changes none, but lets the compiler see that a load there is within {@link
     * #ALL}, so that it checks nothing.
     */
    static final long ADDRESS = Long.MAX_VALUE >> 1;

    private RawMemory() {}

    private static MemorySegment all() {
        try {
            return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
        } catch (IllegalCallerException e) {
            throw new UnsupportedOperationException(
                    "they read memory by its address, which this JVM forbids: add --enable-native-access=ALL-UNNAMED to"
                            + " the java command",
                    e);
        }
    }

    /**
     * The address of a part of a segment.
     *
     * @param from bytes before the part
     * @param bytes of the part
     * @throws IndexOutOfBoundsException when the part is not within the segment
     * @throws IllegalArgumentException when the segment is on the heap, where things move
     * @throws IllegalStateException when its memory is closed, so that it is never read from where it was
     */
    static long address(MemorySegment segment, long from, long bytes) {
        Objects.checkFromIndexSize(from, bytes, segment.byteSize());
        if (!segment.isNative()) {
            throw new IllegalArgumentException("vector kernels read memory off the heap: copy the segment there");
        }
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException("the memory of the weights is closed: keep it open as long as their model");
        }
        return segment.address() + from;
    }
}
