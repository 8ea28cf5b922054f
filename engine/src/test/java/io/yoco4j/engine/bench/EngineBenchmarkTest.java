package io.yoco4j.engine.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EngineBenchmarkTest {
    private final List<String> events = new ArrayList<>();
    private final List<Double> done = new ArrayList<>();

    private final BenchmarkListener listener = new BenchmarkListener() {
        @Override
        public void measuring(Step s) {
            events.add(s.system() + " " + s.context() + " #" + s.repeat());
            done.add(s.done());
        }

        @Override
        public void measured(BenchmarkPoint p) {
            events.add(p.system() + " " + p.context() + " x" + p.batch());
        }
    };

    private static BenchmarkOptions.Builder nano() {
        return BenchmarkOptions.builder().sizes(List.of("nano")).generate(3).repeat(1);
    }

    @Test
    void systemsTakeTurnsWithinEachRepeat() {
        BenchmarkResult result = new EngineBenchmark(nano().systems(List.of("transformer", "yoco-u"))
                        .contexts(List.of(8, 40))
                        .batches(List.of(1, 3))
                        .repeat(2)
                        .build())
                .run(listener);
        assertThat(events)
                .containsExactly(
                        "transformer 8 #1",
                        "yoco-u 8 #1",
                        "transformer 8 #2",
                        "yoco-u 8 #2",
                        "transformer 8 x1",
                        "transformer 8 x3",
                        "yoco-u 8 x1",
                        "yoco-u 8 x3",
                        "transformer 40 #1",
                        "yoco-u 40 #1",
                        "transformer 40 #2",
                        "yoco-u 40 #2",
                        "transformer 40 x1",
                        "transformer 40 x3",
                        "yoco-u 40 x1",
                        "yoco-u 40 x3");
        assertThat(done).isSorted().first().isEqualTo(0.0);
        assertThat(done.getLast()).isStrictlyBetween(0.0, 1.0);
        assertThat(result.points()).hasSize(8).allSatisfy(p -> {
            Accounting costs = new Accounting(Presets.architecture(p.system(), "nano"));
            assertThat(p.kvBytes())
                    .isEqualTo(p.kvBytesPredicted())
                    .isEqualTo(costs.cacheBytes(p.context(), KvFormat.F32));
            assertThat(p.prefill().min())
                    .isPositive()
                    .isLessThanOrEqualTo(p.prefill().median());
            assertThat(p.decode().max()).isGreaterThanOrEqualTo(p.decode().median());
            assertThat(p.firstToken().median()).isPositive();
            assertThat(p.flopsShare().orElseThrow())
                    .isEqualTo(costs.prefillFlops(p.context(), false)
                            / p.context()
                            * p.prefill().median()
                            / p.limits().flops());
        });
        assertThat(result.kernels()).startsWith("vector");
    }

    @Test
    void everyFormatOfCachesHasThePredictedBytes() {
        List<KvFormat> formats = List.of(KvFormat.values());
        BenchmarkResult result = new EngineBenchmark(nano().weights(List.of(WeightFormat.BF16, WeightFormat.Q4))
                        .kv(formats)
                        .contexts(List.of(40))
                        .build())
                .run(BenchmarkListener.NONE);
        assertThat(result.points())
                .extracting(BenchmarkPoint::weights, BenchmarkPoint::kv)
                .containsExactly(
                        tuple(WeightFormat.BF16, KvFormat.F32),
                        tuple(WeightFormat.BF16, KvFormat.BF16),
                        tuple(WeightFormat.BF16, KvFormat.Q8),
                        tuple(WeightFormat.Q4, KvFormat.F32),
                        tuple(WeightFormat.Q4, KvFormat.BF16),
                        tuple(WeightFormat.Q4, KvFormat.Q8));
        assertThat(result.points())
                .allSatisfy(p -> assertThat(p.kvBytes())
                        .isEqualTo(new Accounting(Presets.architecture("yoco-u", "nano")).cacheBytes(40, p.kv())));
    }

    @ParameterizedTest
    @EnumSource
    void countsTheBytesThatWeightsAreStoredIn(WeightFormat format) {
        Architecture a = Presets.architecture("yoco", "tiny");
        Subject s = new Subject("yoco", "tiny", a, format, KvFormat.F32);
        long all = 0;
        long matrices = 0;
        for (StoredTensor tensor : RandomWeights.of(a, format, 1).values()) {
            all += tensor.data().byteSize();
            matrices += tensor.shape().length == 2 ? tensor.data().byteSize() : 0;
        }
        assertThat(s.weightBytes()).isEqualTo(all);
        // The tied embedding is the output matrix; a token's own row of it is read besides.
        double row = format.rowBytes(a.hiddenSize());
        double caches = new Accounting(a).decodeBytes(7, 0, KvFormat.F32);
        assertThat(s.decodeBytes(7, 1, 1)).isEqualTo(matrices + row + caches);
    }

    @Test
    void countsWeightsOncePerStepOfABatch() {
        BenchmarkOptions options = nano().build();
        Subject s = new Subject(
                "yoco",
                "nano",
                options.architecture("yoco", "nano"),
                options.weights().getFirst(),
                KvFormat.F32);
        Accounting costs = new Accounting(s.architecture());
        double weights = costs.decodeBytes(0, 2, KvFormat.F32) - costs.decodeBytes(0, 0, KvFormat.F32);
        double caches = costs.decodeBytes(100, 0, KvFormat.F32) + costs.decodeBytes(101, 0, KvFormat.F32);
        assertThat(s.decodeBytes(100, 2, 1)).isEqualTo(2 * weights + caches);
        assertThat(s.decodeBytes(100, 2, 8)).isEqualTo(2 * weights + 8 * caches);
    }

    @Test
    void loopsAreOfLoopedSystemsAlone() {
        BenchmarkOptions options = nano().loops(5).build();
        assertThat(options.architecture("yoco-u", "nano").effectiveDepth()).isEqualTo(12);
        assertThat(options.architecture("yoco", "nano").effectiveDepth()).isEqualTo(4);
    }

    @Test
    void fullPrefillComputesEveryRow() {
        BenchmarkResult all = new EngineBenchmark(
                        nano().contexts(List.of(600)).fullPrefill(true).loops(1).build())
                .run(BenchmarkListener.NONE);
        BenchmarkPoint p = all.points().getFirst();
        Accounting costs = new Accounting(Presets.architecture("yoco-u", "nano").withLoops(1));
        assertThat(p.flopsShare().orElseThrow())
                .isEqualTo(costs.prefillFlops(600, true)
                        / 600
                        * p.prefill().median()
                        / p.limits().flops());
    }

    @Test
    void refusesWhatCannotBeMeasured() {
        refused("system \"nope\" is unknown", b -> b.systems(List.of("nope")));
        refused("size \"huge\" is unknown", b -> b.sizes(List.of("huge")));
        refused("system is empty", b -> b.systems(List.of()));
        refused("threads is 0", b -> b.threads(0));
        refused("threads is 1000000", b -> b.threads(1_000_000));
        refused("repeat is 0", b -> b.repeat(0));
        refused("generate is 0", b -> b.generate(0));
        refused("batch is 0", b -> b.batches(List.of(1, 0)));
        refused("context is 0", b -> b.contexts(List.of(0)));
        refused("do not fit the 131072 positions", b -> b.contexts(List.of(131_070)));
        refused(
                "for them: shorten it",
                b -> b.systems(List.of("rins"))
                        .sizes(List.of("paper"))
                        .batches(List.of(1024))
                        .contexts(List.of(200_000)));
    }

    @Test
    void refusesWeightsThatTheJvmWouldNotGive() {
        Subject base = new Subject(
                "transformer", "base", Presets.architecture("transformer", "base"), WeightFormat.BF16, KvFormat.BF16);
        long needed = base.weightBytes();
        assertThatCode(() -> EngineBenchmark.requireWeights(base, needed)).doesNotThrowAnyException();
        assertThatThrownBy(() -> EngineBenchmark.requireWeights(base, needed - 1))
                .isInstanceOf(InvalidInputException.class);
        assertThatThrownBy(() -> EngineBenchmark.requireWeights(base, 1L << 30))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageMatching(
                        "the weights of transformer at size base take [0-9,]+ MiB, but this JVM has 1,024 MiB"
                                + " beside its heap: choose a smaller size .*");
    }

    private static void refused(String message, UnaryOperator<BenchmarkOptions.Builder> change) {
        assertThatThrownBy(() -> new EngineBenchmark(change.apply(nano()).build()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }
}
