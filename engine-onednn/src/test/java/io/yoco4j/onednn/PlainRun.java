package io.yoco4j.onednn;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.Logits;
import io.yoco4j.engine.YocoModel;

/** What {@link OtherMachinesTest} runs. */
final class PlainRun {
    private PlainRun() {}

    public static void main(String[] args) {
        Architecture a = Presets.architecture("yoco-u", "nano");
        for (int i = 0; i < 2; i++) {
            try (YocoModel model =
                    YocoModel.of(a, RandomWeights.of(a, WeightFormat.BF16, 1), EngineOptions.defaults())) {
                model.session().prefill(new int[40], Logits.LAST);
                System.out.println("kernels " + model.kernels());
            }
        }
    }
}
