package io.yoco4j.engine.kernel;

import java.util.Arrays;

/** Bytes that steps allocate on the calling thread, which takes part in all of them; millions before kernels are compiled. */
public final class AllocationMeter {
    /** Fewer say nothing of what is compiled. */
    private static final int FEW = 16;

    private final long[] steps;
    private int count;
    private long before;

    /** A meter of so many steps at most. */
    public AllocationMeter(int steps) {
        this.steps = new long[steps];
    }

    public void stepBegins() {
        before = Allocation.bytes();
    }

    public void stepEnds() {
        steps[count++] = Allocation.bytes() - before;
    }

    /** Of the median step, the first left aside, which makes room for logits; 0 where there were fewer than 16. */
    public long median() {
        if (count < FEW) {
            return 0;
        }
        long[] sorted = Arrays.copyOfRange(steps, 1, count);
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
