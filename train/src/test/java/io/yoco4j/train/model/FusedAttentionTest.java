package io.yoco4j.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.train.model.TorchContext.KeyValues;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The fused attention against libtorch's operations, outputs and gradients. */
class FusedAttentionTest {
    private static final int ALL = TorchAttention.UNBOUNDED;

    @ParameterizedTest
    @CsvSource({
        // batch, tokens, heads, kv heads, hd, window
        "1, 1, 1, 1, 2, 0",
        "2, 2, 1, 1, 4, 1",
        "1, 3, 2, 1, 6, 2",
        "3, 5, 2, 2, 16, 0",
        "1, 16, 4, 2, 8, 5",
        "2, 17, 3, 1, 10, 0",
        "1, 33, 2, 2, 32, 7",
        "2, 63, 4, 4, 16, 16",
        "1, 65, 4, 2, 24, 64",
        "1, 100, 2, 1, 40, 33",
        "2, 131, 2, 2, 18, 0",
        "1, 257, 1, 1, 64, 100",
    })
    void equalsOperationByOperation(int batch, int tokens, int heads, int kvHeads, int hd, int window) {
        int seen = window == 0 ? ALL : window;
        SplittableRandom random = new SplittableRandom(tokens * 31L + hd);
        float[] q = values(random, batch * tokens * heads * hd, 1.5);
        float[] k = values(random, batch * tokens * kvHeads * hd, 1.5);
        float[] v = values(random, batch * tokens * kvHeads * hd, 1);
        float[] upstream = values(random, batch * tokens * heads * hd, 1);
        List<float[]> expected = new ArrayList<>();
        List<float[]> actual = new ArrayList<>();
        try (TorchAttention reference = new TorchAttention();
                Fused fused = new Fused()) {
            for (boolean one : new boolean[] {false, true}) {
                try (PointerScope scope = new PointerScope()) {
                    Tensor tq = Torch.floats(q, batch, tokens, heads, hd).requires_grad_(true);
                    Tensor tk = Torch.floats(k, batch, tokens, kvHeads, hd).requires_grad_(true);
                    Tensor tv = Torch.floats(v, batch, tokens, kvHeads, hd).requires_grad_(true);
                    Tensor out = one
                            ? fused.attention().attend(tq, tk, tv, seen, scope)
                            : reference.attend(
                                    tq.transpose(1, 2), new KeyValues(tk.transpose(1, 2), tv.transpose(1, 2)), seen);
                    // The queries are used twice, so that their gradients are added up around the hook, too.
                    Tensor gradient = Torch.floats(upstream, batch, tokens, (long) heads * hd);
                    out.mul(gradient).sum().add(tq.mul(tq).sum()).backward();
                    List<float[]> results = one ? actual : expected;
                    results.add(Torch.toFloats(out));
                    results.add(Torch.toFloats(tq.grad()));
                    results.add(Torch.toFloats(tk.grad()));
                    results.add(Torch.toFloats(tv.grad()));
                }
            }
        }
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i)).containsExactly(expected.get(i), within(3e-5f));
        }
    }

    /** Scores far below a row's highest vanish, and none overflows. */
    @Test
    void survivesLargeScores() {
        int n = 40;
        float[] q = new float[n * 4];
        float[] k = new float[n * 4];
        float[] v = new float[n * 4];
        for (int i = 0; i < n; i++) {
            q[i * 4] = 100;
            k[i * 4] = i % 7 == 0 ? 100 : -100;
            v[i * 4] = i % 7 == 0 ? 1 : 1e6f;
        }
        try (Fused fused = new Fused();
                PointerScope scope = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            float[] out = Torch.toFloats(fused.attention()
                    .attend(
                            Torch.floats(q, 1, n, 1, 4),
                            Torch.floats(k, 1, n, 1, 4),
                            Torch.floats(v, 1, n, 1, 4),
                            ALL,
                            scope));
            for (int i = 0; i < n; i++) {
                assertThat(out[i * 4]).isCloseTo(1, within(1e-6f));
            }
        }
    }

    /** A run is the same to the bit on any number of threads. */
    @Test
    void doesNotDependOnThreads() {
        int threads = torch.get_num_threads();
        List<float[]> results = new ArrayList<>();
        try {
            for (int count : new int[] {1, 2, 3}) {
                torch.set_num_threads(count);
                SplittableRandom random = new SplittableRandom(5);
                try (Fused fused = new Fused();
                        PointerScope scope = new PointerScope()) {
                    Tensor q = Torch.floats(values(random, 3 * 50 * 4 * 8, 2), 3, 50, 4, 8)
                            .requires_grad_(true);
                    Tensor k = Torch.floats(values(random, 3 * 50 * 2 * 8, 2), 3, 50, 2, 8);
                    Tensor v = Torch.floats(values(random, 3 * 50 * 2 * 8, 2), 3, 50, 2, 8);
                    Tensor out = fused.attention().attend(q, k, v, 20, scope);
                    out.mul(out).sum().backward();
                    results.add(Torch.toFloats(out));
                    results.add(Torch.toFloats(q.grad()));
                }
            }
        } finally {
            torch.set_num_threads(threads);
        }
        for (int i = 2; i < results.size(); i++) {
            assertThat(results.get(i)).isEqualTo(results.get(i % 2));
        }
    }

    private static float[] values(SplittableRandom random, int count, double scale) {
        float[] out = new float[count];
        for (int i = 0; i < count; i++) {
            out[i] = (float) (scale * (random.nextDouble() * 2 - 1));
        }
        return out;
    }
}
