package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.engine.kernel.KernelSelection;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WarmUpTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u"));

    private static YocoModel model(Architecture a, EngineOptions options) {
        return YocoModel.of(a, RandomWeights.of(a, WeightFormat.F32, 1), options);
    }

    @Test
    void leavesNothingBehind() {
        for (Map.Entry<String, Architecture> system : Systems.all().entrySet()) {
            try (YocoModel model = model(system.getValue(), EngineOptions.defaults());
                    YocoModel cold = model(system.getValue(), EngineOptions.defaults())) {
                model.warmUp(Duration.ZERO);
                assertThat(model.cacheUsage().blocks()).as(system.getKey()).isZero();
                int[] ids = {1, 2, 3, 4, 5};
                assertThat(model.session().prefill(ids, Logits.LAST).last())
                        .as(system.getKey())
                        .isEqualTo(cold.session().prefill(ids, Logits.LAST).last());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 40, 96, 97})
    void fitsContextsOfAnyLength(int positions) {
        Architecture a = A.toBuilder().maxPositions(positions).build();
        // Scalar kernels allocate nothing, compiled or not.
        EngineOptions scalar =
                EngineOptions.builder().kernels(KernelSelection.SCALAR).build();
        try (YocoModel model = model(a, scalar)) {
            assertThat(model.warmUp(ChronoUnit.FOREVER.getDuration())).isTrue();
        }
    }

    @Test
    void aClosedModelHasNone() {
        YocoModel model = model(A, EngineOptions.defaults());
        model.close();
        assertThatThrownBy(() -> model.warmUp(Duration.ofSeconds(1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }
}
