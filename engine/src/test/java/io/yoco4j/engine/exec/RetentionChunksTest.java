package io.yoco4j.engine.exec;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.engine.kernel.KernelSelection;
import io.yoco4j.engine.kernel.Kernels;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The chunkwise form against the recurrent one, head by head, over odd lengths and head sizes. */
class RetentionChunksTest {
    private static final int HEADS = 3;

    private final Random random = new Random(21);

    private float[] floats(int n, float scale) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = scale * (float) random.nextGaussian();
        }
        return x;
    }

    /** Decays: none at all, those of trained models, and ones whose powers leave the range of floats within a chunk. */
    @ParameterizedTest
    @CsvSource({
        "VECTOR, 8, 0.05",
        "VECTOR, 32, 0",
        "VECTOR, 48, 1",
        "VECTOR, 64, 0.05",
        "VECTOR, 64, 40",
        "VECTOR, 128, 0.3",
        "SCALAR, 20, 0.05",
        "SCALAR, 64, 40"
    })
    void givesWhatTheRecurrentFormGives(KernelSelection selection, int headDim, double strength) {
        Kernels kernels = selection.kernels();
        RetentionChunks chunks = new RetentionChunks(kernels, headDim);
        float scale = (float) (1 / Math.sqrt(headDim));
        int stride = HEADS * headDim;
        float[] expectedState = floats(HEADS * headDim * headDim, 1);
        float[] state = expectedState.clone();
        for (int n : new int[] {1, 31, 32, 33, 7, 16, 95, 100}) {
            float[] q = floats(n * stride, 1);
            float[] k = floats(n * stride, 1);
            float[] v = floats(n * stride, 1);
            float[] out = new float[n * stride];
            float[] expected = new float[n * stride];
            for (int h = 0; h < HEADS; h++) {
                double[] logs = random.doubles(n, -1, 0.1)
                        .map(x -> strength * Math.min(0, x))
                        .toArray();
                int at = h * headDim * headDim;
                for (int i = 0; i < n; i++) {
                    int row = i * stride + h * headDim;
                    float decay = (float) Math.exp(logs[i]);
                    kernels.retention(expectedState, at, headDim, decay, scale, q, k, v, row, expected, row);
                }
                chunks.load(state, at);
                for (int from = 0; from < n; from += RetentionChunks.CHUNK) {
                    int count = Math.min(RetentionChunks.CHUNK, n - from);
                    for (int i = 0; i < count; i++) {
                        chunks.decay(i, logs[from + i]);
                    }
                    chunks.run(count, q, k, v, from * stride + h * headDim, stride, out);
                }
                chunks.store(state, at);
            }
            requireClose(out, expected, n + " tokens");
            requireClose(state, expectedState, "the state after " + n + " tokens");
        }
    }

    /** Values reach about 100 without decay. */
    private static void requireClose(float[] actual, float[] expected, String what) {
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Math.abs(actual[i] - expected[i]) / (1 + Math.abs(expected[i])));
        }
        assertThat(worst).as(what).isLessThan(1e-4);
    }
}
