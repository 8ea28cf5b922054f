package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Golden;
import io.yoco4j.core.testing.Systems;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What sessions and models refuse, and what a refusal leaves behind. */
class SessionTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u"));

    private static YocoModel model() {
        return YocoModel.of(A, RandomWeights.of(A, WeightFormat.F32, 1), EngineOptions.defaults());
    }

    @Test
    void refusesTokensOutsideOfTheVocabularyAndStaysAsItWas() {
        try (YocoModel model = model()) {
            Session session = model.session();
            float[] before = session.prefill(new int[] {1, 2, 3}, Logits.LAST).last();
            assertThatThrownBy(() -> session.prefill(new int[] {4, 61}, Logits.LAST))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage("token 1 has the id 61, but the vocabulary has 61 tokens, 0..60");
            assertThatThrownBy(() -> session.decode(-1)).hasMessageContaining("token 0 has the id -1");
            assertThatThrownBy(() -> session.prefill(new int[0], Logits.ALL)).hasMessageContaining("no token");
            assertThat(session.position()).isEqualTo(3);
            float[] next = session.decode(4).clone();
            Session other = model.session();
            assertThat(other.prefill(new int[] {1, 2, 3}, Logits.LAST).last()).isEqualTo(before);
            assertThat(other.decode(4)).isEqualTo(next);
        }
    }

    @Test
    void refusesMoreTokensThanThereArePositions() {
        try (YocoModel model = model()) {
            Session session = model.session();
            assertThatThrownBy(() -> session.prefill(new int[513], Logits.LAST))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("513 tokens")
                    .hasMessageContaining("the model has 512 positions (max_position_embeddings)");
            assertThat(session.position()).isZero();
            Session small = model.session(
                    SessionOptions.builder().maxPositions(4).prefillChunk(3).build());
            small.prefill(new int[3], Logits.NONE);
            small.decode(0);
            assertThatThrownBy(() -> small.decode(0))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("after the 4 tokens")
                    .hasMessageContaining("the session has 4 positions (its max positions)");
            assertThat(small.position()).isEqualTo(4);
        }
    }

    @Test
    void refusesAContextThatDoesNotFitMemoryBeforeAllocatingForIt() {
        Architecture a = A.toBuilder().maxPositions(1 << 30).build();
        AtomicLong room = new AtomicLong(1 << 18);
        for (KvFormat kv : KvFormat.values()) {
            EngineOptions options = EngineOptions.builder().kv(kv).build();
            try (YocoModel model = YocoModel.of(a, RandomWeights.of(a, WeightFormat.F32, 1), options, room::get)) {
                Session session = model.session();
                session.prefill(new int[300], Logits.NONE);
                long held = session.allocatedBytes();
                int[] prompt = new int[3_000_000];
                assertThatThrownBy(() -> session.prefill(prompt, Logits.LAST))
                        .isInstanceOf(InvalidInputException.class)
                        .hasMessageStartingWith("a context of 3000300 tokens needs ")
                        .hasMessageContaining(" more memory, but 0.3 MiB are left, enough for ")
                        .hasMessageContaining("-Xmx");
                assertThat(session.allocatedBytes()).isEqualTo(held);
                int fits = fits(session, prompt);
                assertThatThrownBy(() -> session.prefill(new int[fits - 300 + 1], Logits.NONE))
                        .hasMessageContaining("enough for " + fits + " tokens");
                assertThat(session.position()).isEqualTo(300);
                session.prefill(new int[fits - 300], Logits.NONE);
                // Blocks that are there are filled without asking for more.
                room.set(0);
                assertThatThrownBy(() -> session.decode(1))
                        .hasMessageContaining("a context of " + (fits + 1) + " tokens");
                session.reset();
                room.set(1 << 18);
                session.decode(1);
                room.set(0);
                session.decode(1);
                assertThatThrownBy(() -> session.prefill(new int[100], Logits.ALL))
                        .hasMessageContaining("logits of 100 of them included");
                session.prefill(new int[30], Logits.NONE);
                room.set(1 << 18);
            }
        }
    }

    private static int fits(Session session, int[] prompt) {
        try {
            session.prefill(prompt, Logits.NONE);
            throw new AssertionError("it fits");
        } catch (InvalidInputException e) {
            String message = Objects.requireNonNull(e.getMessage());
            return Integer.parseInt(message.replaceFirst(".*enough for (\\d+) tokens.*", "$1"));
        }
    }

    @Test
    void refusesOptionsOutOfRange() {
        int cores = Runtime.getRuntime().availableProcessors();
        assertThatThrownBy(() -> EngineOptions.builder().threads(0).build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("threads is 0");
        assertThatThrownBy(() -> EngineOptions.builder().threads(cores + 1).build())
                .hasMessageContaining("1.." + cores);
        assertThatThrownBy(() -> EngineOptions.builder().prefillChunk(0).build())
                .hasMessageContaining("prefill chunk is 0");
        assertThatThrownBy(() -> SessionOptions.builder().maxPositions(0).build())
                .hasMessageContaining("max positions is 0");
        try (YocoModel model = model()) {
            assertThatThrownBy(() ->
                            model.session(SessionOptions.builder().loops(0).build()))
                    .isInstanceOf(InvalidInputException.class);
        }
        Architecture dense = Objects.requireNonNull(Systems.all().get("transformer"));
        try (YocoModel model =
                YocoModel.of(dense, RandomWeights.of(dense, WeightFormat.F32, 1), EngineOptions.defaults())) {
            assertThatThrownBy(() ->
                            model.session(SessionOptions.builder().loops(2).build()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("no looped stage");
        }
        assertThatThrownBy(() -> YocoModel.open(Path.of("no-such-folder")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("no-such-folder");
    }

    @Test
    void aSessionServesOneThreadAtATime() {
        try (YocoModel model = model()) {
            Session session = model.session();
            // From within a step, as another thread would.
            assertThatThrownBy(() -> session.prefill(new int[4], Logits.LAST, () -> {
                        session.decode(1);
                        return false;
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("in use by another thread");
            assertThat(session.position()).isZero();
            session.decode(1);
        }
    }

    @Test
    void aClosedSessionSaysSoAndGivesItsMemoryToTheNext() {
        try (YocoModel model = model()) {
            Session session = model.session();
            session.prefill(new int[40], Logits.NONE);
            Session fork = session.fork();
            assertThat(session.allocatedBytes()).isPositive();
            session.close();
            session.close();
            assertThat(session.allocatedBytes()).isZero();
            for (Runnable use : List.<Runnable>of(
                    () -> session.decode(1),
                    () -> session.prefill(new int[1], Logits.NONE),
                    session::fork,
                    session::reset,
                    () -> session.generate(new int[1], GenerationOptions.defaults())
                            .hasNext())) {
                assertThatThrownBy(use::run)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("the session is closed: take a new one, or close it after its last use");
            }
            assertThat(fork.position()).isEqualTo(40);
            fork.decode(1);
        }
    }

    @Test
    void closingASessionEndsTheCallThatRuns() {
        try (YocoModel model = model()) {
            Session session =
                    model.session(SessionOptions.builder().prefillChunk(4).build());
            // From within a step, as another thread would.
            assertThatThrownBy(() -> session.prefill(new int[12], Logits.LAST, () -> {
                        if (session.position() == 4) {
                            session.close();
                            assertThat(session.allocatedBytes())
                                    .as("still in use")
                                    .isPositive();
                        }
                        return false;
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("session is closed");
            assertThat(session.allocatedBytes()).isZero();
        }
    }

    @Test
    void aGenerationClosesTheSessionThatWasMadeForItAlone() {
        try (YocoModel model = model()) {
            Session session = model.session();
            GenerationOptions options = GenerationOptions.builder().maxTokens(3).build();
            try (Generation generation = session.generate(new int[] {1, 2}, options)) {
                generation.join();
            }
            session.decode(1);
            Session own = model.session();
            Generation generation = model.generate(own, true, new int[] {1, 2}, options);
            generation.join();
            long bytes = own.cacheBytes();
            generation.close();
            generation.close();
            assertThat(generation.stats().cacheBytes()).isEqualTo(bytes).isPositive();
            assertThatThrownBy(() -> own.decode(1)).hasMessageContaining("session is closed");
        }
    }

    @Test
    void sessionsOfManyThreadsTakeTurns() {
        try (YocoModel model = model()) {
            int[] ids = IntStream.range(0, 40).toArray();
            float[] expected = model.session().prefill(ids, Logits.LAST).last();
            List<CompletableFuture<Void>> threads = IntStream.range(0, 4)
                    .mapToObj(_ -> CompletableFuture.runAsync(() -> {
                        Session session = model.session(
                                SessionOptions.builder().prefillChunk(40).build());
                        for (int i = 0; i < 5; i++) {
                            session.reset();
                            assertThat(session.prefill(ids, Logits.LAST).last()).isEqualTo(expected);
                            try (Session fork = session.fork()) {
                                assertThat(fork.decode(1)).isEqualTo(session.decode(1));
                            }
                        }
                    }))
                    .toList();
            threads.forEach(CompletableFuture::join);
        }
    }

    @Test
    void closingUnderARunningSessionEndsItWithAClearError() {
        Golden golden = Golden.all().findFirst().orElseThrow();
        for (int round = 0; round < 5; round++) {
            YocoModel model = YocoModel.open(golden.folder());
            Session session =
                    model.session(SessionOptions.builder().prefillChunk(3).build());
            CompletableFuture<Void> started = new CompletableFuture<>();
            CompletableFuture<Void> running = CompletableFuture.runAsync(() -> {
                for (int i = 0; i < 100_000; i++) {
                    session.reset();
                    session.prefill(golden.ids(), Logits.LAST);
                    started.complete(null);
                }
            });
            started.join();
            model.close();
            assertThatThrownBy(running::join)
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("model is closed");
            session.reset();
            assertThatThrownBy(() -> session.decode(1)).hasMessageContaining("model is closed");
            assertThatThrownBy(model::session).hasMessageContaining("model is closed");
            model.close();
        }
    }
}
