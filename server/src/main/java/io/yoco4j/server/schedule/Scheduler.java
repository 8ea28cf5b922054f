package io.yoco4j.server.schedule;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.engine.Sampler;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.server.schedule.GenerationEvent.Failure;
import io.yoco4j.server.schedule.PrefixCache.Depth;
import io.yoco4j.server.schedule.RefusedException.Reason;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Generates many texts on one model at once, by continuous batching (Yu et al. 2022, "Orca"): each step takes every text's
 * next token and, beside them, some tokens of prompts. A thread of its own runs steps as long as there is work.
 *
 * <p>Requests begin in order, as soon as there is room for what they may come to. All is bounded: texts at once, requests
 * that wait, memory, time. Thread-safe.
 */
public final class Scheduler implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Scheduler.class.getName());

    private final YocoModel model;
    private final SchedulerOptions options;
    private final SchedulerObserver observer;
    private final PrefixCache cache;
    private final Steps steps;
    private final WaitingRequests waiting;
    private final Thread thread;

    /** Sizes at a moment. */
    public record Stats(int running, int waiting, int keptContexts, long storedBytes) {}

    /** What may be done about a submitted request. */
    @FunctionalInterface
    public interface Handle {
        /** Ends it before the next step; nothing more of it is heard after that. */
        void cancel();
    }

    /**
     * Starts a scheduler.
     *
     * @param model outlives it
     * @param observer called on the scheduler's thread
     * @param state where contexts are kept beyond memory and restarts; empty for none
     */
    public Scheduler(
            YocoModel model, SchedulerOptions options, SchedulerObserver observer, Optional<StateFolder> state) {
        this.model = model;
        this.options = options;
        this.observer = observer;
        cache = new PrefixCache(state.map(s -> new SnapshotStore(model, s)).orElse(null));
        steps = new Steps(model, options, observer, cache);
        waiting = new WaitingRequests(options);
        thread = Thread.ofPlatform().name("scheduler").daemon().unstarted(this::work);
        thread.start();
    }

    /**
     * Takes a request.
     *
     * @param listener hears what happens, on the scheduler's thread, and must not wait for anything
     * @throws RefusedException when it is not taken
     * @throws InvalidInputException when something of it does not fit the model
     */
    public Handle submit(GenerationRequest request, Consumer<GenerationEvent> listener) {
        return submit(request, listener, null, 0);
    }

    /** Prompts of one request, to be submitted one after another. */
    public Series series() {
        return new Series(this);
    }

    Handle submit(GenerationRequest request, Consumer<GenerationEvent> listener, @Nullable Series series, int under) {
        waiting.requireOpen(series);
        requireFit(request);
        Session session = model.session(request.session());
        try {
            requireMemory(request, session);
            if (!request.promptLogprobs()) {
                waiting.requireRoom(series, under);
                cache.warm(Depth.of(session), request.prompt(), request.prompt().length - 1, this::roomForKept);
            }
            ActiveRequest r = new ActiveRequest(request, session, listener, System.nanoTime(), series);
            waiting.add(r, under);
            return () -> waiting.cancel(r);
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /**
     * Says whether a request could ever be taken, which {@link #submit} does as well.
     *
     * @throws RefusedException when it is too large for the model or the server
     * @throws InvalidInputException when something of it does not fit the model
     */
    public void require(GenerationRequest request) {
        requireFit(request);
        try (Session session = model.session(request.session())) {
            requireMemory(request, session);
        }
    }

    /** How it runs. */
    public SchedulerOptions options() {
        return options;
    }

    /** Room for a context from disk, for a thread that may wait for it. */
    private boolean roomForKept(long bytes) {
        if (steps.makeRoomForKept(bytes)) {
            return true;
        }
        cache.awaitWritten();
        return steps.makeRoomForKept(bytes);
    }

    private void requireFit(GenerationRequest r) {
        int vocabulary = model.architecture().vocabSize();
        for (int id : r.prompt()) {
            if (id < 0 || id >= vocabulary) {
                throw new InvalidInputException("the prompt has the token id " + id + ", but the vocabulary has "
                        + vocabulary + " tokens, 0.." + (vocabulary - 1));
            }
        }
        if (r.choices() > options.maxConcurrent()) {
            throw new InvalidInputException(r.choices() + " choices were asked for, but the server generates "
                    + options.maxConcurrent() + " texts at once: ask for fewer");
        }
        // Both check what they are made of.
        Sampler _ = new Sampler(r.sampling(), vocabulary);
        model.textStream(r.prompt(), r.stop(), r.endOfText());
        int most = model.architecture().maxPositions();
        if (r.positions() > most) {
            throw new RefusedException(
                    Reason.CONTEXT_LENGTH,
                    "This model's maximum context length is " + most + " tokens, but " + r.positions()
                            + " were asked for: " + r.prompt().length + " of the prompt and " + r.maxTokens()
                            + " to be generated; shorten either",
                    Optional.empty());
        }
    }

    private void requireMemory(GenerationRequest r, Session session) {
        long needed = r.choices() * session.bytesToGrow((int) r.positions());
        if (needed > options.cacheMemory()) {
            throw new RefusedException(
                    Reason.CACHE_MEMORY,
                    String.format(
                            Locale.ROOT,
                            "%s of %d tokens would take %,.1f MiB, but the server has %,.1f MiB for this model's"
                                    + " contexts; ask for fewer",
                            r.choices() == 1 ? "A context" : r.choices() + " contexts",
                            r.positions(),
                            needed / 1048576.0,
                            options.cacheMemory() / 1048576.0),
                    Optional.empty());
        }
    }

    /** Sizes now. */
    public Stats stats() {
        return new Stats(waiting.running(), waiting.size(), cache.size(), cache.storedBytes());
    }

    // ---- the scheduler's thread

    private void work() {
        while (waiting.awaitWork()) {
            try {
                dropEnded(System.nanoTime());
                admit();
                waiting.running(steps.running());
                if (!steps.step()) {
                    waiting.pause();
                }
            } catch (RuntimeException | Error e) {
                LOG.log(System.Logger.Level.ERROR, "a step failed, and with it all requests that took part", e);
                Collection<ActiveRequest> failed = steps.remove(_ -> true);
                // Nothing ran: then it is for one of those that wait, and would be so again and again.
                failed = failed.isEmpty() ? waiting.drain() : failed;
                fail(failed, Failure.INTERNAL, "The server failed while it computed a step; its log says why");
            }
            waiting.running(steps.running());
        }
        waiting.takeNothingMore();
        String message = "The server was shut down before the request was done";
        fail(steps.remove(_ -> true), Failure.SHUTDOWN, message);
        fail(waiting.drain(), Failure.SHUTDOWN, message);
        waiting.running(0);
    }

    /** All of them, though one's listener throws. */
    private void fail(Collection<ActiveRequest> requests, Failure why, String message) {
        for (ActiveRequest r : requests) {
            try {
                steps.fail(r, why, message);
            } catch (RuntimeException | Error e) {
                LOG.log(System.Logger.Level.ERROR, "a request could not be told that it failed", e);
            }
        }
    }

    private void dropEnded(long now) {
        List<ActiveRequest> over = new ArrayList<>(steps.remove(r -> r.cancelled || r.expired(now)));
        WaitingRequests.Dropped dropped = waiting.drop(now);
        over.addAll(dropped.over());
        for (ActiveRequest r : over) {
            if (r.cancelled) {
                observer.failed("cancelled");
                steps.end(r);
            } else {
                steps.fail(
                        r,
                        Failure.TIMEOUT,
                        "The request was not done within its time, " + seconds(r.request.timeout()) + " s");
            }
        }
        dropped.refused()
                .forEach(r -> steps.fail(
                        r,
                        Failure.SHUTDOWN,
                        "The server is shutting down and did not begin the request; try another one"));
    }

    private static String seconds(Duration time) {
        return BigDecimal.valueOf(time.toMillis(), 3).stripTrailingZeros().toPlainString();
    }

    /** Lets waiting requests begin, in order, as long as there is room for them. */
    private void admit() {
        for (ActiveRequest next = waiting.first(); next != null && begin(next); next = waiting.first()) {
            waiting.begun(next);
        }
    }

    /** Whether a request no longer waits. */
    private boolean begin(ActiveRequest next) {
        try {
            return steps.admit(next);
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.log(System.Logger.Level.ERROR, "a request could not begin", e);
            steps.fail(next, Failure.INTERNAL, "The server failed as it began the request; its log says why");
            return true;
        }
    }

    // ---- the end

    void ended(Series series) {
        waiting.ended(series);
    }

    /** Refuses new requests and those that wait from now on; the others go on. */
    public void refuse() {
        waiting.end(false);
    }

    /**
     * Refuses new requests and those that wait, lets the others come to their end for so long, and keeps contexts where
     * there is a folder for them.
     */
    public void close(Duration grace) {
        waiting.end(false);
        try {
            if (!thread.join(grace)) {
                waiting.end(true);
                thread.join();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        cache.close();
    }

    /** Ends all requests at once. */
    @Override
    public void close() {
        close(Duration.ZERO);
    }
}
