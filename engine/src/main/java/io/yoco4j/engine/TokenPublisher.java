package io.yoco4j.engine;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A generation as a publisher of Reactive Streams ({@link Generation#publisher}): the subscriber's demand pulls its tokens. */
final class TokenPublisher implements Flow.Publisher<GeneratedToken> {
    private final Generation generation;
    private final Executor executor;

    TokenPublisher(Generation generation, Executor executor) {
        this.generation = generation;
        this.executor = Objects.requireNonNull(executor);
    }

    @Override
    public void subscribe(Flow.Subscriber<? super GeneratedToken> subscriber) {
        Objects.requireNonNull(subscriber, "the subscriber is null");
        if (generation.publish()) {
            new Tokens(generation, executor, subscriber).start();
        } else {
            subscriber.onSubscribe(new Flow.Subscription() {
                @Override
                public void request(long n) {}

                @Override
                public void cancel() {}
            });
            subscriber.onError(new IllegalStateException(
                    "the generation has a subscriber already, and its tokens come once: start another generation"));
        }
    }

    /**
     * The one subscription. Whoever raises {@link #work} from 0 owns the generation and the subscriber, and works until it
     * is 0 again: so signals never overlap, and a request from within {@code onNext} only counts.
     */
    private static final class Tokens implements Flow.Subscription {
        private final Generation generation;
        private final Executor executor;
        private final AtomicLong demand = new AtomicLong();
        /** What has happened since the owner last looked. Begins with one, {@link #start}'s. */
        private final AtomicInteger work = new AtomicInteger(1);

        private Flow.@Nullable Subscriber<? super GeneratedToken> subscriber;
        private volatile boolean cancelled;
        private volatile boolean badRequest;

        Tokens(Generation generation, Executor executor, Flow.Subscriber<? super GeneratedToken> subscriber) {
            this.generation = generation;
            this.executor = executor;
            this.subscriber = subscriber;
        }

        void start() {
            try {
                Objects.requireNonNull(subscriber).onSubscribe(this);
            } catch (RuntimeException | Error e) {
                end();
                throw e;
            }
            if (work.decrementAndGet() > 0) {
                hand();
            }
        }

        @Override
        public void request(long n) {
            if (n > 0) {
                demand.accumulateAndGet(n, (had, more) -> had + more < 0 ? Long.MAX_VALUE : had + more);
            } else {
                badRequest = true;
            }
            if (work.getAndIncrement() == 0) {
                hand();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            generation.cancel();
            if (work.getAndIncrement() == 0) {
                end();
            }
        }

        /** Gives what is to be done, which is this thread's, to the executor. */
        private void hand() {
            try {
                executor.execute(this::work);
            } catch (RejectedExecutionException e) {
                fail(e);
            }
        }

        private void work() {
            int seen = work.get();
            do {
                Flow.Subscriber<? super GeneratedToken> to = subscriber;
                if (to == null || serve(to)) {
                    return;
                }
                seen = work.addAndGet(-seen);
            } while (seen > 0);
        }

        /** Does what was asked for; returns whether the stream has ended. */
        private boolean serve(Flow.Subscriber<? super GeneratedToken> to) {
            while (!cancelled && !badRequest && demand.get() > 0) {
                GeneratedToken token;
                try {
                    token = generation.computeNext() ? generation.takeNext() : null;
                } catch (RuntimeException | Error e) {
                    return fail(e);
                }
                if (token != null) {
                    pass(to, token);
                    demand.updateAndGet(left -> left == Long.MAX_VALUE ? left : left - 1);
                }
                if (cancelled) {
                    break;
                }
                if (token == null && generation.closed()) {
                    return fail(new IllegalStateException(
                            "the generation was closed before its text had ended: leave that to its publisher"));
                }
                if (token == null || generation.finishReason().isPresent()) {
                    return complete(to);
                }
            }
            if (cancelled) {
                return end();
            }
            return badRequest
                    && fail(
                            new IllegalArgumentException(
                                    "a subscriber requested no token or fewer, but must request at least 1 (Reactive Streams, 3.9)"));
        }

        /** A subscriber that throws has cancelled (2.13); what it threw is the executor's to report. */
        private void pass(Flow.Subscriber<? super GeneratedToken> to, GeneratedToken token) {
            try {
                to.onNext(token);
            } catch (RuntimeException | Error e) {
                end();
                throw e;
            }
        }

        private boolean complete(Flow.Subscriber<? super GeneratedToken> to) {
            boolean told = !cancelled;
            end();
            if (told) {
                to.onComplete();
            }
            return true;
        }

        private boolean fail(Throwable e) {
            Flow.Subscriber<? super GeneratedToken> to = subscriber;
            boolean told = !cancelled;
            end();
            if (to != null && told) {
                to.onError(e);
            }
            return true;
        }

        /** Lets go of all; {@link #work} stays above 0, so that nothing begins again. */
        private boolean end() {
            cancelled = true;
            subscriber = null;
            generation.close();
            return true;
        }
    }
}
