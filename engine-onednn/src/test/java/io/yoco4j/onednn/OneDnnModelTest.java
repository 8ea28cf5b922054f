package io.yoco4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.checkpoint.DType;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Golden;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.LogitRows;
import io.yoco4j.engine.Logits;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.YocoModel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole models with weights in bfloat16, through oneDNN and in Java. A rounded activation is off by up to 1/512 of itself;
 * layers and loops add that up, most in the golden models, whose weights are not scaled to keep it small: rows of logits
 * were off by 0.3% to 10% of their length. That each product is right to float32's rounding, OneDnnProductsTest shows.
 */
class OneDnnModelTest {
    private static final float TOLERANCE = 0.2f;

    @BeforeAll
    static void library() {
        Here.assumeOneDnn();
    }

    static Stream<Golden> golden() {
        return Golden.all();
    }

    static Stream<Named<Architecture>> systems() {
        return Systems.all().entrySet().stream().map(e -> Named.of(e.getKey(), e.getValue()));
    }

    private static EngineOptions options(String products, boolean prepack) {
        return EngineOptions.builder().products(products).prepack(prepack).build();
    }

    private static StoredTensor narrow(StoredTensor t) {
        if (t.shape().length == 1) {
            return t;
        }
        float[] values = t.toFloats();
        MemorySegment data = Arena.ofAuto().allocate(2L * values.length, 2);
        RandomWeight.SCALAR.bf16(values, 0, values.length, data, 0);
        return new StoredTensor(t.name(), DType.BF16, t.shape(), data);
    }

    @ParameterizedTest
    @MethodSource("golden")
    void onGoldenModels(Golden golden) {
        try (Arena arena = Arena.ofShared()) {
            Checkpoint checkpoint = Checkpoint.open(golden.folder(), arena);
            Map<String, StoredTensor> tensors = new LinkedHashMap<>();
            checkpoint.tensors().forEach((name, tensor) -> tensors.put(name, narrow(tensor)));
            compare(checkpoint.architecture(), tensors, golden.ids());
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void onEverySystem(Architecture a) {
        compare(
                a,
                RandomWeights.of(a, WeightFormat.BF16, 5),
                new Random(3).ints(70, 0, a.vocabSize()).toArray());
    }

    private static void compare(Architecture a, Map<String, StoredTensor> tensors, int[] ids) {
        compare(a, tensors, ids, false);
        compare(a, tensors, ids, true);
    }

    private static void compare(Architecture a, Map<String, StoredTensor> tensors, int[] ids, boolean prepack) {
        try (YocoModel java = YocoModel.of(a, tensors, options("java", false));
                YocoModel model = YocoModel.of(a, tensors, options("onednn", prepack))) {
            assertThat(model.kernels()).isEqualTo(java.kernels() + "+onednn");
            LogitRows expected = java.session().prefill(ids, Logits.ALL);
            LogitRows actual = model.session().prefill(ids, Logits.ALL);
            double worst = 0;
            for (int i = 0; i < ids.length; i++) {
                worst = Math.max(worst, distance(actual.row(i), expected.row(i)));
            }
            // Positive, or oneDNN was not used.
            assertThat(worst).isPositive().isLessThan(TOLERANCE);
            inPieces(model, ids, expected);
        }
    }

    /** Chunks on both sides of the fewest rows that it takes. */
    private static void inPieces(YocoModel model, int[] ids, LogitRows expected) {
        Session session = model.session();
        int at = 0;
        for (int n : new int[] {3, 9, 1, 8}) {
            float[] last = session.prefill(Arrays.copyOfRange(ids, at, at + n), Logits.LAST)
                    .last();
            at += n;
            assertThat(distance(last, expected.row(at - 1))).isLessThan(TOLERANCE);
        }
    }

    /** The length of the difference, as a share of the expected row's length; NaN where there is one. */
    private static double distance(float[] actual, float[] expected) {
        double off = 0;
        double length = 0;
        for (int v = 0; v < expected.length; v++) {
            double d = actual[v] - expected[v];
            off += d * d;
            length += (double) expected[v] * expected[v];
        }
        return Math.sqrt(off / length);
    }
}
