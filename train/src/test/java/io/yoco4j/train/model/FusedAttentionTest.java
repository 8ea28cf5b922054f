package io.yoco4j.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.train.kernel.Angles;
import io.yoco4j.train.model.FusedAttention.HeadCounts;
import io.yoco4j.train.model.FusedAttention.Part;
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

    private static final double THETA = 10;

    @ParameterizedTest
    @CsvSource({
        // batch, tokens, heads, kv heads, hd, window, rotated
        "1, 1, 1, 1, 2, 0, true",
        "2, 2, 1, 1, 4, 1, false",
        "1, 3, 2, 1, 6, 2, true",
        "3, 5, 2, 2, 16, 0, true",
        "1, 16, 4, 2, 8, 5, false",
        "2, 17, 3, 1, 10, 0, true",
        "1, 33, 2, 2, 32, 7, true",
        "2, 63, 4, 4, 16, 16, false",
        "1, 65, 4, 2, 24, 64, true",
        "1, 100, 2, 1, 40, 33, true",
        "2, 131, 2, 2, 18, 0, false",
        "1, 257, 1, 1, 64, 100, true",
        // Enough sequences for neighbouring heads to be taken together, where threads are few.
        "9, 19, 8, 4, 16, 6, true",
        "5, 40, 2, 2, 24, 0, true",
        "5, 35, 4, 4, 8, 33, false",
    })
    void equalsOperationByOperation(
            int batch, int tokens, int heads, int kvHeads, int hd, int window, boolean rotated) {
        int seen = window == 0 ? ALL : window;
        SplittableRandom random = new SplittableRandom(tokens * 31L + hd);
        float[] q = values(random, batch * tokens * heads * hd, 1.5);
        float[] k = values(random, batch * tokens * kvHeads * hd, 1.5);
        float[] v = values(random, batch * tokens * kvHeads * hd, 1);
        float[] upstream = values(random, batch * tokens * heads * hd, 1);
        HeadCounts counts = new HeadCounts(heads, kvHeads, hd);
        Angles angles = rotated ? Angles.of(3, tokens, hd, THETA) : Angles.NONE;
        List<List<float[]>> results = new ArrayList<>();
        try (TorchAttention reference = new TorchAttention();
                Fused fused = new Fused()) {
            for (Layout layout : Layout.values()) {
                try (PointerScope scope = new PointerScope()) {
                    Tensor tq =
                            Torch.floats(q, batch, tokens, (long) heads * hd).requires_grad_(true);
                    Tensor tk =
                            Torch.floats(k, batch, tokens, (long) kvHeads * hd).requires_grad_(true);
                    Tensor tv =
                            Torch.floats(v, batch, tokens, (long) kvHeads * hd).requires_grad_(true);
                    Tensor out = switch (layout) {
                        case REFERENCE ->
                            reference.attend(
                                    rotate(headsFirst(tq, hd), angles),
                                    new KeyValues(rotate(headsFirst(tk, hd), angles), headsFirst(tv, hd)),
                                    seen);
                        case APART ->
                            fused.attention()
                                    .attend(
                                            new Part(tq, 0, angles),
                                            new FusedAttention.KeyValues(
                                                    new Part(tk, 0, angles), new Part(tv, 0, Angles.NONE)),
                                            counts,
                                            seen,
                                            scope);
                        case KEYS_AND_VALUES -> {
                            Tensor kv = Torch.cat(2, tk, tv);
                            yield fused.attention()
                                    .attend(new Part(tq, 0, angles), parts(kv, 0, counts, angles), counts, seen, scope);
                        }
                        case OTHERS_BETWEEN -> {
                            Tensor kv = Torch.cat(2, tq.mul(tq), tk, tv);
                            yield fused.attention()
                                    .attend(
                                            new Part(tq, 0, angles),
                                            parts(kv, heads * hd, counts, angles),
                                            counts,
                                            seen,
                                            scope);
                        }
                        case JOINT -> {
                            Tensor all = Torch.cat(2, tq, tk, tv);
                            yield fused.attention()
                                    .attend(
                                            new Part(all, 0, angles),
                                            parts(all, heads * hd, counts, angles),
                                            counts,
                                            seen,
                                            scope);
                        }
                    };
                    // The queries are used twice, so that their gradients are added up around the hook, too.
                    Tensor gradient = Torch.floats(upstream, batch, tokens, (long) heads * hd);
                    out.mul(gradient).sum().add(tq.mul(tq).sum()).backward();
                    results.add(List.of(
                            Torch.toFloats(out),
                            Torch.toFloats(tq.grad()),
                            Torch.toFloats(tk.grad()),
                            Torch.toFloats(tv.grad())));
                }
            }
        }
        for (List<float[]> actual : results.subList(1, results.size())) {
            for (int i = 0; i < actual.size(); i++) {
                assertThat(actual.get(i)).containsExactly(results.getFirst().get(i), within(3e-5f));
            }
        }
    }

    /** Where queries, keys and values stand: in tensors of their own, keys beside values, beside columns of no part, all beside each other. */
    private enum Layout {
        REFERENCE,
        APART,
        KEYS_AND_VALUES,
        OTHERS_BETWEEN,
        JOINT
    }

    private static FusedAttention.KeyValues parts(Tensor t, int first, HeadCounts counts, Angles angles) {
        return new FusedAttention.KeyValues(
                new Part(t, first, angles), new Part(t, first + counts.kvHeads() * counts.size(), Angles.NONE));
    }

    private static Tensor headsFirst(Tensor t, int hd) {
        return t.view(t.size(0), t.size(1), -1, hd).transpose(1, 2);
    }

    /** Of [B, H, N, hd], operation by operation. */
    private static Tensor rotate(Tensor t, Angles angles) {
        if (angles == Angles.NONE) {
            return t;
        }
        long half = t.size(3) / 2;
        Tensor cos = Torch.floats(angles.cos(), t.size(2), half);
        Tensor sin = Torch.floats(angles.sin(), t.size(2), half);
        Tensor x1 = t.narrow(3, 0, half);
        Tensor x2 = t.narrow(3, half, half);
        return Torch.cat(3, x1.mul(cos).sub(x2.mul(sin)), x2.mul(cos).add(x1.mul(sin)));
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
                            new Part(Torch.floats(q, 1, n, 4), 0, Angles.NONE),
                            new FusedAttention.KeyValues(
                                    new Part(Torch.floats(k, 1, n, 4), 0, Angles.NONE),
                                    new Part(Torch.floats(v, 1, n, 4), 0, Angles.NONE)),
                            new HeadCounts(1, 1, 4),
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
                    HeadCounts counts = new HeadCounts(4, 2, 8);
                    Angles angles = Angles.of(0, 50, 8, THETA);
                    Tensor q = Torch.floats(values(random, 3 * 50 * 64, 2), 3, 50, 64)
                            .requires_grad_(true);
                    Tensor out = fused.attention()
                            .attend(new Part(q, 0, angles), parts(q, 32, counts, angles), counts, 20, scope);
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
