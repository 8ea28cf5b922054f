package io.yoco4j.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.train.data.Sequences;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class MaskedLossTest {
    private static final Architecture YOCO_U =
            Presets.architecture("yoco-u", new Presets.Size(2, 16, 2, 2, 8, 24, 11, 4, true, 64));
    private static final int N = 6;

    @Test
    void ignoredTargetsTakeNoPart() {
        int[][] rows = {{1, 5, 9, 2, 2, 7}, {3, 0, 10, 4, 8, 6}};
        long none = Sequences.IGNORED;
        long[] targets = {none, none, 4, none, 10, none, 3, none, none, none, none, 0};
        try (Parameters parameters = new Parameters(YOCO_U);
                StageExecutor executor = new StageExecutor(parameters, false, 0);
                PointerScope _ = new PointerScope()) {
            parameters.initialize(Parameters.Initialization.DEFAULT, 3);
            double nats = 0;
            int labels = 0;
            int right = 0;
            for (int r = 0; r < rows.length; r++) {
                float[] logits = TorchLogits.of(executor, YOCO_U, rows[r], N);
                for (int i = 0; i < N; i++) {
                    long target = targets[r * N + i];
                    if (target != none) {
                        float[] row = Arrays.copyOfRange(logits, i * 11, (i + 1) * 11);
                        nats -= Math.log(softmax(row, (int) target));
                        right += likeliest(row) == target ? 1 : 0;
                        labels++;
                    }
                }
            }
            long[] ids = Arrays.stream(rows)
                    .flatMapToInt(Arrays::stream)
                    .asLongStream()
                    .toArray();
            Tensor batch = Torch.longs(ids, 2, N);
            Tensor wanted = Torch.longs(targets, 2, N);
            assertThat(executor.loss(YOCO_U, batch, wanted).item_float())
                    .isCloseTo((float) (nats / labels), within(1e-5f));
            TorchLogits.Prediction prediction = TorchLogits.predict(executor, YOCO_U, batch, wanted);
            assertThat(prediction.loss()).isCloseTo(nats / labels, within(1e-5));
            assertThat(prediction.right()).isEqualTo(right);

            // What was found likeliest everywhere is right everywhere but where nothing is asked.
            long[] own = new long[2 * N];
            for (int i = 0; i < own.length; i++) {
                float[] logits = TorchLogits.of(executor, YOCO_U, rows[i / N], N);
                int at = i % N * 11;
                own[i] = i == 3 ? none : likeliest(Arrays.copyOfRange(logits, at, at + 11));
            }
            assertThat(TorchLogits.predict(executor, YOCO_U, batch, Torch.longs(own, 2, N))
                            .right())
                    .isEqualTo(2 * N - 1);
        }
    }

    private static double softmax(float[] logits, int id) {
        double sum = 0;
        for (float l : logits) {
            sum += Math.exp(l);
        }
        return Math.exp(logits[id]) / sum;
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }
}
