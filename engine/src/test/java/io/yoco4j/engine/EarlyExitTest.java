package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.Safetensors;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens that leave looped stages early, against a float64 computation token by token and against what loops alone give. */
class EarlyExitTest {
    /** Nine windows. */
    private static final int N = 45;

    private static final double TOLERANCE = 2e-3;
    /** Far more than what rounding to float32 moves a distance by: whoever leaves in float64 leaves in float32. */
    private static final double MARGIN = 1e-3;

    @TempDir
    Path temp;

    static Stream<String> systems() {
        return LoopedSystems.all().keySet().stream();
    }

    private static Architecture system(String name) {
        return Objects.requireNonNull(LoopedSystems.all().get(name));
    }

    private static Map<String, StoredTensor> weights(Architecture a) {
        return RandomWeights.of(a, WeightFormat.F32, 7);
    }

    private static YocoModel model(Architecture a) {
        return YocoModel.of(a, weights(a), EngineOptions.defaults());
    }

    private static int[] ids(Architecture a) {
        return new Random(3).ints(N, 0, a.vocabSize()).toArray();
    }

    private static SessionOptions.Builder exit(double threshold) {
        return SessionOptions.builder().exitThreshold(threshold);
    }

    /** A threshold that some tokens leave under, some never do, and about which none is in doubt. */
    private record Expected(double threshold, ReferenceModel reference) {
        private static final Map<String, Expected> BY_SYSTEM = new ConcurrentHashMap<>();

        static Expected of(String name) {
            return BY_SYSTEM.computeIfAbsent(name, _ -> find(system(name)));
        }

        private static Expected find(Architecture a) {
            int[] ids = ids(a);
            ReferenceModel all = new ReferenceModel(a, weights(a), 0, ids);
            long passes = N * a.stages().stream().filter(s -> s.loops() > 1).count();
            for (double threshold = 0.5; threshold > 1e-3; threshold *= 0.97) {
                ReferenceModel some = new ReferenceModel(a, weights(a), threshold, ids);
                long saved = all.iterations() - some.iterations();
                long most = all.iterations() - passes;
                if (some.margin() > MARGIN && saved > most / 4 && saved < most * 3 / 4) {
                    return new Expected(threshold, some);
                }
            }
            throw new AssertionError("no threshold parts the tokens of " + a);
        }

        void requireRow(float[] actual, int token, String what) {
            double[] row = reference.logits(token);
            requireClose(actual, j -> row[j], what + ", token " + token);
        }

        void requireRows(LogitRows rows, int first, String what) {
            for (int i = 0; i < rows.rows(); i++) {
                requireRow(rows.row(i), first + i, what);
            }
        }
    }

    private static void requireClose(float[] actual, IntToDoubleFunction expected, String what) {
        double worst = 0;
        for (int j = 0; j < actual.length; j++) {
            double difference = Math.abs(actual[j] - expected.applyAsDouble(j));
            worst = difference <= worst ? worst : difference;
        }
        assertThat(worst).as(what).isLessThanOrEqualTo(TOLERANCE);
    }

    @ParameterizedTest
    @MethodSource("systems")
    void everyPathLeavesLoopsWhereFloat64Does(String name) {
        Architecture a = system(name);
        Expected expected = Expected.of(name);
        int[] ids = ids(a);
        try (YocoModel model = model(a)) {
            for (int chunk : new int[] {N, 7, 2, 1}) {
                Session session = model.session(
                        exit(expected.threshold()).prefillChunk(chunk).build());
                expected.requireRows(session.prefill(ids, Logits.ALL), 0, "chunks of " + chunk);
                assertThat(session.loopsUsed().iterations())
                        .as("chunks of %d", chunk)
                        .isEqualTo(expected.reference().iterations());
            }
            Session session = model.session(exit(expected.threshold()).build());
            int at = 0;
            for (int count : new int[] {1, 13, 1, 1, 4, 6, 1, 11}) {
                int[] part = Arrays.copyOfRange(ids, at, at + count);
                at += count;
                if (count == 1) {
                    expected.requireRow(session.decode(part[0]), at - 1, "mixed");
                } else {
                    expected.requireRow(session.prefill(part, Logits.LAST).last(), at - 1, "mixed");
                }
            }
            for (; at < N; at++) {
                expected.requireRow(session.decode(ids[at]), at, "mixed");
            }
        }
    }

    /** Beside sessions with other loops and thresholds, whose tokens leave earlier, later or never. */
    @ParameterizedTest
    @MethodSource("systems")
    void aBatchGivesEachSessionWhatItGetsAlone(String name) {
        Architecture a = system(name);
        Expected expected = Expected.of(name);
        int[] ids = ids(a);
        List<SessionOptions> options = List.of(
                exit(0).build(),
                exit(expected.threshold()).build(),
                exit(1).loops(4).build(),
                exit(0).loops(2).build(),
                exit(expected.threshold()).build(),
                exit(1).build());
        for (List<SessionOptions> some : List.of(options, options.subList(4, 6), options.subList(1, 3))) {
            try (YocoModel model = model(a)) {
                List<LogitRows> alone = some.stream()
                        .map(o -> model.session(o).prefill(ids, Logits.ALL))
                        .toList();
                List<Session> sessions = some.stream().map(model::session).toList();
                Random random = new Random(11);
                Batch batch = model.batch();
                while (sessions.stream().anyMatch(s -> s.position() < N)) {
                    step(batch, sessions, alone, ids, random);
                }
                for (int i = 0; i < sessions.size(); i++) {
                    Session whole = model.session(some.get(i));
                    whole.prefill(ids, Logits.ALL);
                    assertThat(sessions.get(i).loopsUsed()).as("session %d", i).isEqualTo(whole.loopsUsed());
                }
            }
        }
    }

    private static void step(Batch batch, List<Session> sessions, List<LogitRows> alone, int[] ids, Random random) {
        batch.clear();
        int[] member = new int[sessions.size()];
        int entries = 0;
        for (int s = 0; s < sessions.size(); s++) {
            int position = sessions.get(s).position();
            int count = Math.min(N - position, random.nextBoolean() ? 1 : 1 + random.nextInt(9));
            if (count > 0 && random.nextInt(5) > 0) {
                batch.prefill(sessions.get(s), ids, position, count, Logits.ALL);
                member[entries++] = s;
            }
        }
        batch.run();
        for (int entry = 0; entry < entries; entry++) {
            LogitRows expected = alone.get(member[entry]);
            int first = sessions.get(member[entry]).position() - batch.logitRows(entry);
            for (int i = 0; i < batch.logitRows(entry); i++) {
                float[] row = expected.row(first + i);
                requireClose(
                        batch.logits(entry, i), j -> row[j], "session " + member[entry] + ", token " + (first + i));
            }
        }
    }

    /** Every token leaves after the first iteration, so all that is left out is what more loops would have added. */
    @ParameterizedTest
    @MethodSource("systems")
    void aThresholdOfOneIsOneLoopToTheBit(String name) {
        Architecture a = system(name);
        int[] ids = ids(a);
        try (YocoModel model = model(a)) {
            Session one = model.session(
                    SessionOptions.builder().loops(1).prefillChunk(16).build());
            Session left = model.session(exit(1).prefillChunk(16).build());
            LogitRows expected = one.prefill(Arrays.copyOf(ids, 40), Logits.ALL);
            LogitRows actual = left.prefill(Arrays.copyOf(ids, 40), Logits.ALL);
            for (int i = 0; i < 40; i++) {
                assertThat(actual.row(i)).as("token %d", i).isEqualTo(expected.row(i));
            }
            for (int i = 40; i < N; i++) {
                assertThat(left.decode(ids[i])).as("token %d", i).isEqualTo(one.decode(ids[i]));
            }
            assertThat(left.loopsUsed().mean()).hasValue(1);
            assertThat(left.loopsUsed()).isEqualTo(one.loopsUsed());
            requireSameInAllIterations(left);
        }
    }

    /** Later iterations have the first one's keys and values. */
    private void requireSameInAllIterations(Session session) {
        Path file = temp.resolve("session");
        session.save(file);
        try (Arena arena = Arena.ofConfined()) {
            Map<String, StoredTensor> tensors = Safetensors.open(file, arena).tensors();
            tensors.forEach((name, tensor) -> {
                StoredTensor first =
                        Objects.requireNonNull(tensors.get(name.replaceFirst("loops\\.\\d+", "loops.0")), name);
                assertThat(tensor.data().mismatch(first.data())).as(name).isEqualTo(-1);
            });
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void aThresholdThatNoTokenFallsUnderChangesNoBit(String name) {
        Architecture a = system(name);
        int[] ids = ids(a);
        try (YocoModel model = model(a)) {
            for (int chunk : new int[] {16, 1}) {
                Session all = model.session(
                        SessionOptions.builder().prefillChunk(chunk).build());
                Session tiny = model.session(exit(1e-9).prefillChunk(chunk).build());
                LogitRows expected = all.prefill(ids, Logits.ALL);
                LogitRows actual = tiny.prefill(ids, Logits.ALL);
                for (int i = 0; i < N; i++) {
                    assertThat(actual.row(i)).as("token %d", i).isEqualTo(expected.row(i));
                }
                long most = N
                        * a.stages().stream()
                                .filter(s -> s.loops() > 1)
                                .mapToLong(s -> s.loops())
                                .sum();
                assertThat(all.loopsUsed().iterations()).isEqualTo(most);
                assertThat(tiny.loopsUsed()).isEqualTo(all.loopsUsed());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void forksAndRestoredSessionsGoOn(String name) {
        Architecture a = system(name);
        Expected expected = Expected.of(name);
        int[] ids = ids(a);
        Path file = temp.resolve("session");
        SessionOptions options = exit(expected.threshold()).build();
        try (YocoModel model = model(a);
                YocoModel other = model(a)) {
            Session session = model.session(options);
            session.prefill(Arrays.copyOf(ids, 20), Logits.NONE);
            Session fork = session.fork();
            session.save(file);
            Session restored = other.restore(file, options);
            assertThat(fork.loopsUsed()).as("tokens of its own").isEqualTo(LoopsUsed.NONE);
            for (int i = 20; i < N; i++) {
                float[] logits = session.decode(ids[i]).clone();
                expected.requireRow(logits, i, "saved");
                assertThat(fork.decode(ids[i])).isEqualTo(logits);
                assertThat(restored.decode(ids[i])).isEqualTo(logits);
            }
            assertThat(fork.loopsUsed()).isEqualTo(restored.loopsUsed());
            // The file does not have the threshold: what comes now takes as many loops as the session says.
            Session full = model.restore(file);
            full.decode(ids[20]);
            assertThat(full.loopsUsed().iterations())
                    .isEqualTo(a.stages().stream()
                            .filter(s -> s.loops() > 1)
                            .mapToLong(s -> s.loops())
                            .sum());
            assertThat(full.cacheBytes()).isEqualTo(twentyOne(other, options, ids));
        }
    }

    private static long twentyOne(YocoModel model, SessionOptions options, int[] ids) {
        Session session = model.session(options);
        session.prefill(Arrays.copyOf(ids, 21), Logits.NONE);
        return session.cacheBytes();
    }

    @ParameterizedTest
    @MethodSource("systems")
    void narrowCachesKeepWhatWasStored(String name) {
        Architecture a = system(name);
        int[] ids = ids(a);
        for (KvFormat kv : KvFormat.values()) {
            EngineOptions options = EngineOptions.builder().kv(kv).build();
            try (YocoModel model = YocoModel.of(a, weights(a), options)) {
                Session left = model.session(exit(1).prefillChunk(9).build());
                left.prefill(ids, Logits.NONE);
                requireSameInAllIterations(left);
            }
        }
    }

    @Test
    void aGenerationTellsItsLoops() {
        Architecture a = system("yoco-u");
        GenerationOptions four = GenerationOptions.builder().maxTokens(4).build();
        try (YocoModel model = model(a)) {
            Session left = model.session(exit(1).build());
            left.prefill(ids(a), Logits.NONE);
            Generation generation = left.generate(new int[] {1, 2}, four);
            generation.join();
            assertThat(generation.stats().loops())
                    .as("two tokens, and three of four")
                    .isEqualTo(new LoopsUsed(5, 5));
            assertThat(generation.stats().toString()).contains(", 1.00 loops per token, ");
            generation = model.session().generate(new int[] {1, 2}, four);
            generation.join();
            assertThat(generation.stats().loops()).isEqualTo(new LoopsUsed(5, 15));
            assertThat(generation.stats().toString()).doesNotContain("loops");
        }
    }

    @Test
    void sumsOfLoopsHaveAMeanOnceThereIsAToken() {
        assertThat(LoopsUsed.NONE.mean()).isEmpty();
        LoopsUsed sum = new LoopsUsed(2, 6).plus(new LoopsUsed(2, 3));
        assertThat(sum.mean()).hasValue(2.25);
        assertThat(sum.minus(new LoopsUsed(2, 6)).mean()).hasValue(1.5);
        Architecture a = Objects.requireNonNull(Systems.all().get("yoco"));
        try (YocoModel model = model(a)) {
            Session session = model.session();
            session.decode(1);
            assertThat(session.loopsUsed()).as("no stage loops").isEqualTo(LoopsUsed.NONE);
        }
    }

    @Test
    void refusesModelsThatTokensCannotLeave() {
        try (YocoModel retention = model(Objects.requireNonNull(Systems.all().get("looped retention")));
                YocoModel yoco = model(Objects.requireNonNull(Systems.all().get("yoco")))) {
            assertThatThrownBy(() -> retention.session(exit(0.1).build()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage(
                            "exit threshold 0.1 was asked for, but stages[0] loops gated_retention, whose states need"
                                    + " every token in every iteration: leave it out for this model");
            assertThatThrownBy(() -> yoco.session(exit(0.1).build()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage("exit threshold 0.1 was asked for, but the model has no looped stage to leave:"
                            + " leave it out for this model");
            retention.session(exit(0.1).loops(1).build()).decode(1);
            yoco.session(exit(0).build()).decode(1);
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1.01, Double.NaN, Double.POSITIVE_INFINITY})
    void refusesThresholdsThatAreNoAngle(double threshold) {
        assertThatThrownBy(() -> exit(threshold).build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("exit threshold is " + threshold + ", but must lie in 0..1");
    }
}
