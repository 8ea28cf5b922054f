package io.yoco4j.benchmarks;

import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;

/** Cached keys and values in bfloat16 and bytes, heads of 64: widened into float32 panels, or met as they are. */
public class KvBenchmark extends KernelBenchmark {
    private static final int HEAD = 64;
    private static final int ROWS = 256;

    private final float[] q = floats(ROWS);
    private final short[] bf16 = bfloats(PANEL * ROWS);
    private final byte[] q8 = bytes(PANEL * ROWS);
    private final short[] scales = new short[PANEL * ROWS];
    private final float[] wide = new float[PANEL * ROWS];
    private final float[] out = new float[PANEL];
    private final float[] scratch = new float[ROWS];

    public KvBenchmark() {
        Arrays.fill(scales, (short) (Float.floatToRawIntBits(0x1p-7f) >>> 16));
    }

    @Benchmark
    @Work(bytes = 2L * ROWS * PANEL)
    public float[] widenBf16() {
        kernels.widen(bf16, 0, ROWS, wide, 0);
        return wide;
    }

    @Benchmark
    @Work(bytes = HEAD * PANEL + 2 * HEAD / 32 * PANEL)
    public float[] widenKeysQ8() {
        kernels.widenKeys(q8, 0, HEAD, scales, 0, wide, 0);
        return wide;
    }

    @Benchmark
    @Work(bytes = ROWS * PANEL + 2 * ROWS)
    public float[] widenValuesQ8() {
        kernels.widenValues(q8, 0, ROWS, scales, 0, wide, 0);
        return wide;
    }

    @Benchmark
    @Work(flops = 2L * HEAD * PANEL, bytes = 2L * HEAD * PANEL)
    public float[] scoresBf16() {
        kernels.scores(q, 0, HEAD, bf16, 0, out, 0);
        return out;
    }

    @Benchmark
    @Work(flops = 2L * ROWS * PANEL, bytes = 2L * ROWS * PANEL)
    public float[] weightedSumBf16() {
        kernels.weightedSum(q, 0, ROWS, bf16, 0, out, 0);
        return out;
    }

    @Benchmark
    @Work(flops = 2L * HEAD * PANEL, bytes = HEAD * PANEL + 2 * HEAD / 32 * PANEL)
    public float[] scoresQ8() {
        kernels.scores(q, 0, HEAD, q8, 0, scales, 0, out, 0, scratch);
        return out;
    }

    @Benchmark
    @Work(flops = 2L * ROWS * PANEL, bytes = ROWS * PANEL + 2 * ROWS)
    public float[] weightedSumQ8() {
        kernels.weightedSum(q, 0, ROWS, q8, 0, scales, 0, out, 0, scratch);
        return out;
    }
}
