package io.yoco4j.server.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.FinishReason;
import io.yoco4j.engine.GeneratedToken;
import io.yoco4j.engine.Generation;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.LogitRows;
import io.yoco4j.engine.Logits;
import io.yoco4j.engine.Sampling;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.server.schedule.GenerationEvent.Failed;
import io.yoco4j.server.schedule.GenerationEvent.Failure;
import io.yoco4j.server.schedule.GenerationEvent.Finished;
import io.yoco4j.server.schedule.GenerationEvent.PromptScored;
import io.yoco4j.server.schedule.GenerationEvent.Started;
import io.yoco4j.server.schedule.GenerationEvent.Token;
import io.yoco4j.server.schedule.RefusedException.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SchedulerTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u")).toBuilder()
            .maxPositions(1 << 14)
            .build();

    @TempDir
    Path temp;

    static Stream<String> systems() {
        return Systems.all().keySet().stream();
    }

    private static YocoModel model(Architecture a) {
        return YocoModel.of(
                a,
                RandomWeights.of(a, WeightFormat.F32, 1),
                EngineOptions.builder().kv(KvFormat.F32).build());
    }

    private static Scheduler scheduler(YocoModel model, SchedulerOptions.Builder options) {
        return new Scheduler(model, options.build(), SchedulerObserver.NONE, Optional.empty());
    }

    private static SchedulerOptions.Builder options() {
        return SchedulerOptions.builder().chunk(24).cacheMemory(256 << 20);
    }

    private static int[] prompt(int seed, int length) {
        return new Random(seed).ints(length, 0, A.vocabSize()).toArray();
    }

    private static GenerationRequest request(int[] prompt, int maxTokens) {
        return request(prompt, 1, maxTokens, Sampling.GREEDY, SessionOptions.defaults(), false);
    }

    private static GenerationRequest request(
            int[] prompt, int choices, int maxTokens, Sampling sampling, SessionOptions session, boolean scored) {
        return new GenerationRequest(
                prompt,
                choices,
                maxTokens,
                sampling,
                List.of(),
                true,
                session,
                scored ? OptionalInt.of(2) : OptionalInt.empty(),
                scored,
                Duration.ofMinutes(5));
    }

    /** Hears of a request, and waits for its end. */
    private static final class Heard {
        final LinkedBlockingQueue<GenerationEvent> events = new LinkedBlockingQueue<>();
        final List<GenerationEvent> all = new ArrayList<>();

        <E extends GenerationEvent> E await(Class<E> kind) throws InterruptedException {
            while (true) {
                GenerationEvent event = events.poll(60, TimeUnit.SECONDS);
                assertThat(event).as("an event within a minute").isNotNull();
                all.add(event);
                if (kind.isInstance(event)) {
                    return kind.cast(event);
                }
            }
        }

        /** Tokens of all choices, in order, after so many ends. */
        List<Integer> tokens(int choices) throws InterruptedException {
            for (int i = 0; i < choices; i++) {
                await(Finished.class);
            }
            return all.stream()
                    .filter(Token.class::isInstance)
                    .map(Token.class::cast)
                    .sorted((a, b) -> Integer.compare(a.choice(), b.choice()))
                    .map(Token::id)
                    .toList();
        }

        int cached() {
            return all.stream()
                    .filter(Started.class::isInstance)
                    .map(e -> ((Started) e).cachedTokens())
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static Heard submit(Scheduler scheduler, GenerationRequest request) {
        Heard heard = new Heard();
        scheduler.submit(request, heard.events::add);
        return heard;
    }

    /** What the model generates alone. */
    private static List<Integer> alone(
            YocoModel model, int[] prompt, int maxTokens, Sampling sampling, SessionOptions s) {
        GenerationOptions options = GenerationOptions.builder()
                .maxTokens(maxTokens)
                .sampling(sampling)
                .build();
        try (Session session = model.session(s);
                Generation generation = session.generate(prompt, options)) {
            List<Integer> ids = new ArrayList<>();
            for (GeneratedToken token : generation) {
                ids.add(token.id());
            }
            return ids;
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void manyAtOnceAreWhatEachIsAlone(String system) throws InterruptedException {
        Architecture a = Objects.requireNonNull(Systems.all().get(system));
        try (YocoModel model = model(a);
                Scheduler scheduler =
                        scheduler(model, options().maxConcurrent(4).snapshotEvery(16))) {
            List<int[]> prompts = new ArrayList<>();
            for (int i = 0; i < 9; i++) {
                // Some begin alike, so that kept contexts are gone on from while others are being kept.
                int[] p = prompt(i % 3, 40 + 7 * i);
                prompts.add(p);
            }
            List<Heard> heard =
                    prompts.stream().map(p -> submit(scheduler, request(p, 10))).toList();
            for (int i = 0; i < prompts.size(); i++) {
                assertThat(heard.get(i).tokens(1))
                        .as(system + " " + i)
                        .isEqualTo(alone(model, prompts.get(i), 10, Sampling.GREEDY, SessionOptions.defaults()));
            }
        }
    }

    @Test
    void aSecondRequestGoesOnFromTheFirst() throws InterruptedException {
        try (YocoModel model = model(A);
                Scheduler scheduler = scheduler(model, options())) {
            int[] prompt = prompt(1, 100);
            Heard first = submit(scheduler, request(prompt, 8));
            List<Integer> tokens = first.tokens(1);
            assertThat(first.cached()).isZero();

            Heard second = submit(scheduler, request(prompt, 8));
            assertThat(second.tokens(1)).isEqualTo(tokens);
            assertThat(second.cached()).isEqualTo(99);

            // The first one's text and a further line: its end was kept, but for the token drawn last.
            int[] further = Stream.of(prompt, tokens.stream().mapToInt(i -> i).toArray(), prompt(2, 40))
                    .flatMapToInt(Arrays::stream)
                    .toArray();
            Heard third = submit(scheduler, request(further, 8));
            assertThat(third.tokens(1)).isEqualTo(alone(model, further, 8, Sampling.GREEDY, SessionOptions.defaults()));
            assertThat(third.cached()).isEqualTo(107);

            // Another depth has contexts of its own.
            SessionOptions twoLoops = SessionOptions.builder().loops(2).build();
            Heard other = submit(scheduler, request(prompt, 1, 8, Sampling.GREEDY, twoLoops, false));
            assertThat(other.tokens(1)).isEqualTo(alone(model, prompt, 8, Sampling.GREEDY, twoLoops));
            assertThat(other.cached()).isZero();
        }
    }

    @Test
    void keepsAContextWherePromptsPartWays() throws InterruptedException {
        try (YocoModel model = model(A);
                Scheduler scheduler = scheduler(model, options().snapshotEvery(1000))) {
            int[] common = prompt(1, 70);
            int[] lengths = new int[3];
            for (int i = 0; i < 3; i++) {
                int[] p = Stream.of(common, prompt(10 + i, 50))
                        .flatMapToInt(Arrays::stream)
                        .toArray();
                Heard heard = submit(scheduler, request(p, 2));
                assertThat(heard.tokens(1)).isEqualTo(alone(model, p, 2, Sampling.GREEDY, SessionOptions.defaults()));
                lengths[i] = heard.cached();
            }
            // The second shows that prompts part ways after 70 tokens, the third gains from it.
            assertThat(lengths).containsExactly(0, 0, 70);
        }
    }

    @Test
    void choicesHaveSeedsOfTheirOwn() throws InterruptedException {
        Sampling warm = Sampling.builder().temperature(1).seed(7).build();
        try (YocoModel model = model(A);
                Scheduler scheduler = scheduler(model, options())) {
            int[] prompt = prompt(1, 30);
            Heard heard = submit(scheduler, request(prompt, 3, 12, warm, SessionOptions.defaults(), false));
            List<Integer> expected = new ArrayList<>();
            for (int seed = 7; seed < 10; seed++) {
                Sampling s = Sampling.builder().temperature(1).seed(seed).build();
                expected.addAll(alone(model, prompt, 12, s, SessionOptions.defaults()));
            }
            assertThat(heard.tokens(3)).isEqualTo(expected);
        }
    }

    @Test
    void scoresPrompts() throws InterruptedException {
        try (YocoModel model = model(A);
                Scheduler scheduler = scheduler(model, options());
                Session session = model.session()) {
            int[] prompt = prompt(1, 150);
            LogitRows rows = session.prefill(prompt, Logits.ALL);
            Heard heard = submit(scheduler, request(prompt, 1, 0, Sampling.GREEDY, SessionOptions.defaults(), true));
            List<TokenLogprobs> scored = heard.await(PromptScored.class).tokens();
            assertThat(scored).hasSize(149);
            for (int i = 0; i < scored.size(); i++) {
                TokenLogprobs expected = TokenLogprobs.of(rows.row(i), prompt[i + 1], 2);
                assertThat(scored.get(i).id()).isEqualTo(prompt[i + 1]);
                assertThat(scored.get(i).logprob()).isCloseTo(expected.logprob(), within(1e-4));
            }
            assertThat(heard.await(Finished.class).reason()).isEqualTo(FinishReason.LENGTH);
            assertThat(heard.all).noneMatch(Token.class::isInstance);
        }
    }

    @Test
    void refusesWhatItCannotDo() throws InterruptedException {
        SchedulerOptions.Builder small = options().maxConcurrent(1).maxQueue(1).cacheMemory(2 << 20);
        try (YocoModel model = model(A);
                Scheduler scheduler = scheduler(model, small)) {
            requireRefused(scheduler, request(prompt(1, 10), A.maxPositions()), Reason.CONTEXT_LENGTH);
            requireRefused(scheduler, request(prompt(1, 10), A.maxPositions() - 10), Reason.CACHE_MEMORY);
            assertThatThrownBy(() -> submit(scheduler, request(new int[] {A.vocabSize()}, 1)))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("token id " + A.vocabSize());
            assertThatThrownBy(() -> submit(scheduler, request(prompt(1, 10), A.maxPositions() - 10)))
                    .hasMessageStartingWith("A context of 16384 tokens would take");
            SessionOptions none = SessionOptions.builder().loops(0).build();
            assertThatThrownBy(() -> submit(scheduler, request(prompt(1, 3), 1, 1, Sampling.GREEDY, none, false)))
                    .isInstanceOf(InvalidInputException.class);

            // While one runs another waits, and a third is one too many.
            CountDownLatch goOn = new CountDownLatch(1);
            Heard running = new Heard();
            scheduler.submit(request(prompt(1, 10), 20), event -> {
                running.events.add(event);
                if (event instanceof Started) {
                    waitFor(goOn);
                }
            });
            running.await(Started.class);
            Heard waiting = submit(scheduler, request(prompt(2, 10), 20));
            // The one that is about to run may not be counted as running yet.
            Heard second = new Heard();
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 2; i++) {
                            scheduler.submit(request(prompt(3, 10), 20), second.events::add);
                        }
                    })
                    .isInstanceOf(RefusedException.class)
                    .satisfies(e -> {
                        assertThat(((RefusedException) e).reason()).isEqualTo(Reason.QUEUE_FULL);
                        assertThat(((RefusedException) e).retryAfter()).isPresent();
                    });
            goOn.countDown();
            assertThat(running.tokens(1)).hasSize(20);
            assertThat(waiting.tokens(1)).hasSize(20);
        }
    }

    private static void requireRefused(Scheduler scheduler, GenerationRequest request, Reason reason) {
        assertThatThrownBy(() -> submit(scheduler, request))
                .isInstanceOf(RefusedException.class)
                .extracting(e -> ((RefusedException) e).reason())
                .isEqualTo(reason);
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aCancelledRequestLeavesNothing() throws InterruptedException {
        try (YocoModel model = model(A);
                Scheduler scheduler = scheduler(model, options().snapshotEvery(0))) {
            Heard heard = new Heard();
            Scheduler.Handle handle = scheduler.submit(request(prompt(1, 60), 3000), heard.events::add);
            heard.await(Token.class);
            handle.cancel();
            awaitIdle(scheduler, model);
            assertThat(heard.events).noneMatch(Finished.class::isInstance);
        }
    }

    /** At whatever moment of a step the cancellation comes. */
    @Test
    void cancellationsAtAnyMomentLeaveNothing() throws InterruptedException {
        try (YocoModel model = model(A);
                Scheduler scheduler =
                        scheduler(model, options().snapshotEvery(0).maxQueue(1000))) {
            Random random = new Random(1);
            for (int i = 0; i < 300; i++) {
                Scheduler.Handle handle = scheduler.submit(request(prompt(i, 3), 5000), _ -> {});
                for (int spins = random.nextInt(2_000_000); spins > 0; spins--) {
                    Thread.onSpinWait();
                }
                handle.cancel();
            }
            awaitIdle(scheduler, model);
        }
    }

    private static void awaitIdle(Scheduler scheduler, YocoModel model) throws InterruptedException {
        for (int i = 0;
                i < 6000
                        && (scheduler.stats().running() > 0
                                || model.cacheUsage().blocks() > 0);
                i++) {
            Thread.sleep(10);
        }
        assertThat(scheduler.stats().running()).isZero();
        assertThat(model.cacheUsage().blocks()).isZero();
    }

    /** Not with it those that share its steps. */
    @Test
    void aRequestFailsAlone() throws InterruptedException {
        try (YocoModel model = model(A);
                Scheduler scheduler = scheduler(model, options().snapshotEvery(0))) {
            Heard other = submit(scheduler, request(prompt(1, 60), 200));
            other.await(Token.class);
            for (int at : new int[] {1, 3}) {
                Heard broken = new Heard();
                AtomicInteger tokens = new AtomicInteger();
                scheduler.submit(
                        request(prompt(2, 30), 2, 100, Sampling.GREEDY, SessionOptions.defaults(), false), event -> {
                            if (event instanceof Token && tokens.incrementAndGet() == at) {
                                throw new IllegalStateException("of a listener");
                            }
                            broken.events.add(event);
                        });
                assertThat(broken.await(Failed.class).failure()).isEqualTo(Failure.INTERNAL);
            }
            assertThat(other.tokens(1))
                    .isEqualTo(alone(model, prompt(1, 60), 200, Sampling.GREEDY, SessionOptions.defaults()));
            awaitIdle(scheduler, model);
        }
    }

    @Test
    void whatTakesTooLongFails() throws InterruptedException {
        try (YocoModel model = model(A);
                Scheduler scheduler = scheduler(model, options().snapshotEvery(0))) {
            GenerationRequest r = new GenerationRequest(
                    prompt(1, 60),
                    1,
                    3000,
                    Sampling.GREEDY,
                    List.of(),
                    false,
                    SessionOptions.defaults(),
                    OptionalInt.empty(),
                    false,
                    Duration.ofMillis(1));
            assertThat(submit(scheduler, r).await(Failed.class).failure()).isEqualTo(Failure.TIMEOUT);
            awaitIdle(scheduler, model);
        }
    }

    private static GenerationRequest timed(Duration timeout) {
        GenerationRequest r = request(prompt(1, 20), 5);
        return new GenerationRequest(
                r.prompt(),
                r.choices(),
                r.maxTokens(),
                r.sampling(),
                r.stop(),
                r.endOfText(),
                r.session(),
                r.logprobs(),
                r.promptLogprobs(),
                timeout);
    }

    @Test
    void aTimeBeyondAllCountingIsNoTrouble() throws InterruptedException {
        try (YocoModel model = model(A);
                Scheduler scheduler = scheduler(model, options())) {
            assertThat(submit(scheduler, timed(Duration.ofSeconds(Long.MAX_VALUE)))
                            .tokens(1))
                    .hasSize(5);
        }
    }

    /** It would be tried again and again. */
    @Test
    void whatCannotBeginFailsOnce() throws InterruptedException {
        try (YocoModel model = model(A);
                Scheduler scheduler = scheduler(model, options())) {
            Heard broken = new Heard();
            AtomicInteger begun = new AtomicInteger();
            scheduler.submit(request(prompt(1, 20), 5), event -> {
                if (event instanceof Started) {
                    begun.incrementAndGet();
                    throw new AssertionError("of a listener");
                }
                broken.events.add(event);
            });
            assertThat(broken.await(Failed.class).failure()).isEqualTo(Failure.INTERNAL);
            assertThat(begun).hasValue(1);
            assertThat(submit(scheduler, request(prompt(2, 20), 5)).tokens(1)).hasSize(5);
        }
    }

    @Test
    void promptsOfOneRequestHaveOneDeadline() throws InterruptedException {
        try (YocoModel model = model(A);
                Scheduler scheduler = scheduler(model, options())) {
            Series series = scheduler.series();
            Thread.sleep(20);
            Heard late = new Heard();
            series.submit(timed(Duration.ofMillis(15)), 0, late.events::add);
            Failed failed = late.await(Failed.class);
            assertThat(failed.failure()).isEqualTo(Failure.TIMEOUT);
            assertThat(failed.message()).contains("0.015 s");
        }
    }

    @Test
    void aRequestThatHasBegunIsNotRefusedHalfway() throws InterruptedException {
        try (YocoModel model = model(A)) {
            Scheduler scheduler = scheduler(model, options().maxConcurrent(1).maxQueue(1));
            CountDownLatch goOn = new CountDownLatch(1);
            Heard running = new Heard();
            Series series = scheduler.series();
            series.submit(request(prompt(1, 10), 20), 0, event -> {
                running.events.add(event);
                if (event instanceof Finished) {
                    waitFor(goOn);
                }
            });
            assertThat(running.tokens(1)).hasSize(20);
            Heard waiting = submit(scheduler, request(prompt(2, 10), 20));
            requireRefused(scheduler, request(prompt(3, 10), 20), Reason.QUEUE_FULL);
            Heard second = new Heard();
            series.submit(request(prompt(3, 10), 20), 0, second.events::add);
            scheduler.refuse();
            goOn.countDown();
            assertThat(waiting.await(Failed.class).failure()).isEqualTo(Failure.SHUTDOWN);
            assertThat(second.tokens(1)).hasSize(20);
            // Nothing runs or waits, yet more is to come.
            Heard third = new Heard();
            series.submit(request(prompt(4, 10), 20), 0, third.events::add);
            assertThat(third.tokens(1)).hasSize(20);
            requireRefused(scheduler, request(prompt(1, 10), 3), Reason.SHUTDOWN);
            series.close();
            scheduler.close(Duration.ofMinutes(1));
            assertThatThrownBy(() -> series.submit(request(prompt(4, 10), 20), 0, _ -> {}))
                    .isInstanceOf(RefusedException.class);
        }
    }

    /** They would go for nothing: what runs holds too much for it to begin. */
    @Test
    void aRequestThatCannotBeginYetLeavesKeptContextsAlone() throws InterruptedException {
        try (YocoModel model = model(A)) {
            long limit;
            try (Session s = model.session()) {
                limit = s.bytesToGrow(3000) + s.bytesToGrow(400);
            }
            try (Scheduler scheduler =
                    scheduler(model, options().cacheMemory(limit).snapshotEvery(32))) {
                submit(scheduler, request(prompt(1, 100), 4)).tokens(1);
                Heard running = new Heard();
                Scheduler.Handle handle = scheduler.submit(request(prompt(2, 10), 2990), running.events::add);
                running.await(Token.class);
                int kept = scheduler.stats().keptContexts();
                Heard waiting = submit(scheduler, request(prompt(3, 1000), 10));
                for (int i = 0; i < 5; i++) {
                    running.await(Token.class);
                }
                assertThat(scheduler.stats().waiting()).isEqualTo(1);
                assertThat(scheduler.stats().keptContexts()).isEqualTo(kept).isPositive();
                handle.cancel();
                assertThat(waiting.tokens(1)).hasSize(10);
            }
            assertThat(model.cacheUsage().blocks()).isZero();
        }
    }

    @Test
    void staysWithinItsMemory() throws InterruptedException {
        try (YocoModel model = model(A)) {
            long one;
            try (Session s = model.session()) {
                one = s.bytesToGrow(120);
            }
            long limit = 3 * one;
            try (Scheduler scheduler =
                    scheduler(model, options().cacheMemory(limit).snapshotEvery(32))) {
                List<Heard> heard = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    heard.add(submit(scheduler, request(prompt(i, 100), 20)));
                }
                for (int i = 0; i < 8; i++) {
                    assertThat(heard.get(i).tokens(1))
                            .isEqualTo(alone(model, prompt(i, 100), 20, Sampling.GREEDY, SessionOptions.defaults()));
                }
            }
            assertThat(model.cacheUsage().blocks()).isZero();
        }
    }

    @Test
    void shutsDownInOrder() throws InterruptedException {
        try (YocoModel model = model(A)) {
            Scheduler scheduler = scheduler(model, options().maxConcurrent(1));
            Heard running = submit(scheduler, request(prompt(1, 10), 30));
            running.await(Token.class);
            Heard waiting = submit(scheduler, request(prompt(2, 10), 30));
            scheduler.close(Duration.ofMinutes(1));
            assertThat(running.tokens(1)).hasSize(30);
            assertThat(waiting.await(Failed.class).failure()).isEqualTo(Failure.SHUTDOWN);
            requireRefused(scheduler, request(prompt(1, 10), 3), Reason.SHUTDOWN);
            assertThat(model.cacheUsage().blocks()).isZero();
        }
    }

    @Test
    void endsAtOnceWhereThereIsNoGrace() throws InterruptedException {
        try (YocoModel model = model(A)) {
            Scheduler scheduler = scheduler(model, options());
            Heard running = submit(scheduler, request(prompt(1, 10), 3000));
            running.await(Token.class);
            scheduler.close();
            assertThat(running.await(Failed.class).failure()).isEqualTo(Failure.SHUTDOWN);
            assertThat(model.cacheUsage().blocks()).isZero();
        }
    }

    @Test
    void contextsOutliveTheServer() throws Exception {
        int[] prompt = prompt(1, 100);
        List<Integer> tokens;
        try (YocoModel model = model(A)) {
            try (Scheduler first = stored(model)) {
                tokens = submit(first, request(prompt, 8)).tokens(1);
            }
            assertThat(model.cacheUsage().blocks()).isZero();
        }
        try (YocoModel model = model(A);
                Scheduler second = stored(model)) {
            assertThat(second.stats().storedBytes()).isPositive();
            Heard heard = submit(second, request(prompt, 8));
            assertThat(heard.tokens(1)).isEqualTo(tokens);
            assertThat(heard.cached()).isEqualTo(99);
        }
        // What a crash or a bad disk leaves is passed over and deleted, never used.
        List<Path> files;
        try (Stream<Path> all = Files.walk(temp)) {
            files = all.filter(Files::isRegularFile).toList();
        }
        assertThat(files).isNotEmpty();
        for (Path file : files) {
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length - 100] ^= 1;
            Files.write(file, bytes);
            Files.write(file.resolveSibling("." + file.getFileName() + ".tmp"), new byte[10]);
            Files.write(file.resolveSibling("3_cut.yoco"), Arrays.copyOf(bytes, bytes.length / 2));
        }
        try (YocoModel model = model(A);
                Scheduler third = stored(model)) {
            Heard heard = submit(third, request(prompt, 8));
            assertThat(heard.tokens(1)).isEqualTo(tokens);
            assertThat(heard.cached()).isZero();
        }
        try (Stream<Path> all = Files.walk(temp)) {
            assertThat(all.map(p -> String.valueOf(p.getFileName())))
                    .noneMatch(n -> n.contains("tmp") || n.contains("cut"));
        }
    }

    private Scheduler stored(YocoModel model) {
        return new Scheduler(
                model, options().build(), SchedulerObserver.NONE, Optional.of(new StateFolder(temp, 1L << 30)));
    }
}
