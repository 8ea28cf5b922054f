package io.yoco4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.LogitRows;
import io.yoco4j.engine.Logits;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.train.model.Parameters;
import io.yoco4j.train.model.StageExecutor;
import io.yoco4j.train.model.TorchLogits;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
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
        try (YocoModel model = YocoModel.of(a, weights, EngineOptions.defaults())) {
            LogitRows rows = model.session().prefill(ids, Logits.ALL);
            for (int i = 0; i < ids.length; i++) {
                float[] row = rows.row(i);
                for (int v = 0; v < a.vocabSize(); v++) {
                    assertThat(Math.abs(row[v] - torch[i * a.vocabSize() + v])).isLessThan(1e-3f);
                }
            }
        }
    }
}
