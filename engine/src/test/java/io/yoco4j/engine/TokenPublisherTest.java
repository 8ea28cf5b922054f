package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TokenPublisherTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u"));
    private static final int[] PROMPT = {3, 1, 4, 1, 5};
    /** Computes within request, so that what has been computed is known at any time. */
    private static final Executor DIRECT = Runnable::run;

    private final YocoModel model = YocoModel.of(A, RandomWeights.of(A, WeightFormat.F32, 1), EngineOptions.defaults());

    @AfterEach
    void close() {
        model.close();
    }

    /** Notes its signals; does in onNext what a test says. */
    private static class Signals implements Flow.Subscriber<GeneratedToken> {
        final List<Integer> ids = new ArrayList<>();
        final List<Throwable> errors = new ArrayList<>();
        final CountDownLatch ended = new CountDownLatch(1);
        int completions;
        Flow.@Nullable Subscription subscription;

        Flow.Subscription subscription() {
            return Objects.requireNonNull(subscription);
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
        }

        @Override
        public void onNext(GeneratedToken token) {
            ids.add(token.id());
        }

        @Override
        public void onError(Throwable error) {
            errors.add(error);
            ended.countDown();
        }

        @Override
        public void onComplete() {
            completions++;
            ended.countDown();
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // the publisher closes it
    private Generation generation(int maxTokens) {
        GenerationOptions options =
                GenerationOptions.builder().maxTokens(maxTokens).build();
        return model.generate(model.session(), true, PROMPT, options);
    }

    private List<Integer> pulled(int maxTokens) {
        List<Integer> ids = new ArrayList<>();
        try (Generation generation = generation(maxTokens)) {
            generation.forEach(t -> ids.add(t.id()));
        }
        return ids;
    }

    @Test
    void computesWhatIsRequestedAndNoMore() {
        Generation generation = generation(6);
        Signals signals = new Signals();
        generation.publisher(DIRECT).subscribe(signals);
        assertThat(generation.stats().generatedTokens()).isZero();
        signals.subscription().request(2);
        assertThat(generation.stats().generatedTokens()).isEqualTo(2);
        assertThat(signals.ids).isEqualTo(pulled(6).subList(0, 2));
        signals.subscription().request(Long.MAX_VALUE);
        signals.subscription().request(Long.MAX_VALUE);
        assertThat(signals.ids).isEqualTo(pulled(6));
        assertThat(signals.completions).isEqualTo(1);
        assertThat(signals.errors).isEmpty();
        assertThat(generation.finishReason()).contains(FinishReason.LENGTH);
        assertThat(model.cacheUsage().blocks()).isZero();
    }

    @Test
    void completesWithTheLastTokenThoughNoMoreIsRequested() {
        Signals signals = new Signals();
        generation(2).publisher(DIRECT).subscribe(signals);
        signals.subscription().request(2);
        assertThat(signals.completions).isEqualTo(1);
    }

    @Test
    void cancellationStopsComputingAndGivesMemoryBack() {
        Generation generation = generation(50);
        Signals signals = new Signals() {
            @Override
            public void onNext(GeneratedToken token) {
                super.onNext(token);
                if (ids.size() == 3) {
                    subscription().cancel();
                }
            }
        };
        generation.publisher(DIRECT).subscribe(signals);
        signals.subscription().request(50);
        signals.subscription().request(50);
        signals.subscription().request(-1);
        assertThat(signals.ids).isEqualTo(pulled(3));
        assertThat(signals.completions).isZero();
        assertThat(signals.errors).isEmpty();
        assertThat(generation.stats().generatedTokens()).isEqualTo(3);
        assertThat(model.cacheUsage().blocks()).isZero();
    }

    @Test
    void aSubscriberThatHasCancelledIsForgotten() {
        Flow.Publisher<GeneratedToken> publisher = generation(50).publisher(DIRECT);
        Signals signals = new Signals();
        publisher.subscribe(signals);
        Flow.Subscription subscription = signals.subscription();
        subscription.request(1);
        subscription.cancel();
        WeakReference<Signals> reference = new WeakReference<>(signals);
        signals = null;
        while (reference.get() != null) {
            System.gc();
        }
        assertThat(publisher).isNotNull();
        assertThat(subscription).isNotNull();
    }

    @Test
    void cancellationBetweenRequestsNeedsNoExecutor() {
        Generation generation = generation(50);
        AtomicBoolean shut = new AtomicBoolean();
        Signals signals = new Signals();
        generation
                .publisher(task -> {
                    assertThat(shut).isFalse();
                    task.run();
                })
                .subscribe(signals);
        signals.subscription().request(1);
        shut.set(true);
        signals.subscription().cancel();
        signals.subscription().cancel();
        assertThat(model.cacheUsage().blocks()).isZero();
        assertThat(signals.ids).hasSize(1);
    }

    @Test
    void aGenerationThatIsCancelledElsewhereCompletes() {
        Generation generation = generation(50);
        Signals signals = new Signals();
        generation.publisher(DIRECT).subscribe(signals);
        signals.subscription().request(1);
        generation.cancel();
        signals.subscription().request(1);
        assertThat(signals.ids).hasSize(1);
        assertThat(signals.completions).isEqualTo(1);
        assertThat(generation.finishReason()).contains(FinishReason.CANCELLED);
    }

    @Test
    void aGenerationThatIsClosedElsewhereFails() {
        Signals signals = new Signals();
        try (Generation generation = generation(50)) {
            generation.publisher(DIRECT).subscribe(signals);
            signals.subscription().request(2);
        }
        signals.subscription().request(1);
        assertThat(signals.ids).hasSize(2);
        assertThat(signals.completions).isZero();
        assertThat(signals.errors)
                .singleElement()
                .isInstanceOf(IllegalStateException.class)
                .asString()
                .contains("closed before its text had ended");
    }

    @Test
    void aSubscriberDoesThePulling() {
        Generation generation = generation(5);
        Flow.Publisher<GeneratedToken> publisher = generation.publisher(DIRECT);
        Signals first = new Signals();
        Signals second = new Signals();
        publisher.subscribe(first);
        generation.publisher(DIRECT).subscribe(second);
        assertThat(second.errors).singleElement().asString().contains("a subscriber already");
        assertThatIllegalStateException().isThrownBy(generation::hasNext).withMessageContaining("a publisher pulls");
        assertThatIllegalStateException().isThrownBy(generation::next);
        first.subscription().request(5);
        assertThat(first.ids).isEqualTo(pulled(5));
        assertThat(first.completions).isEqualTo(1);
    }

    @Test
    void aRequestForNothingIsAnError() {
        for (long n : new long[] {0, -1, Long.MIN_VALUE}) {
            Signals signals = new Signals();
            generation(5).publisher(DIRECT).subscribe(signals);
            signals.subscription().request(n);
            signals.subscription().request(1);
            assertThat(signals.ids).isEmpty();
            assertThat(signals.errors)
                    .singleElement()
                    .isInstanceOf(IllegalArgumentException.class)
                    .asString()
                    .contains("3.9");
        }
        assertThat(model.cacheUsage().blocks()).isZero();
    }

    @Test
    void tokensComeOnce() {
        Flow.Publisher<GeneratedToken> publisher = generation(5).publisher(DIRECT);
        Signals first = new Signals();
        Signals second = new Signals();
        publisher.subscribe(first);
        publisher.subscribe(second);
        second.subscription().request(1);
        second.subscription().cancel();
        assertThat(second.errors)
                .singleElement()
                .isInstanceOf(IllegalStateException.class)
                .asString()
                .contains("a subscriber already");
        first.subscription().request(5);
        assertThat(first.ids).hasSize(5);
        assertThatNullPointerException()
                .isThrownBy(() -> generation(1).publisher(DIRECT).subscribe(null));
    }

    @Test
    void failuresComeAsErrorsOnce() {
        Signals signals = new Signals();
        generation(5).publisher(DIRECT).subscribe(signals);
        signals.subscription().request(1);
        model.close();
        signals.subscription().request(3);
        signals.subscription().request(3);
        assertThat(signals.ids).hasSize(1);
        assertThat(signals.completions).isZero();
        assertThat(signals.errors)
                .singleElement()
                .isInstanceOf(IllegalStateException.class)
                .asString()
                .contains("closed");
    }

    @Test
    void anExecutorThatRefusesIsAnError() {
        Signals signals = new Signals();
        generation(5)
                .publisher(_ -> {
                    throw new RejectedExecutionException("full");
                })
                .subscribe(signals);
        signals.subscription().request(1);
        assertThat(signals.errors).singleElement().isInstanceOf(RejectedExecutionException.class);
        assertThat(model.cacheUsage().blocks()).isZero();
    }

    @Test
    void aSubscriberThatThrowsIsLeft() {
        IllegalStateException thrown = new IllegalStateException("subscriber");
        Signals signals = new Signals() {
            @Override
            public void onNext(GeneratedToken token) {
                super.onNext(token);
                throw thrown;
            }
        };
        generation(5).publisher(DIRECT).subscribe(signals);
        assertThatThrownBy(() -> signals.subscription().request(5)).isSameAs(thrown);
        signals.subscription().request(5);
        assertThat(signals.ids).hasSize(1);
        assertThat(signals.errors).isEmpty();
        assertThat(model.cacheUsage().blocks()).isZero();
    }

    @Test
    void requestsFromOnNextDoNotNest() {
        Signals signals = new Signals() {
            private int inside;

            @Override
            public void onSubscribe(Flow.Subscription given) {
                super.onSubscribe(given);
                given.request(1);
                assertThat(ids).isEmpty();
            }

            @Override
            public void onNext(GeneratedToken token) {
                assertThat(++inside).isEqualTo(1);
                super.onNext(token);
                subscription().request(1);
                inside--;
            }
        };
        generation(100).publisher(DIRECT).subscribe(signals);
        assertThat(signals.ids).isEqualTo(pulled(100));
        assertThat(signals.completions).isEqualTo(1);
    }

    @Test
    void signalsDoNotOverlapHoweverManyThreadsRequest() throws Exception {
        AtomicBoolean busy = new AtomicBoolean();
        AtomicBoolean overlapped = new AtomicBoolean();
        Signals signals = new Signals() {
            @Override
            public void onNext(GeneratedToken token) {
                overlapped.compareAndSet(false, !busy.compareAndSet(false, true));
                super.onNext(token);
                Thread.yield();
                busy.set(false);
            }
        };
        try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
            generation(200).publisher(executor).subscribe(signals);
            for (int thread = 0; thread < 4; thread++) {
                executor.execute(() -> {
                    for (int i = 0; i < 50; i++) {
                        signals.subscription().request(1);
                    }
                });
            }
            signals.ended.await();
        }
        assertThat(overlapped).isFalse();
        assertThat(signals.ids).isEqualTo(pulled(200));
        assertThat(signals.completions).isEqualTo(1);
    }
}
