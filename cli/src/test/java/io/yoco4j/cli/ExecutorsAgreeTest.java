package io.yoco4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.LogitRows;
import io.yoco4j.engine.Logits;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.engine.kernel.ProductSelection;
import io.yoco4j.train.model.Parameters;
import io.yoco4j.train.model.StageExecutor;
import io.yoco4j.train.model.TorchLogits;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What was trained is what runs: the two executors give the same logits for any architecture. */
class ExecutorsAgreeTest {
    static Stream<Named<Architecture>> systems() {
        return Systems.all().entrySet().stream().map(e -> Named.of(e.getKey(), e.getValue()));
    }

    @ParameterizedTest
    @MethodSource("systems")
    void onEverySystem(Architecture a) {
        agree(a, WeightFormat.F32);
    }

    @ParameterizedTest
    @EnumSource
    void onEveryWeightFormat(WeightFormat format) {
        agree(Objects.requireNonNull(Systems.all().get("yoco-u, qk-norm, untied")), format);
    }

    private static void agree(Architecture a, WeightFormat format) {
        Map<String, StoredTensor> weights = RandomWeights.of(a, format, 11);
        int[] ids = new SplittableRandom(2).ints(150, 0, a.vocabSize()).toArray();
        float[] torch;
        try (Parameters parameters = new Parameters(a);
                StageExecutor executor = new StageExecutor(parameters, false, 0)) {
            parameters.load(weights);
            torch = TorchLogits.of(executor, a, ids, ids.length);
        }
        try (YocoModel model = YocoModel.of(a, weights, options(ProductSelection.JAVA))) {
            LogitRows rows = model.session().prefill(ids, Logits.ALL);
            for (int i = 0; i < ids.length; i++) {
                float[] row = rows.row(i);
                for (int v = 0; v < a.vocabSize(); v++) {
                    assertThat(Math.abs(row[v] - torch[i * a.vocabSize() + v])).isLessThan(1e-3f);
                }
            }
        }
    }

    /** Libtorch has an oneDNN and an OpenMP of its own: neither side may get the other's. */
    @Test
    void bothRunInOneProcessWithOneDnn() {
        Architecture a = Presets.architecture("yoco-u", "nano");
        int[] ids = new SplittableRandom(2).ints(40, 0, a.vocabSize()).toArray();
        Map<String, StoredTensor> weights = RandomWeights.of(a, WeightFormat.BF16, 11);
        try (Parameters parameters = new Parameters(a);
                StageExecutor executor = new StageExecutor(parameters, true, 0);
                YocoModel java = YocoModel.of(a, weights, options(ProductSelection.JAVA));
                YocoModel model = YocoModel.of(a, weights, options(ProductSelection.AUTO))) {
            assumeThat(model.kernels()).endsWith("+onednn");
            parameters.load(weights);
            float[] torch = TorchLogits.of(executor, a, ids, ids.length);
            float[] expected = java.session().prefill(ids, Logits.LAST).last();
            float[] actual = model.session().prefill(ids, Logits.LAST).last();
            assertThat(actual).isNotEqualTo(expected);
            for (int v = 0; v < actual.length; v++) {
                assertThat(actual[v]).isCloseTo(expected[v], within(0.2f));
            }
            assertThat(TorchLogits.of(executor, a, ids, ids.length)).isEqualTo(torch);
            assertThat(model.session().prefill(ids, Logits.LAST).last()).isEqualTo(actual);
        }
    }

    private static EngineOptions options(String products) {
        return EngineOptions.builder().products(products).build();
    }
}
