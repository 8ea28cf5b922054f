package io.yoco4j.benchmarks;

import io.yoco4j.engine.kernel.Kernels;
import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;

/** Products of panels and of strips, a block of K long. */
public class TileBenchmark extends KernelBenchmark {
    private static final int K = 256;
    private static final int ROWS = 8;
    private static final int STRIDE = 48;

    private final float[] a = floats(PANEL * K);
    private final float[] b = floats(PANEL * K);
    private final float[] c = new float[ROWS * STRIDE];
    private final float[] weights = floats(Kernels.HEIGHTS * Kernels.BLOCK_STRIDE);
    private final float[] results = new float[Kernels.HEIGHTS * Kernels.RESULT_STRIDE];
    private final float[] packed = new float[PANEL * K];
    private final float[] rows = floats(PANEL * (K + 16));
    private final float[] panel = new float[PANEL * K];
    /** Where which row lies in a strip is each kernel's own affair, so nothing is returned of it. */
    private final float[] one = {1};

    private boolean isPacked;

    @Benchmark
    @Work(flops = 2L * K * ROWS * PANEL)
    public float[] tile() {
        kernels.tile(K, a, 0, b, 0, c, 0, STRIDE, false);
        return c;
    }

    /** 40 stored rows and 32 rows of x, in as many strips as those are, set and not added to. */
    @Benchmark
    @Work(flops = 2L * K * Kernels.HEIGHTS * PANEL)
    public float[] product() {
        if (!isPacked) {
            pack();
        }
        int strip = kernels.strip();
        Arrays.fill(results, 0);
        for (int r = 0; r < PANEL; r += strip) {
            for (int o = 0; o < Kernels.HEIGHTS; o += kernels.height()) {
                int from = o * Kernels.BLOCK_STRIDE;
                kernels.product(K, weights, from, packed, r * K, results, o * Kernels.RESULT_STRIDE + r);
            }
        }
        return results;
    }

    @Benchmark
    @Work(bytes = 4L * K * PANEL)
    public float[] pack() {
        int strip = kernels.strip();
        for (int r = 0; r < PANEL; r += strip) {
            kernels.pack(rows, r * K, strip, K, packed, r * K);
        }
        isPacked = true;
        return one;
    }

    @Benchmark
    @Work(bytes = 4L * K * PANEL)
    public float[] transpose() {
        kernels.transpose(rows, 0, K + 16, PANEL, K, panel, 0);
        return panel;
    }
}
