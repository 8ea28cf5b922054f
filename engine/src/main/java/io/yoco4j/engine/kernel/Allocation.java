package io.yoco4j.engine.kernel;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/**
 * What a thread allocates, which tells whether kernels are compiled: compiled ones allocate nothing. Until then, and where the
 * compiler gave one up, each vector is an object, many times slower and without a message.
 */
public final class Allocation {
    private static final java.lang.management.ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private Allocation() {}

    /** Bytes that this thread has allocated so far; 0 where the JVM does not count them. */
    public static long bytes() {
        return THREADS instanceof ThreadMXBean threads ? threads.getCurrentThreadAllocatedBytes() : 0;
    }
}
