package io.yoco4j.engine.kernel;

import java.lang.foreign.MemorySegment;

/** What bounds every kernel, on one thread: multiply-adds that never leave the registers, and reading memory in order. */
interface Probe {
    /** Sums that are independent of each other: more than latency x throughput of a multiply-add, fewer than registers. */
    int SUMS = 12;

    /**
     * Applies {@code s = s / 2 + 1/2} to each sum, {@code rounds} times.
     *
     * @return the total, which comes to {@link #lanes} x 12 within 40 rounds
     */
    float multiplyAdds(int rounds);

    /** Multiply-adds of a round per sum. */
    int lanes();

    /**
     * The sum of the whole longs in {@code bytes} bytes, wrapping.
     *
     * @param bytes a multiple of 8
     */
    long sum(MemorySegment data, long offset, int bytes);

    /** The twin of those kernels. */
    static Probe of(Kernels kernels) {
        if (kernels instanceof ScalarKernels) {
            return new ScalarProbe();
        }
        try {
            // By name, so that no other class links to the incubating module.
            return Class.forName("io.yoco4j.engine.kernel.VectorProbe")
                    .asSubclass(Probe.class)
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException | LinkageError e) {
            throw new IllegalStateException("vector kernels run here, but the probe beside them does not: " + e, e);
        }
    }
}
