package io.yoco4j.engine;

import io.yoco4j.core.testing.Golden;
import java.util.Objects;

/** What {@link PlainJvmTest} runs in a JVM without the incubating module. */
final class PlainJvm {
    private PlainJvm() {}

    /** Checks the golden vectors of YOCO-U on default options; exits with 0 where they match. */
    public static void main(String[] args) {
        Golden golden = Golden.all()
                .filter(g -> g.toString().equals("yoco-u"))
                .findFirst()
                .orElseThrow();
        float[] expected = Objects.requireNonNull(golden.logits().get("logits"));
        // Twice, as the advice must come once.
        for (int round = 0; round < 2; round++) {
            try (YocoModel model = YocoModel.open(golden.folder())) {
                LogitRows rows = model.session().prefill(golden.ids(), Logits.ALL);
                for (int i = 0; i < expected.length; i++) {
                    float actual = rows.row(i / rows.vocabulary())[i % rows.vocabulary()];
                    if (!(Math.abs(actual - expected[i]) <= Golden.LOGIT_TOLERANCE)) {
                        throw new AssertionError("logit " + i + " is " + actual + ", not " + expected[i]);
                    }
                }
                if (!model.kernels().equals(args[0])) {
                    throw new AssertionError("kernels are " + model.kernels());
                }
            }
        }
    }
}
