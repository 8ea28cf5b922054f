package io.yoco4j.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Vector kernels against their scalar twins, over sizes around every vector width. The seed is in each message. */
class KernelTwinsTest {
    private static final Kernels SCALAR = KernelSelection.SCALAR.kernels();
    private static final Kernels VECTOR = KernelSelection.VECTOR.kernels();
    private static final int PANEL = Kernels.PANEL;

    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);

    static IntStream sizes() {
        return IntStream.of(1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 100, 127, 128, 255, 1001);
    }

    private float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    /** Rounding of a sum of n terms grows with n. */
    private void requireEqual(float[] actual, float[] expected, int n) {
        float tolerance = 1e-6f * (4 + n);
        for (int i = 0; i < expected.length; i++) {
            assertThat(Math.abs(actual[i] - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i])))
                    .as("seed %d, index %d: %s against %s", seed, i, actual[i], expected[i])
                    .isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void panels(int k) {
        float[] a = floats(k * PANEL + 64);
        float[] b = floats(k * PANEL + 64);
        for (boolean add : new boolean[] {false, true}) {
            float[] expected = floats(8 * 45 + 40);
            float[] actual = expected.clone();
            SCALAR.tile(k, a, 8, b, 5, expected, 3, 45, add);
            VECTOR.tile(k, a, 8, b, 5, actual, 3, 45, add);
            requireEqual(actual, expected, k);
        }
        for (int columns : new int[] {1, 31, 32}) {
            float[] rows = floats(PANEL * (k + 3) + 7);
            float[] expected = floats(k * PANEL + 5);
            float[] actual = expected.clone();
            SCALAR.transpose(rows, 7, k + 3, columns, k, expected, 5);
            VECTOR.transpose(rows, 7, k + 3, columns, k, actual, 5);
            assertThat(actual).isEqualTo(expected);
        }
        float[] expected = floats(PANEL + 1);
        float[] actual = expected.clone();
        SCALAR.scores(a, 2, k, b, 4, expected, 1);
        VECTOR.scores(a, 2, k, b, 4, actual, 1);
        requireEqual(actual, expected, k);
        SCALAR.weightedSum(a, 2, k, b, 4, expected, 1);
        VECTOR.weightedSum(a, 2, k, b, 4, actual, 1);
        requireEqual(actual, expected, 2 * k);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void strips(int n) {
        int k = Math.min(n, Kernels.DEPTH);
        float[] w = floats(Kernels.HEIGHTS * Kernels.BLOCK_STRIDE + 3);
        for (int rows : new int[] {1, 7, 31, PANEL}) {
            float[] x = floats(rows * k + 5);
            float[] before = floats(Kernels.HEIGHTS * Kernels.RESULT_STRIDE + 4);
            float[] expected = before.clone();
            for (int o = 0; o < Kernels.HEIGHTS; o++) {
                for (int r = 0; r < rows; r++) {
                    double sum = 0;
                    for (int i = 0; i < k; i++) {
                        sum += (double) w[3 + o * Kernels.BLOCK_STRIDE + i] * x[5 + r * k + i];
                    }
                    expected[4 + o * Kernels.RESULT_STRIDE + r] += (float) sum;
                }
            }
            for (Kernels kernels : List.of(SCALAR, VECTOR)) {
                requireEqual(strips(kernels, k, w, x, rows, before.clone()), expected, 2 * k);
            }
        }
    }

    /** Products with rows of x that need not fill the last strip: those beyond count as zeros. */
    private static float[] strips(Kernels kernels, int k, float[] w, float[] x, int rows, float[] c) {
        int strip = kernels.strip();
        assertThat(PANEL % strip).isZero();
        assertThat(Kernels.HEIGHTS % kernels.height()).isZero();
        float[] packed = new float[strip * k + 2];
        for (int r = 0; r < rows; r += strip) {
            Arrays.fill(packed, Float.NaN);
            kernels.pack(x, 5 + r * k, Math.min(strip, rows - r), k, packed, 1);
            assertThat(packed[0]).isNaN();
            assertThat(packed[strip * k + 1]).isNaN();
            for (int o = 0; o < Kernels.HEIGHTS; o += kernels.height()) {
                kernels.product(k, w, 3 + o * Kernels.BLOCK_STRIDE, packed, 1, c, 4 + o * Kernels.RESULT_STRIDE + r);
            }
        }
        return c;
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void rows(int n) {
        float[] x = floats(n + 3);
        float[] y = floats(n + 3);
        float[] expected = x.clone();
        float[] actual = x.clone();
        SCALAR.rmsNorm(x, 2, n, 1e-5f, y, expected, 3);
        VECTOR.rmsNorm(x, 2, n, 1e-5f, y, actual, 3);
        requireEqual(actual, expected, n);
        SCALAR.add(expected, 1, y, 2, n);
        VECTOR.add(actual, 1, y, 2, n);
        SCALAR.scale(expected, 3, n, 0.3f);
        VECTOR.scale(actual, 3, n, 0.3f);
        SCALAR.siluMultiply(expected, 2, y, 1, n);
        VECTOR.siluMultiply(actual, 2, y, 1, n);
        requireEqual(actual, expected, n);
        assertThat(VECTOR.max(x, 1, n)).isEqualTo(SCALAR.max(x, 1, n));
        float max = SCALAR.max(expected, 0, n);
        float sum = SCALAR.expSum(expected, 0, n, max);
        float vectorSum = VECTOR.expSum(actual, 0, n, max);
        requireEqual(new float[] {vectorSum}, new float[] {sum}, n);
        requireEqual(actual, expected, n);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void bfloat16(int n) {
        float[] x = floats(n + 3);
        for (int i = 0; i < x.length; i += 3) {
            // The middle between two, above an even and an odd one.
            x[i] = Float.intBitsToFloat(Float.floatToRawIntBits(x[i]) & 0xffff_0000 | 0x8000);
        }
        MemorySegment expected = Arena.ofAuto().allocate(2L * n + 2);
        MemorySegment actual = Arena.ofAuto().allocate(2L * n + 2);
        SCALAR.bf16(x, 3, n, expected, 2);
        VECTOR.bf16(x, 3, n, actual, 2);
        assertThat(actual.mismatch(expected)).as("seed %d", seed).isEqualTo(-1);
        for (int i = 0; i < n; i++) {
            float rounded = Float.intBitsToFloat(actual.get(ScalarWeights.SHORT, 2L * i + 2) << 16);
            double off = Math.abs((double) rounded - x[i + 3]);
            assertThat(off)
                    .as("seed %d: %s became %s", seed, x[i + 3], rounded)
                    .isLessThanOrEqualTo(Math.ulp(rounded) * 0x1p15);
        }
    }

    @Test
    void bfloat16RoundsToEvenAndKeepsWhatIsNotFinite() {
        float[] x = new float[PANEL];
        float[] special = {
            1,
            1 + 0x1p-8f,
            1 + 0x3p-8f,
            1 + 0x1.01p-8f,
            -1 - 0x3p-8f,
            Float.NaN,
            Float.intBitsToFloat(-1),
            Float.NEGATIVE_INFINITY,
            Float.MAX_VALUE,
            -0f
        };
        System.arraycopy(special, 0, x, 0, special.length);
        for (Kernels kernels : List.of(SCALAR, VECTOR)) {
            MemorySegment out = Arena.ofAuto().allocate(2 * PANEL);
            kernels.bf16(x, 0, PANEL, out, 0);
            float[] rounded = new float[special.length];
            for (int i = 0; i < rounded.length; i++) {
                rounded[i] = Float.intBitsToFloat(out.get(ScalarWeights.SHORT, 2L * i) << 16);
            }
            assertThat(rounded)
                    .containsExactly(
                            1,
                            1,
                            1 + 0x2p-7f,
                            1 + 0x1p-7f,
                            -1 - 0x2p-7f,
                            Float.NaN,
                            Float.NaN,
                            Float.NEGATIVE_INFINITY,
                            Float.POSITIVE_INFINITY,
                            -0f);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void rotations(int half) {
        float[] x = floats(2 * half + 3);
        float[] cos = floats(half + 2);
        float[] sin = floats(half + 2);
        float[] expected = x.clone();
        float[] actual = x.clone();
        SCALAR.rotate(expected, 3, half, cos, sin, 2);
        VECTOR.rotate(actual, 3, half, cos, sin, 2);
        requireEqual(actual, expected, 4);
    }

    @Test
    void exponentialsOverTheWholeRange() {
        int n = 200_001;
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = -87f + 87f * i / (n - 1);
        }
        float[] actual = x.clone();
        VECTOR.expSum(actual, 0, n, 0);
        for (int i = 0; i < n; i++) {
            double exact = Math.exp(x[i]);
            assertThat(Math.abs(actual[i] - exact) <= 1e-6 * exact)
                    .as("exp(%s) = %s, not %s", x[i], actual[i], exact)
                    .isTrue();
        }
        float[] extremes = new float[PANEL];
        Arrays.fill(extremes, Float.NEGATIVE_INFINITY);
        extremes[1] = -1e30f;
        extremes[2] = -88;
        assertThat(VECTOR.expSum(extremes, 0, PANEL, 0)).isZero();
        float[] gate = new float[PANEL];
        Arrays.fill(gate, -200);
        gate[0] = 200;
        float[] up = new float[PANEL];
        Arrays.fill(up, 1);
        VECTOR.siluMultiply(gate, 0, up, 0, PANEL);
        assertThat(gate[0]).isEqualTo(200);
        assertThat(gate[1]).isBetween(-1e-30f, 0f);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void softmaxOf32Queries(int rows) {
        float[] s = floats(rows * PANEL + 5);
        int[] positions = IntStream.range(0, PANEL).map(i -> 100 + i / 3).toArray();
        for (int window : new int[] {1, 6, Integer.MAX_VALUE}) {
            float[] expected = s.clone();
            float[] actual = s.clone();
            SCALAR.laneMask(expected, 5, rows, 98, positions, window);
            VECTOR.laneMask(actual, 5, rows, 98, positions, window);
            assertThat(actual).as("seed %d", seed).isEqualTo(expected);
            float[][] e = state();
            float[][] a = state();
            for (int step = 0; step < 2; step++) {
                SCALAR.laneSoftmax(expected, 5, rows, e[0], e[1], e[2]);
                VECTOR.laneSoftmax(actual, 5, rows, a[0], a[1], a[2]);
                requireEqual(actual, expected, 4);
                assertThat(a[0]).isEqualTo(e[0]);
                requireEqual(a[1], e[1], rows);
                requireEqual(a[2], e[2], 4);
                expected = Arrays.copyOf(floats(rows * PANEL + 5), expected.length);
                actual = expected.clone();
            }
        }
    }

    /** Maximum, sum, correction before the first key. */
    private static float[][] state() {
        float[][] state = new float[3][PANEL];
        Arrays.fill(state[0], -1e30f);
        return state;
    }

    @ParameterizedTest
    @MethodSource("headDims")
    void retention(int headDim) {
        float[] state = floats(headDim * headDim + 3);
        float[] other = state.clone();
        float[] q = floats(headDim + 2);
        float[] k = floats(headDim + 2);
        float[] v = floats(headDim + 2);
        float[] expected = new float[headDim + 1];
        float[] actual = new float[headDim + 1];
        for (int step = 0; step < 3; step++) {
            SCALAR.retention(state, 3, headDim, 0.9f, 0.25f, q, k, v, 2, expected, 1);
            VECTOR.retention(other, 3, headDim, 0.9f, 0.25f, q, k, v, 2, actual, 1);
        }
        requireEqual(other, state, 8);
        requireEqual(actual, expected, 4 * headDim);
    }

    static IntStream headDims() {
        return IntStream.of(2, 4, 6, 8, 10, 16, 18, 32, 36, 64, 80, 128);
    }
}
