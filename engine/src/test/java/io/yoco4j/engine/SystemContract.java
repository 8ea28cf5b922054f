package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.ParameterLayout;
import io.yoco4j.core.checkpoint.CheckpointWriter;
import io.yoco4j.core.checkpoint.DType;
import io.yoco4j.core.checkpoint.Quantizer;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.engine.kernel.KernelSelection;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every list of stages; kernels inherit it. */
abstract class SystemContract {
    private static final int N = 45;
    private static final float TOLERANCE = 2e-3f;

    private final KernelSelection kernels;

    @TempDir
    Path temp;

    SystemContract(KernelSelection kernels) {
        this.kernels = kernels;
    }

    static Stream<Architecture> systems() {
        return Systems.all().values().stream();
    }

    private YocoModel model(Architecture a, WeightFormat format) {
        return YocoModel.of(a, RandomWeights.of(a, format, 7), options());
    }

    private EngineOptions options() {
        return EngineOptions.builder().kernels(kernels).build();
    }

    private static int[] ids(Architecture a, int n) {
        return new Random(3).ints(n, 0, a.vocabSize()).toArray();
    }

    private static int[] slice(int[] ids, int from, int to) {
        return Arrays.copyOfRange(ids, from, to);
    }

    private static void requireClose(float[] actual, float[] expected, String what) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        float worst = 0;
        for (int i = 0; i < actual.length; i++) {
            float difference = Math.abs(actual[i] - expected[i]);
            worst = difference <= worst ? worst : difference;
        }
        assertThat(worst).as(what).isLessThanOrEqualTo(TOLERANCE);
    }

    @ParameterizedTest
    @MethodSource("systems")
    void prefillAndDecodeGiveWhatTheWholeSequenceGives(Architecture a) {
        int[] ids = ids(a, N);
        try (YocoModel model = model(a, WeightFormat.F32)) {
            LogitRows all = model.session().prefill(ids, Logits.ALL);
            for (int split : new int[] {1, 4, 5, 6, 20, 33}) {
                Session session = model.session();
                requireClose(session.prefill(slice(ids, 0, split), Logits.LAST).last(), all.row(split - 1), "prefill");
                assertThat(session.prefill(slice(ids, split, split + 1), Logits.NONE)
                                .rows())
                        .isZero();
                for (int i = split + 1; i < N; i++) {
                    requireClose(session.decode(ids[i]), all.row(i), "split " + split + ", decode " + i);
                }
                assertThat(session.position()).isEqualTo(N);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void laterTokensDoNotChangeEarlierLogits(Architecture a) {
        int[] ids = ids(a, N);
        int[] changed = ids.clone();
        changed[30] = (changed[30] + 1) % a.vocabSize();
        try (YocoModel model = model(a, WeightFormat.F32)) {
            LogitRows before = model.session().prefill(ids, Logits.ALL);
            LogitRows after = model.session().prefill(changed, Logits.ALL);
            for (int i = 0; i < 30; i++) {
                assertThat(after.row(i)).as("row %d", i).isEqualTo(before.row(i));
            }
            assertThat(after.row(30)).isNotEqualTo(before.row(30));
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void loopsChosenForASessionAreThoseOfAModelConfiguredSo(Architecture a) {
        if (!a.looped()) {
            return;
        }
        int[] ids = ids(a, N);
        Map<String, StoredTensor> weights = RandomWeights.of(a, WeightFormat.F32, 7);
        try (YocoModel model = YocoModel.of(a, weights, options())) {
            for (int loops : new int[] {1, 4}) {
                SessionOptions chosen = SessionOptions.builder().loops(loops).build();
                Architecture configured = a.withLoops(loops);
                try (YocoModel other = YocoModel.of(configured, weights, options())) {
                    Session session = model.session(chosen);
                    assertThat(session.architecture()).isEqualTo(configured);
                    LogitRows actual = session.prefill(ids, Logits.ALL);
                    LogitRows expected = other.session().prefill(ids, Logits.ALL);
                    for (int i = 0; i < N; i++) {
                        assertThat(actual.row(i)).isEqualTo(expected.row(i));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void cachesHoldExactlyTheBytesThatAccountingPredicts(Architecture a) {
        int[] ids = ids(a, 300);
        Accounting accounting = new Accounting(a);
        try (YocoModel model = model(a, WeightFormat.F32)) {
            Session session =
                    model.session(SessionOptions.builder().prefillChunk(64).build());
            assertThat(session.cacheBytes()).isEqualTo(accounting.cacheBytes(0, KvFormat.F32));
            for (int n : new int[] {1, 2, 1, 1, 1, 40, 254}) {
                session.prefill(slice(ids, 0, n), Logits.NONE);
                assertThat(session.cacheBytes())
                        .as("position %d", session.position())
                        .isEqualTo(accounting.cacheBytes(session.position(), KvFormat.F32));
                assertThat(session.allocatedBytes()).isGreaterThanOrEqualTo(session.cacheBytes());
            }
            session.reset();
            assertThat(session.position()).isZero();
            assertThat(session.cacheBytes()).isEqualTo(accounting.cacheBytes(0, KvFormat.F32));
            float[] again = session.prefill(ids, Logits.LAST).last();
            assertThat(again).isEqualTo(session(model).prefill(ids, Logits.LAST).last());
        }
    }

    private static Session session(YocoModel model) {
        return model.session(SessionOptions.builder().prefillChunk(64).build());
    }

    @ParameterizedTest
    @MethodSource("systems")
    void aForkGoesOnAsTheOriginalDoesAndApartFromIt(Architecture a) {
        int[] ids = ids(a, N);
        try (YocoModel model = model(a, WeightFormat.F32)) {
            Session original = model.session();
            original.prefill(slice(ids, 0, 20), Logits.NONE);
            Session fork = original.fork();
            Session other = original.fork();
            other.prefill(new int[] {1, 2, 3, 4, 5, 6, 7}, Logits.NONE);
            for (int i = 20; i < N; i++) {
                float[] expected = original.decode(ids[i]).clone();
                assertThat(fork.decode(ids[i])).as("token %d", i).isEqualTo(expected);
            }
            assertThat(other.position()).isEqualTo(27);
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void aSavedModelGivesTheSameLogits(Architecture a) {
        int[] ids = ids(a, N);
        Map<String, StoredTensor> weights = RandomWeights.of(a, WeightFormat.F32, 7);
        SafetensorsWriter writer = new SafetensorsWriter(Map.of());
        weights.values().forEach(writer::add);
        new CheckpointWriter(a, writer).create(temp.resolve("model"));
        try (YocoModel saved = YocoModel.open(temp.resolve("model"), options());
                YocoModel model = YocoModel.of(a, weights, options())) {
            assertThat(saved.architecture()).isEqualTo(a);
            LogitRows expected = model.session().prefill(ids, Logits.ALL);
            LogitRows actual = saved.session().prefill(ids, Logits.ALL);
            for (int i = 0; i < N; i++) {
                assertThat(actual.row(i)).isEqualTo(expected.row(i));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void narrowWeightsGiveWhatTheirWideValuesGiveOnEveryPath(WeightFormat format) {
        for (Architecture a : List.of(
                Systems.all().get("yoco-u, qk-norm, untied"), Systems.all().get("looped retention"))) {
            Map<String, StoredTensor> narrow = RandomWeights.of(a, format, 7);
            int[] ids = ids(a, N);
            try (YocoModel model = YocoModel.of(a, narrow, options());
                    YocoModel reference = YocoModel.of(a, widened(a, narrow), options())) {
                LogitRows expected = reference.session().prefill(ids, Logits.ALL);
                LogitRows actual = model.session().prefill(ids, Logits.ALL);
                Session tokens = model.session();
                Session chunks =
                        model.session(SessionOptions.builder().prefillChunk(7).build());
                LogitRows chunked = chunks.prefill(ids, Logits.ALL);
                for (int i = 0; i < N; i++) {
                    requireClose(actual.row(i), expected.row(i), format + ", whole, row " + i);
                    requireClose(chunked.row(i), expected.row(i), format + ", chunks of 7, row " + i);
                    requireClose(tokens.decode(ids[i]), expected.row(i), format + ", token by token, row " + i);
                }
            }
        }
    }

    private static Map<String, StoredTensor> widened(Architecture a, Map<String, StoredTensor> tensors) {
        Map<String, StoredTensor> wide = new LinkedHashMap<>();
        ParameterLayout.of(a).forEach((name, shape) -> {
            float[] values = Quantizer.toFloats(tensors, name, (int) shape[shape.length - 1]);
            MemorySegment data = Arena.ofAuto().allocate(4L * values.length, 64);
            MemorySegment.copy(
                    values, 0, data, ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN), 0, values.length);
            wide.put(name, new StoredTensor(name, DType.F32, shape, data));
        });
        return wide;
    }

    @ParameterizedTest
    @MethodSource("systems")
    void longContextsCrossCacheBlocks(Architecture a) {
        int[] ids = ids(a, 500);
        try (YocoModel model = model(a, WeightFormat.F32)) {
            Session session = model.session();
            float[] whole = session.prefill(ids, Logits.LAST).last();
            Session pieces =
                    model.session(SessionOptions.builder().prefillChunk(90).build());
            pieces.prefill(slice(ids, 0, 497), Logits.NONE);
            pieces.decode(ids[497]);
            pieces.decode(ids[498]);
            requireClose(pieces.decode(ids[499]), whole, "500 tokens");
        }
    }
}
