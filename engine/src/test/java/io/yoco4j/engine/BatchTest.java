package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Golden;
import io.yoco4j.core.testing.Systems;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What batches refuse, and what a refusal leaves behind. That they compute the same is in {@link SystemContract}. */
class BatchTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u"));

    private static YocoModel model() {
        return YocoModel.of(A, RandomWeights.of(A, WeightFormat.F32, 1), EngineOptions.defaults());
    }

    /** The kernel of a product depends on how many rows there are, so results are not equal to the bit. */
    private static void requireClose(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        float worst = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
        }
        assertThat(worst).isLessThan(1e-3f);
    }

    @Test
    void anEntryThatIsRefusedLeavesTheOthersAsTheyWere() {
        try (YocoModel model = model();
                YocoModel other = model()) {
            Session first = model.session();
            Session second =
                    model.session(SessionOptions.builder().maxPositions(3).build());
            Batch batch = model.batch();
            assertThat(batch.decode(first, 5)).isZero();
            assertThatThrownBy(() -> batch.prefill(second, new int[] {1, 9, 61}, 1, 2, Logits.NONE))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage("token 1 has the id 61, but the vocabulary has 61 tokens, 0..60");
            assertThatThrownBy(() -> batch.prefill(second, new int[4], 0, 4, Logits.NONE))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("4 tokens")
                    .hasMessageContaining("3 positions");
            assertThatThrownBy(() -> batch.prefill(second, new int[4], 2, 0, Logits.NONE))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("no token");
            assertThatThrownBy(() -> batch.prefill(second, new int[4], 3, 2, Logits.NONE))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> batch.decode(first, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("entry 0 already");
            assertThatThrownBy(() -> batch.decode(other.session(), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("of another model");
            assertThat(batch.prefill(second, new int[3], 0, 3, Logits.ALL)).isEqualTo(1);
            assertThat(batch.size()).isEqualTo(2);
            assertThat(batch.tokens()).isEqualTo(4);
            batch.run();
            assertThat(first.position()).isEqualTo(1);
            assertThat(second.position()).isEqualTo(3);
            requireClose(batch.logits(0), model.session().decode(5));
        }
    }

    @Test
    void aStepThatDoesNotFitMemoryIsRefusedAndMayBeRepeated() {
        AtomicLong room = new AtomicLong();
        try (YocoModel model =
                YocoModel.of(A, RandomWeights.of(A, WeightFormat.F32, 1), EngineOptions.defaults(), room::get)) {
            Session first = model.session();
            Batch batch = model.batch();
            batch.prefill(first, new int[300], 0, 300, Logits.LAST);
            assertThatThrownBy(batch::run)
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("a context of 300 tokens needs")
                    .hasMessageContaining("enough for 0 tokens");
            assertThat(first.allocatedBytes() + first.position()).isZero();
            room.set(1 << 20);
            batch.run();
            assertThat(first.position()).isEqualTo(300);
        }
    }

    @Test
    void logitsThatDoNotFitMemoryAreRefusedAndMayBeAskedForAgain() {
        AtomicLong room = new AtomicLong(1 << 20);
        try (YocoModel model =
                YocoModel.of(A, RandomWeights.of(A, WeightFormat.F32, 1), EngineOptions.defaults(), room::get)) {
            Session session = model.session();
            session.prefill(new int[] {7}, Logits.NONE);
            Batch batch = model.batch();
            batch.prefill(session, new int[20], 0, 20, Logits.ALL);
            room.set(1000);
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(batch::run)
                        .isInstanceOf(InsufficientMemoryException.class)
                        .hasMessage("logits of 20 more tokens at once need 0.0 MiB more memory, but 0.0 MiB are left:"
                                + " ask for those of fewer tokens, or give the JVM more (-Xmx; for the command, in"
                                + " YOCO_JAVA_OPTIONS)");
            }
            assertThatThrownBy(() -> session.prefill(new int[20], Logits.ALL))
                    .isInstanceOf(InsufficientMemoryException.class);
            assertThat(session.position()).isEqualTo(1);
            room.set(1 << 20);
            batch.run();
            requireClose(
                    batch.logits(0, 19),
                    model.session().prefill(concat(7, new int[20]), Logits.LAST).last());
        }
    }

    private static int[] concat(int first, int[] more) {
        return IntStream.concat(IntStream.of(first), IntStream.of(more)).toArray();
    }

    @Test
    void aStepThatIsRefusedLeavesEverySessionAsItWas() {
        try (YocoModel model = model()) {
            Session first = model.session();
            Session second =
                    model.session(SessionOptions.builder().maxPositions(6).build());
            Batch batch = model.batch();
            batch.decode(first, 5);
            batch.prefill(second, new int[4], 0, 4, Logits.LAST);
            // From within a call of the session, as another thread would.
            second.prefill(new int[2], Logits.NONE, () -> {
                assertThatThrownBy(batch::run)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("in use by another thread");
                return false;
            });
            assertThat(first.position()).isZero();
            assertThat(second.position()).isEqualTo(2);
            second.decode(1);
            assertThatThrownBy(batch::run)
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("after the 3 tokens");
            assertThat(first.position()).isZero();
            assertThat(second.position()).isEqualTo(3);
            assertThatThrownBy(() -> batch.logits(0)).hasMessageContaining("run it first");
            second.reset();
            batch.run();
            requireClose(batch.logits(0), model.session().decode(5));
            assertThat(second.position()).isEqualTo(4);
        }
    }

    @Test
    @SuppressWarnings("MustBeClosedChecker") // the weights go away in the middle
    void aStepThatFailsHalfwayLeavesSessionsToBeReset() {
        Arena arena = Arena.ofShared();
        try (YocoModel model = YocoModel.of(A, weightsIn(arena), EngineOptions.defaults())) {
            Session first = model.session();
            Session second = model.session();
            Batch batch = model.batch();
            batch.decode(first, 1);
            batch.decode(second, 2);
            batch.run();
            arena.close();
            batch.clear();
            batch.decode(first, 1);
            batch.decode(second, 2);
            assertThatThrownBy(batch::run).hasMessageContaining("closed");
            assertThatThrownBy(() -> batch.logits(0)).hasMessageContaining("run it first");
            for (Session session : List.of(first, second)) {
                assertThatThrownBy(() -> session.decode(1)).hasMessageContaining("reset the session");
                session.reset();
                assertThat(session.position()).isZero();
            }
        }
    }

    private static Map<String, StoredTensor> weightsIn(Arena arena) {
        Map<String, StoredTensor> weights = new LinkedHashMap<>();
        RandomWeights.of(A, WeightFormat.F32, 1).forEach((name, t) -> {
            MemorySegment data = arena.allocate(t.data().byteSize(), 64).copyFrom(t.data());
            weights.put(name, new StoredTensor(name, t.dtype(), t.shape(), data));
        });
        return weights;
    }

    @Test
    void runsOnceAndSaysWhatItHas() {
        try (YocoModel model = model()) {
            Batch batch = model.batch();
            batch.run();
            batch.clear();
            Session session = model.session();
            batch.prefill(session, new int[4], 0, 4, Logits.NONE);
            batch.prefill(model.session(), new int[4], 0, 4, Logits.ALL);
            batch.run();
            assertThatThrownBy(() ->
                            session.fork().prefill(new int[2], Logits.NONE).last())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("there are no logits");
            assertThat(batch.logitRows(0)).isZero();
            assertThat(batch.logitRows(1)).isEqualTo(4);
            assertThat(batch.logits(1, 3)).hasSize(A.vocabSize()).isSameAs(batch.logits(1));
            assertThatThrownBy(() -> batch.logits(0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no logits of entry 0 were asked for");
            assertThatThrownBy(() -> batch.logits(0, 0)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> batch.logits(1, 4)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> batch.logitRows(2)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(batch::run).hasMessageContaining("clear it before");
            assertThatThrownBy(() -> batch.decode(model.session(), 1)).hasMessageContaining("clear it before");
            assertThat(session.position()).isEqualTo(4);
            batch.clear();
            assertThat(batch.size()).isZero();
            assertThat(batch.decode(session, 1)).isZero();
        }
    }

    @Test
    void refusesMoreTokensThanAStepTakes() {
        Architecture a = A.toBuilder().maxPositions(1 << 20).build();
        try (YocoModel model = YocoModel.of(a, RandomWeights.of(a, WeightFormat.F32, 1), EngineOptions.defaults())) {
            assertThat(model.maxBatchTokens()).isEqualTo(65_536);
            Batch batch = model.batch();
            batch.decode(model.session(), 1);
            assertThatThrownBy(() -> batch.prefill(model.session(), new int[65_536], 0, 65_536, Logits.NONE))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("65537 tokens")
                    .hasMessageContaining("65536 at most");
        }
    }

    @Test
    void sessionsThatAreNotInTheBatchGoOnInOtherThreads() {
        try (YocoModel model = model()) {
            int[] ids = IntStream.range(0, 40).toArray();
            float[] expected = model.session().prefill(ids, Logits.LAST).last();
            List<CompletableFuture<Void>> threads = IntStream.range(0, 4)
                    .mapToObj(_ -> CompletableFuture.runAsync(() -> {
                        Session one = model.session();
                        Session two = model.session();
                        Batch batch = model.batch();
                        for (int i = 0; i < 5; i++) {
                            one.reset();
                            two.reset();
                            batch.clear();
                            batch.prefill(one, ids, 0, 40, Logits.LAST);
                            batch.prefill(two, ids, 0, 40, Logits.LAST);
                            batch.run();
                            requireClose(batch.logits(0), expected);
                            requireClose(batch.logits(1), expected);
                        }
                    }))
                    .toList();
            threads.forEach(CompletableFuture::join);
        }
    }

    /** A scheduler cancels a request by leaving it out of the next step. */
    @Test
    void aSessionLeftOutGoesOnLater() {
        try (YocoModel model = model()) {
            int[] ids = IntStream.range(0, 30).toArray();
            Session session = model.session();
            Session cancelled = model.session();
            Batch batch = model.batch();
            batch.prefill(session, ids, 0, 10, Logits.NONE);
            batch.prefill(cancelled, ids, 0, 12, Logits.NONE);
            batch.run();
            batch.clear();
            batch.prefill(session, ids, 10, 20, Logits.LAST);
            batch.run();
            float[] rest = cancelled
                    .prefill(IntStream.range(12, 30).toArray(), Logits.LAST)
                    .last();
            requireClose(batch.logits(0), rest);
        }
    }

    @Test
    void closingUnderARunningBatchEndsItWithAClearError() {
        Golden golden = Golden.all().findFirst().orElseThrow();
        for (int round = 0; round < 5; round++) {
            YocoModel model = YocoModel.open(golden.folder());
            List<Session> sessions = List.of(model.session(), model.session(), model.session());
            Batch batch = model.batch();
            CompletableFuture<Void> started = new CompletableFuture<>();
            CompletableFuture<Void> running = CompletableFuture.runAsync(() -> {
                for (int i = 0; i < 100_000; i++) {
                    batch.clear();
                    for (Session session : sessions) {
                        session.reset();
                        batch.prefill(session, golden.ids(), 0, 5, Logits.ALL);
                    }
                    batch.run();
                    started.complete(null);
                }
            });
            started.join();
            model.close();
            assertThatThrownBy(running::join)
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("model is closed");
            assertThatThrownBy(model::batch).hasMessageContaining("model is closed");
        }
    }
}
