package io.yoco4j.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ParameterLayout;
import io.yoco4j.core.arch.Presets;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class EmbeddingGradientTest {
    private static final Architecture UNTIED =
            Presets.architecture("yoco-u", new Presets.Size(2, 16, 2, 2, 8, 24, 11, 4, false, 1024));
    private static final int COMMON = 7;

    /** Summed in bfloat16, thousands of a size would stand still at 256 times one of them. */
    @Test
    void aCommonTokensGradientIsTheSameInBfloat16() {
        double[] exact = gradient(false);
        double[] bf16 = gradient(true);
        double apart = 0;
        double size = 0;
        for (int i = 0; i < exact.length; i++) {
            apart += (exact[i] - bf16[i]) * (exact[i] - bf16[i]);
            size += exact[i] * exact[i];
        }
        assertThat(Math.sqrt(apart / size)).isLessThan(0.03);
    }

    /** Of a token that is everywhere, and always comes before the same one. */
    private static double[] gradient(boolean bf16) {
        int rows = 8;
        int n = 512;
        try (Parameters parameters = new Parameters(UNTIED);
                StageExecutor executor = new StageExecutor(parameters, bf16, 0);
                PointerScope _ = new PointerScope()) {
            parameters.initialize(Parameters.Initialization.DEFAULT, 3);
            long[] ids = new long[rows * n];
            Arrays.fill(ids, COMMON);
            long[] targets = new long[ids.length];
            Arrays.fill(targets, 2);
            executor.loss(UNTIED, Torch.longs(ids, rows, n), Torch.longs(targets, rows, n))
                    .backward();
            Tensor row = parameters.leaf(ParameterLayout.EMBEDDING).grad().select(0, COMMON);
            double[] out = new double[UNTIED.hiddenSize()];
            for (int i = 0; i < out.length; i++) {
                out[i] = row.select(0, i).item_double();
            }
            return out;
        }
    }
}
