package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Distances between layer outputs, against a float64 computation. */
class ConvergenceTest {
    private static final int N = 30;

    static Stream<String> systems() {
        return Stream.concat(Systems.all().keySet().stream(), LoopedSystems.all().keySet().stream())
                .distinct();
    }

    private static Architecture system(String name) {
        return Objects.requireNonNull(
                Systems.all().containsKey(name)
                        ? Systems.all().get(name)
                        : LoopedSystems.all().get(name));
    }

    @ParameterizedTest
    @MethodSource("systems")
    void distancesAreThoseOfFloat64(String name) {
        Architecture a = system(name);
        Map<String, StoredTensor> weights = RandomWeights.of(a, WeightFormat.F32, 7);
        int[] ids = new Random(5).ints(N, 0, a.vocabSize()).toArray();
        ReferenceModel reference = new ReferenceModel(a, weights, 0, ids);
        try (YocoModel model = YocoModel.of(a, weights, EngineOptions.defaults())) {
            for (int chunk : new int[] {N, 7}) {
                Convergence convergence = new Convergence(model.session(
                        SessionOptions.builder().prefillChunk(chunk).build()));
                convergence.add(ids, N);
                assertThat(convergence.tokens()).isEqualTo(N);
                assertThat(convergence.layers()).hasSize(a.effectiveDepth());
                for (Convergence.Layer l : convergence.layers()) {
                    assertThat(l.distance())
                            .as(l.toString())
                            .isPositive()
                            .isCloseTo(reference.layerDistance(l.stage(), l.iteration(), l.layer()), within(3e-6));
                }
                assertThat(convergence.iterations())
                        .hasSize(a.stages().stream().mapToInt(s -> s.loops()).sum());
                for (Convergence.Iteration i : convergence.iterations()) {
                    assertThat(i.across())
                            .as(i.toString())
                            .isCloseTo(reference.iterationDistance(i.stage(), i.iteration()), within(3e-6));
                    assertThat(i.layers())
                            .isCloseTo(
                                    convergence.layers().stream()
                                            .filter(l -> l.stage() == i.stage() && l.iteration() == i.iteration())
                                            .mapToDouble(Convergence.Layer::distance)
                                            .average()
                                            .orElseThrow(),
                                    within(1e-12));
                }
            }
        }
    }

    @Test
    void windowsAreContextsOfTheirOwnAndTextsAddUp() {
        Architecture a = system("yoco-u");
        Map<String, StoredTensor> weights = RandomWeights.of(a, WeightFormat.F32, 7);
        int[] ids = new Random(5).ints(N, 0, a.vocabSize()).toArray();
        ReferenceModel first = new ReferenceModel(a, weights, 0, Arrays.copyOf(ids, 20));
        ReferenceModel second = new ReferenceModel(a, weights, 0, Arrays.copyOfRange(ids, 20, N));
        try (YocoModel model = YocoModel.of(a, weights, EngineOptions.defaults())) {
            Session session = model.session();
            session.prefill(ids, Logits.NONE);
            Convergence convergence = new Convergence(session);
            assertThat(convergence.layers()).isEmpty();
            assertThat(convergence.iterations()).isEmpty();
            convergence.add(ids, 20);
            for (Convergence.Layer l : convergence.layers()) {
                double expected = (20 * first.layerDistance(l.stage(), l.iteration(), l.layer())
                                + 10 * second.layerDistance(l.stage(), l.iteration(), l.layer()))
                        / N;
                assertThat(l.distance()).as(l.toString()).isCloseTo(expected, within(3e-6));
            }
            var before = convergence.layers();
            convergence.add(Arrays.copyOf(ids, 20), 20);
            convergence.add(Arrays.copyOfRange(ids, 20, N), 20);
            assertThat(convergence.tokens()).isEqualTo(2 * N);
            for (int i = 0; i < before.size(); i++) {
                assertThat(convergence.layers().get(i).distance())
                        .isCloseTo(before.get(i).distance(), within(1e-9));
            }
            // The session is free for other use.
            session.reset();
            assertThat(session.prefill(ids, Logits.LAST).last())
                    .isEqualTo(model.session().prefill(ids, Logits.LAST).last());
        }
    }

    @Test
    void loopsAreTheSessions() {
        Architecture a = system("yoco-u");
        try (YocoModel model = YocoModel.of(a, RandomWeights.of(a, WeightFormat.F32, 7), EngineOptions.defaults())) {
            Convergence five = new Convergence(
                    model.session(SessionOptions.builder().loops(5).build()));
            five.add(new int[] {1, 2, 3}, 512);
            assertThat(five.iterations()).filteredOn(i -> i.stage() == 0).hasSize(5);
        }
    }

    @Test
    void refusesWhatItCannotMeasure() {
        Architecture a = system("yoco-u");
        try (YocoModel model = YocoModel.of(a, RandomWeights.of(a, WeightFormat.F32, 7), EngineOptions.defaults())) {
            Session leaving =
                    model.session(SessionOptions.builder().exitThreshold(0.1).build());
            assertThatThrownBy(() -> new Convergence(leaving))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("exit threshold 0.1 was asked for");
            Convergence convergence = new Convergence(model.session());
            for (int window : new int[] {1, 513}) {
                assertThatThrownBy(() -> convergence.add(new int[] {1, 2}, window))
                        .isInstanceOf(InvalidInputException.class)
                        .hasMessageContaining(
                                "the window is " + window + " tokens, but must lie in 2..512, since the model has");
            }
            assertThatThrownBy(() -> convergence.add(new int[] {1, 61}, 10))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("has the id 61");
            assertThatThrownBy(() -> convergence.add("text", 10))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("no tokenizer.json");
            assertThat(convergence.tokens()).isZero();
        }
    }
}
