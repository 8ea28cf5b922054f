package io.yoco4j.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Kernels over narrow caches: both kinds against the panels of floats that the bits stand for. */
class KvTwinsTest {
    private static final Kernels[] KERNELS = {KernelSelection.SCALAR.kernels(), KernelSelection.VECTOR.kernels()};
    private static final int PANEL = Kernels.PANEL;
    private static final int SHIFT = 4;

    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);

    private float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private short[] bf16(int n, float scale) {
        short[] x = new short[n];
        for (int i = 0; i < n; i++) {
            x[i] = (short) (Float.floatToRawIntBits((float) random.nextGaussian() * scale) >>> 16);
        }
        return x;
    }

    private void requireClose(Kernels kernels, float[] actual, float[] expected, double tolerance) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(Math.abs(actual[i] - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i])))
                    .as("seed %d, %s, index %d: %s against %s", seed, kernels.name(), i, actual[i], expected[i])
                    .isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("io.yoco4j.engine.kernel.KernelTwinsTest#sizes")
    void bfloat16(int rows) {
        short[] panel = bf16(rows * PANEL + SHIFT, 1);
        float[] wide = new float[rows * PANEL];
        for (int i = 0; i < wide.length; i++) {
            int c = i % PANEL;
            int at = SHIFT + i - c + (c < 16 ? 2 * c : 2 * c - 31);
            wide[i] = Float.intBitsToFloat(panel[at] << 16);
        }
        float[] p = floats(rows + 3);
        float[] before = floats(PANEL + 1);
        float[] sums = before.clone();
        KERNELS[0].weightedSum(p, 3, rows, wide, 0, sums, 1);
        float[] scores = new float[PANEL];
        KERNELS[0].scores(p, 3, rows, wide, 0, scores, 0);
        for (Kernels kernels : KERNELS) {
            float[] out = new float[wide.length];
            kernels.widen(panel, SHIFT, rows, out, 0);
            assertThat(out).as("seed %d", seed).isEqualTo(wide);
            float[] actual = before.clone();
            kernels.weightedSum(p, 3, rows, panel, SHIFT, actual, 1);
            requireClose(kernels, actual, sums, 2e-6 * (4 + rows));
            actual = floats(PANEL);
            kernels.scores(p, 3, rows, panel, SHIFT, actual, 0);
            requireClose(kernels, actual, scores, 2e-6 * (4 + rows));
        }
    }

    @ParameterizedTest
    @MethodSource("io.yoco4j.engine.kernel.KernelTwinsTest#sizes")
    void bytes(int rows) {
        byte[] panel = new byte[rows * PANEL + SHIFT];
        random.nextBytes(panel);
        short[] rowScales = bf16(rows + 2, 0.01f);
        short[] columnScales = bf16((rows + PANEL - 1) / PANEL * PANEL + 2, 0.01f);
        float[] values = new float[rows * PANEL];
        float[] keys = new float[rows * PANEL];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < PANEL; c++) {
                byte b = panel[SHIFT + r * PANEL + c];
                values[r * PANEL + c] = b * Float.intBitsToFloat(rowScales[2 + r] << 16);
                keys[r * PANEL + c] = b * Float.intBitsToFloat(columnScales[2 + r / PANEL * PANEL + c] << 16);
            }
        }
        float[] p = floats(rows + 3);
        float[] before = floats(PANEL + 1);
        float[] sums = before.clone();
        KERNELS[0].weightedSum(p, 3, rows, values, 0, sums, 1);
        float[] scores = new float[PANEL];
        KERNELS[0].scores(p, 3, rows, keys, 0, scores, 0);
        for (Kernels kernels : KERNELS) {
            float[] out = new float[values.length];
            kernels.widenValues(panel, SHIFT, rows, rowScales, 2, out, 0);
            assertThat(out).as("seed %d", seed).isEqualTo(values);
            kernels.widenKeys(panel, SHIFT, rows, columnScales, 2, out, 0);
            assertThat(out).as("seed %d", seed).isEqualTo(keys);
            float[] scratch = new float[Math.max(PANEL, rows)];
            float[] actual = before.clone();
            kernels.weightedSum(p, 3, rows, panel, SHIFT, rowScales, 2, actual, 1, scratch);
            requireClose(kernels, actual, sums, 2e-6 * (4 + rows));
            actual = floats(PANEL);
            kernels.scores(p, 3, rows, panel, SHIFT, columnScales, 2, actual, 0, scratch);
            requireClose(kernels, actual, scores, 2e-6 * (4 + rows));
        }
    }
}
