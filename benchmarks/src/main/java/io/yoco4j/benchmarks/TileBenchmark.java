package io.yoco4j.benchmarks;

import org.openjdk.jmh.annotations.Benchmark;

/** Products of panels, a block of K long. */
public class TileBenchmark extends KernelBenchmark {
    private static final int K = 256;
    private static final int ROWS = 8;
    private static final int STRIDE = 48;

    private final float[] a = floats(PANEL * K);
    private final float[] b = floats(PANEL * K);
    private final float[] c = new float[ROWS * STRIDE];
    private final float[] rows = floats(PANEL * (K + 16));
    private final float[] panel = new float[PANEL * K];

    @Benchmark
    @Work(flops = 2L * K * ROWS * PANEL)
    public float[] tile() {
        kernels.tile(K, a, 0, b, 0, c, 0, STRIDE, false);
        return c;
    }

    @Benchmark
    @Work(bytes = 4L * K * PANEL)
    public float[] transpose() {
        kernels.transpose(rows, 0, K + 16, PANEL, K, panel, 0);
        return panel;
    }
}
