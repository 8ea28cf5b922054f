package io.yoco4j.benchmarks;

import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;

/** Attention of one query or of 32 over float32 panels, heads of 64. */
public class AttentionBenchmark extends KernelBenchmark {
    private static final int HEAD = 64;
    /** Keys, or values, of a block. */
    private static final int ROWS = 256;

    private final float[] q = floats(ROWS);
    private final float[] panel = floats(PANEL * ROWS);
    private final float[] out = new float[PANEL];
    private final float[] scores = floats(PANEL * ROWS);
    private final float[] masked = floats(PANEL * ROWS);
    private final int[] positions = new int[PANEL];
    private final float[] max = new float[PANEL];
    private final float[] sum = new float[PANEL];
    private final float[] correction = new float[PANEL];

    public AttentionBenchmark() {
        Arrays.setAll(positions, i -> 200 + i);
        Arrays.fill(max, -1e30f);
    }

    @Benchmark
    @Work(flops = 2L * HEAD * PANEL, bytes = 4L * HEAD * PANEL)
    public float[] scores() {
        kernels.scores(q, 0, HEAD, panel, 0, out, 0);
        return out;
    }

    @Benchmark
    @Work(flops = 2L * ROWS * PANEL, bytes = 4L * ROWS * PANEL)
    public float[] weightedSum() {
        kernels.weightedSum(q, 0, ROWS, panel, 0, out, 0);
        return out;
    }

    @Benchmark
    @Work(bytes = 4L * ROWS * PANEL)
    public float[] laneMask() {
        kernels.laneMask(masked, 0, ROWS, 0, positions, 128);
        return masked;
    }

    @Benchmark
    @Work(flops = 4L * ROWS * PANEL)
    public float[] laneSoftmax() {
        kernels.laneSoftmax(scores, 0, ROWS, max, sum, correction);
        return scores;
    }
}
