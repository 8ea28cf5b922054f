package io.yoco4j.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.checkpoint.CheckpointWriter;
import io.yoco4j.core.checkpoint.DType;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every system, whatever its stages. */
class SystemsTest {
    private static final int N = 37;

    @TempDir
    Path temp;

    static Stream<Named<Architecture>> systems() {
        return Systems.all().entrySet().stream().map(e -> Named.of(e.getKey(), e.getValue()));
    }

    static Stream<Named<Architecture>> looped() {
        return systems().filter(n -> n.getPayload().looped());
    }

    private static int[] ids(Architecture a) {
        return new SplittableRandom(3).ints(N, 0, a.vocabSize()).toArray();
    }

    private static float[] logits(Architecture weightsOf, Architecture run, int[] ids, int chunk, boolean bf16) {
        try (Parameters parameters = new Parameters(weightsOf);
                StageExecutor executor = new StageExecutor(parameters, bf16, 0)) {
            parameters.load(RandomWeights.of(weightsOf, WeightFormat.F32, 5));
            return TorchLogits.of(executor, run, ids, chunk);
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void chunksEqualTheWholeSequence(Architecture a) {
        float[] whole = logits(a, a, ids(a), N, false);
        for (int chunk : new int[] {1, 4, 11}) {
            assertThat(distance(logits(a, a, ids(a), chunk, false), whole)).isLessThan(2e-4f);
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void laterTokensDoNotReachBack(Architecture a) {
        int[] changed = ids(a);
        changed[20] = (changed[20] + 1) % a.vocabSize();
        float[] before = logits(a, a, ids(a), N, false);
        float[] after = logits(a, a, changed, N, false);
        int rows = 20 * a.vocabSize();
        assertThat(distance(Arrays.copyOf(after, rows), Arrays.copyOf(before, rows)))
                .isLessThan(1e-4f);
        assertThat(distance(after, before)).isGreaterThan(1e-2f);
    }

    @ParameterizedTest
    @MethodSource("looped")
    void anotherDepthIsTheModelOfThatDepth(Architecture a) {
        Architecture deeper = a.withLoops(4);
        float[] overridden = logits(a, deeper, ids(a), N, false);
        assertThat(distance(overridden, logits(deeper, deeper, ids(a), N, false)))
                .isZero();
        assertThat(distance(overridden, logits(a, a, ids(a), N, false))).isGreaterThan(1e-3f);
    }

    @ParameterizedTest
    @MethodSource("systems")
    void bfloat16IsCloseToFloat32(Architecture a) {
        float[] f32 = logits(a, a, ids(a), N, false);
        float[] bf16 = logits(a, a, ids(a), N, true);
        double error = 0;
        double power = 0;
        for (int i = 0; i < f32.length; i++) {
            error += Math.pow(bf16[i] - f32[i], 2);
            power += Math.pow(f32[i], 2);
        }
        // Eight bits of mantissa over a dozen layers: some percent of the logits' size.
        assertThat(Math.sqrt(error / power)).isLessThan(0.1);
    }

    @ParameterizedTest
    @MethodSource("systems")
    void savedAndReloadedIsTheSame(Architecture a) {
        float[] expected = logits(a, a, ids(a), N, false);
        try (Parameters parameters = new Parameters(a)) {
            parameters.load(RandomWeights.of(a, WeightFormat.F32, 5));
            SafetensorsWriter writer = new SafetensorsWriter();
            parameters.addTo(writer, DType.F32);
            new CheckpointWriter(a, writer).create(temp.resolve("model"));
        }
        try (Arena arena = Arena.ofConfined();
                Parameters parameters = new Parameters(a);
                StageExecutor executor = new StageExecutor(parameters, false, 0)) {
            parameters.load(Checkpoint.open(temp.resolve("model"), arena).tensors());
            assertThat(TorchLogits.of(executor, a, ids(a), N)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void everyParameterGetsAGradient(Architecture a) {
        try (Parameters parameters = new Parameters(a);
                StageExecutor executor = new StageExecutor(parameters, false, 0);
                PointerScope _ = new PointerScope()) {
            parameters.load(RandomWeights.of(a, WeightFormat.F32, 5));
            long[] row = Arrays.stream(ids(a)).asLongStream().toArray();
            long[] two = Arrays.copyOf(row, 2 * N);
            System.arraycopy(row, 0, two, N, N);
            Tensor batch = Torch.longs(two, 2, N);
            executor.loss(a, batch, batch).backward();
            RandomWeights.of(a, WeightFormat.F32, 5)
                    .keySet()
                    .forEach(name -> assertThat(parameters.gradient(name).norm().item_float())
                            .as(name)
                            .isPositive());
        }
    }

    private static float distance(float[] a, float[] b) {
        assertThat(a).hasSameSizeAs(b);
        float worst = 0;
        for (int i = 0; i < a.length; i++) {
            worst = Math.max(worst, Math.abs(a[i] - b[i]));
        }
        return worst;
    }
}
