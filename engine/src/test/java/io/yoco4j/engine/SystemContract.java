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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
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

    static Stream<Arguments> systemsAndFormats() {
        return systems().flatMap(a -> Arrays.stream(KvFormat.values()).map(kv -> Arguments.of(a, kv)));
    }

    private YocoModel model(Architecture a, WeightFormat format) {
        return YocoModel.of(a, RandomWeights.of(a, format, 7), options());
    }

    private YocoModel model(Architecture a, KvFormat kv) {
        return YocoModel.of(a, RandomWeights.of(a, WeightFormat.F32, 7), options(kv));
    }

    private EngineOptions options() {
        return options(KvFormat.F32);
    }

    private EngineOptions options(KvFormat kv) {
        return EngineOptions.builder().kernels(kernels).kv(kv).build();
    }

    /**
     * How far two ways of running the same tokens may be apart. Where they differ by a rounding of float32, a key or value
     * may fall on the other side of a boundary of a narrow format: differences of up to 0.0015 and 0.008 were seen.
     */
    private static float tolerance(KvFormat kv) {
        return switch (kv) {
            case F32 -> TOLERANCE;
            case BF16 -> 0.01f;
            case Q8 -> 0.04f;
        };
    }

    private static int[] ids(Architecture a, int n) {
        return new Random(3).ints(n, 0, a.vocabSize()).toArray();
    }

    private static int[] slice(int[] ids, int from, int to) {
        return Arrays.copyOfRange(ids, from, to);
    }

    private static void requireClose(float[] actual, float[] expected, String what) {
        requireClose(actual, expected, TOLERANCE, what);
    }

    private static void requireClose(float[] actual, float[] expected, float tolerance, String what) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        float worst = 0;
        for (int i = 0; i < actual.length; i++) {
            float difference = Math.abs(actual[i] - expected[i]);
            worst = difference <= worst ? worst : difference;
        }
        assertThat(worst).as(what).isLessThanOrEqualTo(tolerance);
    }

    @ParameterizedTest
    @MethodSource("systemsAndFormats")
    void prefillAndDecodeGiveWhatTheWholeSequenceGives(Architecture a, KvFormat kv) {
        int[] ids = ids(a, N);
        float tolerance = tolerance(kv);
        try (YocoModel model = model(a, kv)) {
            LogitRows all = model.session().prefill(ids, Logits.ALL);
            for (int split : new int[] {1, 4, 5, 6, 20, 33}) {
                Session session = model.session();
                float[] last =
                        session.prefill(slice(ids, 0, split), Logits.LAST).last();
                requireClose(last, all.row(split - 1), tolerance, "prefill");
                assertThat(session.prefill(slice(ids, split, split + 1), Logits.NONE)
                                .rows())
                        .isZero();
                for (int i = split + 1; i < N; i++) {
                    requireClose(session.decode(ids[i]), all.row(i), tolerance, "split " + split + ", decode " + i);
                }
                assertThat(session.position()).isEqualTo(N);
            }
        }
    }

    /** Differences of up to 0.024 and 0.036 were seen, of logits that reach about 3. */
    @ParameterizedTest
    @MethodSource("systems")
    void narrowCachesGiveNearlyWhatFloat32Gives(Architecture a) {
        int[] ids = ids(a, N);
        try (YocoModel model = model(a, KvFormat.F32);
                YocoModel bf16 = model(a, KvFormat.BF16);
                YocoModel q8 = model(a, KvFormat.Q8)) {
            LogitRows expected = model.session().prefill(ids, Logits.ALL);
            LogitRows half = bf16.session().prefill(ids, Logits.ALL);
            LogitRows bytes = q8.session().prefill(ids, Logits.ALL);
            for (int i = 0; i < N; i++) {
                requireClose(half.row(i), expected.row(i), 0.05f, "bf16, row " + i);
                requireClose(bytes.row(i), expected.row(i), 0.1f, "q8, row " + i);
            }
            assertThat(half.last()).isNotEqualTo(expected.last());
            assertThat(bytes.last()).isNotEqualTo(half.last());
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
    @MethodSource("systemsAndFormats")
    void cachesHoldExactlyTheBytesThatAccountingPredicts(Architecture a, KvFormat kv) {
        int[] ids = ids(a, 300);
        Accounting accounting = new Accounting(a);
        try (YocoModel model = model(a, kv)) {
            Session session = model.session(inChunks(64));
            assertThat(session.cacheBytes()).isEqualTo(accounting.cacheBytes(0, kv));
            for (int n : new int[] {1, 2, 1, 1, 1, 40, 254}) {
                session.prefill(slice(ids, 0, n), Logits.NONE);
                assertThat(session.cacheBytes())
                        .as("position %d", session.position())
                        .isEqualTo(accounting.cacheBytes(session.position(), kv));
                assertThat(session.allocatedBytes()).isGreaterThanOrEqualTo(session.cacheBytes());
            }
            session.reset();
            assertThat(session.position()).isZero();
            assertThat(session.cacheBytes()).isEqualTo(accounting.cacheBytes(0, kv));
            float[] again = session.prefill(ids, Logits.LAST).last();
            assertThat(again)
                    .isEqualTo(model.session(inChunks(64))
                            .prefill(ids, Logits.LAST)
                            .last());
        }
    }

    private static SessionOptions inChunks(int chunk) {
        return SessionOptions.builder().prefillChunk(chunk).build();
    }

    /** From within a block as from its end, and with windows that have wrapped. */
    @ParameterizedTest
    @MethodSource("systemsAndFormats")
    void aForkGoesOnAsTheOriginalDoesAndApartFromIt(Architecture a, KvFormat kv) {
        int[] ids = ids(a, 256 + N);
        try (YocoModel model = model(a, kv)) {
            for (int at : new int[] {3, 20, 256}) {
                Session original = model.session();
                original.prefill(slice(ids, 0, at), Logits.NONE);
                Session alone = model.session();
                alone.prefill(slice(ids, 0, at), Logits.NONE);
                Session fork = original.fork();
                Session other = original.fork();
                other.prefill(new int[] {1, 2, 3, 4, 5, 6, 7}, Logits.NONE);
                assertThat(other.position()).isEqualTo(at + 7);
                for (int i = at; i < at + 20; i++) {
                    float[] expected = alone.decode(ids[i]).clone();
                    assertThat(original.decode(ids[i])).as("token %d", i).isEqualTo(expected);
                    assertThat(fork.decode(ids[i])).as("token %d", i).isEqualTo(expected);
                    if (i == at + 5) {
                        other.close();
                    }
                }
                // What was given back is written by others now.
                original.close();
                model.session().prefill(slice(ids, 7, 280), Logits.NONE);
                assertThat(fork.decode(ids[at + 20])).isEqualTo(alone.decode(ids[at + 20]));
            }
        }
    }

    /** Chunks and single tokens, at different positions and depths, with and without logits, in turn and together. */
    @ParameterizedTest
    @MethodSource("systems")
    void aBatchGivesEachSessionWhatItGetsAlone(Architecture a) {
        Random random = new Random(5);
        int[] loops = a.looped() ? new int[] {0, 1, 4, 0, 2, 0} : new int[4];
        int[] ids = ids(a, N);
        try (YocoModel model = model(a, WeightFormat.F32)) {
            List<Session> sessions = new ArrayList<>();
            List<LogitRows> expected = new ArrayList<>();
            for (int l : loops) {
                SessionOptions.Builder options = SessionOptions.builder();
                if (l > 0) {
                    options.loops(l);
                }
                sessions.add(model.session(options.build()));
                expected.add(model.session(options.build()).prefill(ids, Logits.ALL));
            }
            Batch batch = model.batch();
            while (sessions.stream().anyMatch(session -> session.position() < N)) {
                step(batch, sessions, expected, ids, random);
            }
            for (Session session : sessions) {
                assertThat(session.cacheBytes())
                        .isEqualTo(new Accounting(session.architecture()).cacheBytes(N, KvFormat.F32));
            }
        }
    }

    private static void step(Batch batch, List<Session> sessions, List<LogitRows> expected, int[] ids, Random random) {
        batch.clear();
        List<Integer> members = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        for (int s = 0; s < sessions.size(); s++) {
            int position = sessions.get(s).position();
            int count = Math.min(N - position, random.nextBoolean() ? 1 : 1 + random.nextInt(14));
            if (count > 0 && random.nextInt(5) > 0) {
                Logits which = Logits.values()[random.nextInt(3)];
                int entry = batch.prefill(sessions.get(s), ids, position, count, which);
                assertThat(entry).isEqualTo(members.size());
                assertThat(batch.logitRows(entry))
                        .isEqualTo(which == Logits.ALL ? count : which == Logits.LAST ? 1 : 0);
                members.add(s);
                ends.add(position + count);
            }
        }
        batch.run();
        for (int entry = 0; entry < members.size(); entry++) {
            int s = members.get(entry);
            int end = ends.get(entry);
            assertThat(sessions.get(s).position()).isEqualTo(end);
            int rows = batch.logitRows(entry);
            for (int i = 0; i < rows; i++) {
                int token = end - rows + i;
                requireClose(batch.logits(entry, i), expected.get(s).row(token), "session " + s + ", token " + token);
            }
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
    @MethodSource("systemsAndFormats")
    void longContextsCrossCacheBlocks(Architecture a, KvFormat kv) {
        int[] ids = ids(a, 500);
        try (YocoModel model = model(a, kv)) {
            Session session = model.session();
            float[] whole = session.prefill(ids, Logits.LAST).last();
            Session pieces = model.session(inChunks(90));
            pieces.prefill(slice(ids, 0, 497), Logits.NONE);
            pieces.decode(ids[497]);
            pieces.decode(ids[498]);
            requireClose(pieces.decode(ids[499]), whole, tolerance(kv), "500 tokens");
        }
    }
}
