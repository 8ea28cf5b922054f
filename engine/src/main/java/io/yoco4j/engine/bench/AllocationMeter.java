package io.yoco4j.engine.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/**
 * Bytes that steps allocate on the calling thread, which takes part in all of them. Compiled kernels allocate nothing; where
 * the compiler gave one up, its vectors are objects, millions of bytes a step and several times slower, without a message.
 */
final class AllocationMeter {
    /** Fewer say nothing of what is compiled. */
    private static final int FEW = 16;

    private final long[] steps;
    private int count;
    private long before;

    AllocationMeter(int steps) {
        this.steps = new long[steps];
    }

    void stepBegins() {
        before = allocated();
    }

    void stepEnds() {
        steps[count++] = allocated() - before;
    }

    /** Of the median step, the first left aside, which makes room for logits; 0 where there were fewer than 16. */
    long median() {
        if (count < FEW) {
            return 0;
        }
        long[] sorted = Arrays.copyOfRange(steps, 1, count);
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static long allocated() {
        return ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads
                ? threads.getCurrentThreadAllocatedBytes()
                : 0;
    }
}
