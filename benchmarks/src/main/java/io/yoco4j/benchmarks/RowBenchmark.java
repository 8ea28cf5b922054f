package io.yoco4j.benchmarks;

import org.openjdk.jmh.annotations.Benchmark;

/** What is done to a row of activations of width 2048. */
public class RowBenchmark extends KernelBenchmark {
    private static final int N = 2048;
    private static final int HALF = 64;

    private final float[] x = floats(N);
    private final float[] y = floats(N);
    private final float[] zeros = new float[N];
    private final float[] weight = floats(N);
    private final float[] exponentials = floats(N);
    private final float[] gate = gate();
    private final float[] up = up(gate);
    private final float[] cos = new float[HALF];
    private final float[] sin = new float[HALF];
    private final float[] one = new float[1];

    public RowBenchmark() {
        for (int j = 0; j < HALF; j++) {
            cos[j] = (float) Math.cos(j);
            sin[j] = (float) Math.sin(j);
        }
    }

    /** Between -2 and 0, where silu(gate) * up comes back to gate from either side; others drift to 0 and infinity. */
    private static float[] gate() {
        float[] gate = new float[N];
        for (int i = 0; i < N; i++) {
            gate[i] = -2f * (i + 1) / (N + 1);
        }
        return gate;
    }

    /** With these, silu(gate) * up is gate again. */
    private static float[] up(float[] gate) {
        float[] up = new float[gate.length];
        for (int i = 0; i < up.length; i++) {
            up[i] = (float) (1 + Math.exp(-gate[i]));
        }
        return up;
    }

    @Benchmark
    @Work(flops = 4L * N)
    public float[] rmsNorm() {
        kernels.rmsNorm(x, 0, N, 1e-5f, weight, y, 0);
        return y;
    }

    @Benchmark
    @Work(flops = 6L * HALF)
    public float[] rotate() {
        kernels.rotate(x, 0, HALF, cos, sin, 0);
        return x;
    }

    @Benchmark
    @Work(flops = 5L * N)
    public float[] siluMultiply() {
        kernels.siluMultiply(gate, 0, up, 0, N);
        return gate;
    }

    @Benchmark
    @Work(flops = N)
    public float[] add() {
        kernels.add(x, 0, zeros, 0, N);
        return x;
    }

    @Benchmark
    @Work(flops = N)
    public float[] scale() {
        kernels.scale(x, 0, N, -1);
        return x;
    }

    @Benchmark
    @Work(flops = N)
    public float[] max() {
        one[0] = kernels.max(x, 0, N);
        return one;
    }

    @Benchmark
    @Work(flops = 3L * N)
    public float[] expSum() {
        // exp(x - 1) tends to 1.
        one[0] = kernels.expSum(exponentials, 0, N, Math.max(1, kernels.max(exponentials, 0, N)));
        return exponentials;
    }
}
