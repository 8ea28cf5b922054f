package io.yoco4j.benchmarks;

import org.openjdk.jmh.annotations.Benchmark;

/** Gated retention, a head of 64. */
public class RetentionBenchmark extends KernelBenchmark {
    private static final int HEAD = 64;

    private final float[] state = new float[HEAD * HEAD];
    private final float[] q = floats(HEAD);
    private final float[] k = floats(HEAD);
    private final float[] v = floats(HEAD);
    private final float[] out = new float[HEAD];

    @Benchmark
    @Work(flops = 5L * HEAD * HEAD, bytes = 4L * HEAD * HEAD)
    public float[] retention() {
        kernels.retention(state, 0, HEAD, 0.9f, 0.125f, q, k, v, 0, out, 0);
        return out;
    }
}
