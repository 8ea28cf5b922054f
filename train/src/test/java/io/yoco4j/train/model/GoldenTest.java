package io.yoco4j.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.testing.Golden;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The executor against an independent float64 implementation, on every path. */
class GoldenTest {
    static Stream<Golden> golden() {
        return Golden.all();
    }

    static Stream<Arguments> paths() {
        return Golden.all()
                .flatMap(g -> g.logits().keySet().stream()
                        .flatMap(name -> Stream.of(g.ids().length, 7, 1)
                                .map(chunk -> Arguments.of(Named.of(g + " " + name, g), name, chunk))));
    }

    @ParameterizedTest
    @MethodSource("paths")
    void logits(Golden golden, String name, int chunk) {
        try (Arena arena = Arena.ofConfined();
                PointerScope _ = new PointerScope()) {
            Checkpoint checkpoint = Checkpoint.open(golden.folder(), arena);
            Architecture a = checkpoint.architecture();
            try (Parameters parameters = new Parameters(a);
                    StageExecutor executor = new StageExecutor(parameters, false, 0)) {
                parameters.load(checkpoint.tensors());
                int loops = Golden.loops(name);
                float[] logits = TorchLogits.of(executor, loops == 0 ? a : a.withLoops(loops), golden.ids(), chunk);
                float[] expected = Objects.requireNonNull(golden.logits().get(name));
                assertThat(logits).hasSameSizeAs(expected);
                float worst = 0;
                for (int i = 0; i < expected.length; i++) {
                    worst = Math.max(worst, Math.abs(logits[i] - expected[i]));
                }
                assertThat(worst).isLessThan(Golden.LOGIT_TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("golden")
    void lossAndGradients(Golden golden) {
        try (Arena arena = Arena.ofConfined();
                PointerScope _ = new PointerScope()) {
            Checkpoint checkpoint = Checkpoint.open(golden.folder(), arena);
            try (Parameters parameters = new Parameters(checkpoint.architecture());
                    StageExecutor executor = new StageExecutor(parameters, false, 0)) {
                parameters.load(checkpoint.tensors());
                long[] ids = Arrays.stream(golden.ids()).asLongStream().toArray();
                Tensor input = Torch.longs(Arrays.copyOf(ids, ids.length - 1), 1, ids.length - 1);
                Tensor targets = Torch.longs(Arrays.copyOfRange(ids, 1, ids.length), 1, ids.length - 1);
                Tensor loss = executor.loss(checkpoint.architecture(), input, targets);
                loss.backward();
                assertThat(loss.item_float()).isCloseTo(golden.loss(), within(1e-4f * golden.loss()));
                assertThat(golden.gradientNorms()).isNotEmpty().allSatisfy((name, norm) -> {
                    float actual = parameters.gradient(name).norm().item_float();
                    assertThat(actual).isCloseTo(norm, within(Golden.GRADIENT_TOLERANCE * norm));
                });
            }
        }
    }
}
