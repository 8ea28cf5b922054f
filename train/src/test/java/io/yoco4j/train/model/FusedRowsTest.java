package io.yoco4j.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.train.kernel.Angles;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The fused RMSNorm, SwiGLU and rotary embedding against libtorch's operations in float32, outputs and gradients. */
class FusedRowsTest {
    private static final double EPS = 1e-5;

    private final Fused fused = new Fused();
    private final int threads = torch.get_num_threads();
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
        fused.close();
        torch.set_num_threads(threads);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, false",
        "3, 2, false",
        "65, 7, false",
        "64, 16, false",
        "130, 33, false",
        "5, 100, true",
        "129, 64, true"
    })
    void normEqualsOperationByOperation(int rows, int width, boolean bf16) {
        Tensor x = leaf(rows, width, 2, bf16);
        Tensor weight =
                leaf(1, width, 1, false).detach().view(width).add_(scalar(1)).requires_grad_(true);
        Tensor weightGradient = torch.zeros(width);
        Tensor upstream = leaf(rows, width, 1, bf16).detach();
        Tensor expected = torch.rms_norm(
                x.to(ScalarType.Float), new long[] {width}, new TensorOptional(weight), new DoubleOptional(EPS));
        Results reference = results(expected, upstream, x);
        float[] expectedWeightGradient = Torch.toFloats(weight.grad());

        Tensor y = fused.rows().rmsNorm(x, weight, weightGradient, EPS, type(bf16), scope);
        assertThat(y.scalar_type().intern()).isEqualTo(type(bf16));
        Results results = results(y, upstream, x);
        close(results, reference, bf16);
        // Summed over all rows, in another order.
        close(Torch.toFloats(weightGradient), expectedWeightGradient, bf16 ? 2e-2 : 1e-4);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, false", "2, 3, false", "31, 33, false", "7, 1024, false", "150, 333, false", "9, 77, true"})
    void swiGluEqualsOperationByOperation(int rows, int width, boolean bf16) {
        Tensor gate = leaf(rows, width, 12, bf16);
        Tensor up = leaf(rows, width, 2, bf16);
        Tensor upstream = leaf(rows, width, 1, bf16).detach();
        Tensor expected = torch.silu(gate.to(ScalarType.Float)).mul(up.to(ScalarType.Float));
        close(
                results(fused.rows().swiGlu(Torch.cat(1, gate, up), scope), upstream, gate, up),
                results(expected, upstream, gate, up),
                bf16);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 2, false",
        "2, 5, 3, 6, false",
        "3, 40, 4, 16, false",
        "1, 70, 2, 34, false",
        "2, 9, 2, 32, true"
    })
    void rotationIsUndoneByItsGradient(int batch, int tokens, int heads, int hd, boolean bf16) {
        Angles angles = angles(tokens, hd / 2);
        Tensor x = leaf(batch * tokens, heads * hd, 1, bf16);
        Tensor shaped = x.view(batch, tokens, heads, hd);
        Tensor y = fused.rows().rotate(shaped, angles, scope);
        float[] in = Torch.toFloats(x);
        float[] out = Torch.toFloats(y);
        int half = hd / 2;
        for (int r = 0; r < batch * tokens; r++) {
            for (int h = 0; h < heads; h++) {
                for (int j = 0; j < half; j++) {
                    int a = (r * heads + h) * hd + j;
                    int angle = r % tokens * half + j;
                    float cos = angles.cos()[angle];
                    float sin = angles.sin()[angle];
                    close(out[a], in[a] * cos - in[a + half] * sin, bf16 ? 1e-2 : 1e-6);
                    close(out[a + half], in[a + half] * cos + in[a] * sin, bf16 ? 1e-2 : 1e-6);
                }
            }
        }
        // A rotation's gradient is the rotation back: of the rotated input, the input.
        y.mul(y.detach()).sum().backward();
        close(Torch.toFloats(x.grad()), in, bf16 ? 2e-2 : 1e-5);
    }

    /** A head's gradient comes as a view of a transposed tensor. */
    @Test
    void takesGradientsThatAreNotContiguous() {
        Angles angles = angles(5, 4);
        Tensor x = leaf(10, 24, 1, false);
        Tensor y = fused.rows().rotate(x.view(2, 5, 3, 8), angles, scope);
        Tensor upstream = leaf(2 * 3 * 5, 8, 1, false).detach().view(2, 3, 5, 8);
        y.transpose(1, 2).mul(upstream).sum().backward();
        Tensor contiguous = upstream.transpose(1, 2).contiguous();
        Angles back = new Angles(angles.half(), angles.cos(), angles.minusSin(), angles.sin());
        close(Torch.toFloats(x.grad()), Torch.toFloats(fused.rows().rotate(contiguous, back, scope)), 1e-6);
    }

    @Test
    void gradientsOfOtherUsesAreAdded() {
        Tensor x = leaf(70, 9, 2, false);
        Tensor weight = torch.ones(9);
        Tensor upstream = leaf(70, 9, 1, false).detach();
        BiFunction<Tensor, Tensor, float[]> gradient = (y, input) -> {
            Results results = results(y.add(input), upstream, input);
            return results.gradients().getFirst();
        };
        float[] expected = gradient.apply(
                torch.rms_norm(x, new long[] {9}, new TensorOptional(weight), new DoubleOptional(EPS)), x);
        close(
                gradient.apply(fused.rows().rmsNorm(x, weight, torch.zeros(9), EPS, type(false), scope), x),
                expected,
                1e-5);
    }

    @Test
    void leavesNoGraphWithoutGradients() {
        try (NoGradGuard _ = new NoGradGuard()) {
            Tensor x = leaf(3, 8, 1, false);
            assertThat(fused.rows().swiGlu(x, scope).requires_grad()).isFalse();
            assertThat(fused.rows()
                            .rmsNorm(x, torch.ones(8), torch.zeros(8), EPS, type(true), scope)
                            .requires_grad())
                    .isFalse();
        }
    }

    /** Large gates neither overflow nor lose their sign, in output and gradient. */
    @ParameterizedTest
    @ValueSource(floats = {-1000, -90, -30, 0, 30, 90, 1000})
    void survivesLargeGates(float value) {
        Tensor gate = Torch.floats(new float[] {value}, 1).requires_grad_(true);
        Tensor y = fused.rows().swiGlu(Torch.cat(0, gate, torch.ones(1)), scope);
        y.sum().backward();
        double sigmoid = 1 / (1 + Math.exp(-(double) value));
        assertThat((double) Torch.toFloats(y)[0])
                .isCloseTo(value * sigmoid, within(Math.abs(value * sigmoid) * 1e-5 + 1e-30));
        assertThat(Torch.toFloats(gate.grad())[0]).isBetween(-0.1f, 1.1f);
    }

    @Test
    void doesNotDependOnThreads() {
        List<float[]> seen = new ArrayList<>();
        for (int count : new int[] {1, 2, 3}) {
            torch.set_num_threads(count);
            random = new SplittableRandom(3);
            Tensor x = leaf(500, 40, 2, false);
            Tensor weightGradient = torch.zeros(40);
            Tensor y = fused.rows().rmsNorm(x, torch.ones(40), weightGradient, EPS, type(false), scope);
            Tensor z = fused.rows().swiGlu(y, scope);
            results(z, leaf(500, 20, 1, false).detach(), x).gradients().forEach(seen::add);
            seen.add(Torch.toFloats(weightGradient));
        }
        for (int i = 2; i < seen.size(); i++) {
            assertThat(seen.get(i)).isEqualTo(seen.get(i % 2));
        }
    }

    private record Results(float[] output, List<float[]> gradients) {}

    /** The output, and the gradients of the inputs, which are set to zero afterwards. */
    private static Results results(Tensor output, Tensor upstream, Tensor... inputs) {
        output.mul(upstream).sum().backward();
        List<float[]> gradients = new ArrayList<>();
        for (Tensor input : inputs) {
            gradients.add(Torch.toFloats(input.grad()));
            input.mutable_grad().zero_();
        }
        return new Results(Torch.toFloats(output), gradients);
    }

    private static void close(Results actual, Results expected, boolean bf16) {
        double tolerance = bf16 ? 1e-2 : 2e-5;
        close(actual.output(), expected.output(), tolerance);
        for (int i = 0; i < expected.gradients().size(); i++) {
            close(actual.gradients().get(i), expected.gradients().get(i), tolerance);
        }
    }

    private static void close(float[] actual, float[] expected, double tolerance) {
        assertThat(actual).hasSameSizeAs(expected);
        double scale = 0;
        for (float e : expected) {
            scale = Math.max(scale, Math.abs(e));
        }
        for (int i = 0; i < expected.length; i++) {
            close(actual[i], expected[i], tolerance * Math.max(1, scale));
        }
    }

    private static void close(float actual, float expected, double tolerance) {
        assertThat(actual).isCloseTo(expected, within((float) tolerance));
    }

    private SplittableRandom random = new SplittableRandom(11);

    /** Values up to {@code scale}, [rows, width], that ask for a gradient. */
    private Tensor leaf(int rows, int width, double scale, boolean bf16) {
        float[] values = new float[rows * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (scale * (random.nextDouble() * 2 - 1));
        }
        return Torch.floats(values, rows, width).to(type(bf16)).detach().requires_grad_(true);
    }

    private static Angles angles(int tokens, int half) {
        float[] cos = new float[tokens * half];
        float[] sin = new float[cos.length];
        float[] minusSin = new float[cos.length];
        for (int i = 0; i < cos.length; i++) {
            cos[i] = (float) Math.cos(i);
            sin[i] = (float) Math.sin(i);
            minusSin[i] = -sin[i];
        }
        return new Angles(half, cos, sin, minusSin);
    }

    private static ScalarType type(boolean bf16) {
        return bf16 ? ScalarType.BFloat16 : ScalarType.Float;
    }

    private static Scalar scalar(double value) {
        return new Scalar(value);
    }
}
