package io.yoco4j.engine.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Measures {@link MachineLimits} on the instructions and threads that the kernels have. */
public final class MachineProbe implements AutoCloseable {
    /** More than last-level caches hold, in anonymous memory as weights that were made in memory. */
    private static final long READ_BYTES = 1L << 30;

    private static final int CHUNK = 1 << 20;
    private static final int ROUNDS = 10_000;
    private static final int TASKS_PER_THREAD = 100;
    private static final long NANOS = 100_000_000;
    private static final long WARM_UP_NANOS = 3 * NANOS;

    private final Arena arena = Arena.ofShared();
    private final WorkerPool pool;
    private final Probe probe;
    private final MemorySegment memory;
    private final long[] sums;

    /** Takes up to 1 GiB of memory, and half a second to warm up. */
    public MachineProbe(Kernels kernels, int threads) {
        pool = new WorkerPool(threads);
        probe = Probe.of(kernels);
        // The JVM bounds memory outside of the heap by the heap's own limit.
        long bytes = Math.min(READ_BYTES, Runtime.getRuntime().maxMemory() / 4) / CHUNK * CHUNK;
        memory = arena.allocate(Math.max(bytes, CHUNK), 64);
        sums = new long[(int) (memory.byteSize() / CHUNK)];
        for (long chunk = 0; chunk < sums.length; chunk++) {
            memory.set(ValueLayout.JAVA_LONG, chunk * CHUNK, 1);
        }
        flops(WARM_UP_NANOS);
        bytesPerSecond(WARM_UP_NANOS);
    }

    /** The best rates within about 0.1 s each. */
    public MachineLimits measure() {
        return new MachineLimits(flops(NANOS), bytesPerSecond(NANOS));
    }

    private double flops(long nanos) {
        int tasks = TASKS_PER_THREAD * pool.threads();
        float expected = Probe.SUMS * probe.lanes();
        long best = fastest(nanos, tasks, (_, _) -> {
            // Looking at the result keeps the loop from being dropped.
            if (probe.multiplyAdds(ROUNDS) != expected) {
                throw new IllegalStateException("the multiply-adds do not come to " + expected);
            }
        });
        return 2.0 * Probe.SUMS * probe.lanes() * ROUNDS * tasks * 1e9 / best;
    }

    private double bytesPerSecond(long nanos) {
        long best =
                fastest(nanos, sums.length, (task, _) -> sums[task] = probe.sum(memory, (long) task * CHUNK, CHUNK));
        for (long sum : sums) {
            if (sum != 1) {
                throw new IllegalStateException("a part of the memory that was read sums to " + sum + ", not 1");
            }
        }
        return memory.byteSize() * 1e9 / best;
    }

    private long fastest(long nanos, int tasks, WorkerPool.Job job) {
        long best = Long.MAX_VALUE;
        long begin = System.nanoTime();
        long now = begin;
        while (now - begin < nanos) {
            pool.run(tasks, job);
            long end = System.nanoTime();
            best = Math.min(best, end - now);
            now = end;
        }
        return best;
    }

    @Override
    public void close() {
        pool.close();
        arena.close();
    }
}
