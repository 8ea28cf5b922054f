package io.yoco4j.engine.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Measures {@link MachineLimits} on the instructions and threads that the kernels have. */
public final class MachineProbe implements AutoCloseable {
    /** More than last-level caches hold, in anonymous memory as weights that were made in memory. */
    private static final long MEMORY = 1L << 30;

    private static final int CHUNK = 1 << 20;
    /** Chunks read as one job, some milliseconds; the next job reads the next ones. */
    private static final int CHUNKS = 256;

    private static final int ROUNDS = 10_000;
    private static final int TASKS_PER_THREAD = 100;
    private static final long NANOS = 100_000_000;
    private static final long WARM_UP_NANOS = 3 * NANOS;
    private static final long LONGEST_WARM_UP_NANOS = 100 * NANOS;
    /** Far beyond what a compiled probe allocates, and below what one that is not does. */
    private static final long MUCH_ALLOCATED = 100_000;

    private final Arena arena = Arena.ofShared();
    private final WorkerPool pool;
    private final Probe probe;
    private final MemorySegment memory;
    private final int chunks;
    private int nextChunk;

    /** Takes up to 1 GiB of memory, and a moment to warm up. */
    public MachineProbe(Kernels kernels, int threads) {
        // The JVM bounds memory outside of the heap by the heap's own limit.
        this(kernels, threads, Math.min(MEMORY, Runtime.getRuntime().maxMemory() / 4));
    }

    MachineProbe(Kernels kernels, int threads, long bytes) {
        pool = new WorkerPool(threads);
        probe = Probe.of(kernels);
        chunks = (int) Math.max(1, bytes / CHUNK);
        memory = arena.allocate((long) chunks * CHUNK, 64);
        for (long chunk = 0; chunk < chunks; chunk++) {
            memory.set(ValueLayout.JAVA_LONG, chunk * CHUNK, 1);
        }
        warmUp();
    }

    /** By small jobs, as they take long until they are compiled; on a busy machine, that is seconds. */
    private void warmUp() {
        long start = System.nanoTime();
        long allocated;
        do {
            flops(pool.threads(), WARM_UP_NANOS);
            bytesPerSecond(pool.threads(), WARM_UP_NANOS);
            long before = Allocation.bytes();
            flops(pool.threads(), 0);
            bytesPerSecond(pool.threads(), 0);
            allocated = Allocation.bytes() - before;
        } while (allocated > MUCH_ALLOCATED && System.nanoTime() - start < LONGEST_WARM_UP_NANOS);
    }

    /** The best rates within about 0.1 s each. */
    public MachineLimits measure() {
        return new MachineLimits(flops(TASKS_PER_THREAD * pool.threads(), NANOS), bytesPerSecond(CHUNKS, NANOS));
    }

    private double flops(int tasks, long nanos) {
        float expected = Probe.SUMS * probe.lanes();
        long best = fastest(tasks, nanos, (_, _) -> {
            // Looking at the result keeps the loop from being dropped.
            if (probe.multiplyAdds(ROUNDS) != expected) {
                throw new IllegalStateException("the multiply-adds do not come to " + expected);
            }
        });
        return 2.0 * Probe.SUMS * probe.lanes() * ROUNDS * tasks * 1e9 / best;
    }

    private double bytesPerSecond(int tasks, long nanos) {
        long best = fastest(tasks, nanos, (task, _) -> {
            int chunk = (nextChunk + task) % chunks;
            if (probe.sum(memory, (long) chunk * CHUNK, CHUNK) != 1) {
                throw new IllegalStateException("the memory that was read does not sum to 1");
            }
        });
        return (double) tasks * CHUNK * 1e9 / best;
    }

    private long fastest(int tasks, long nanos, WorkerPool.Job job) {
        long best = Long.MAX_VALUE;
        long begin = System.nanoTime();
        long now = begin;
        do {
            pool.run(tasks, job);
            long end = System.nanoTime();
            best = Math.min(best, end - now);
            now = end;
            nextChunk = (nextChunk + tasks) % chunks;
        } while (now - begin < nanos);
        return best;
    }

    @Override
    public void close() {
        pool.close();
        arena.close();
    }
}
