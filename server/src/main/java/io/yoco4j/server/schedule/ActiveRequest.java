package io.yoco4j.server.schedule;

import io.yoco4j.engine.LoopsUsed;
import io.yoco4j.engine.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A request from its submission to its end: waiting, then its prompt on the way, then its choices. */
final class ActiveRequest {
    final GenerationRequest request;
    final Consumer<GenerationEvent> listener;
    /** What it is one of the prompts of; null where it is alone. */
    final @Nullable Series series;

    final long submitted;
    final List<Choice> choices = new ArrayList<>();
    /** What the prompt goes into; replaced by a fork of a kept context where there is one. */
    Session session;

    volatile boolean cancelled;
    /** Tokens of the prompt taken in. */
    int taken;
    /** Tokens of it since others had their turn. */
    int turn;
    /** After so many tokens of the prompt its state is to be kept, in order. */
    int[] keepAt = {};

    /** Of the step that is being built. */
    int entry;

    int count;
    final List<TokenLogprobs> promptLogprobs = new ArrayList<>();

    /** @param session empty */
    ActiveRequest(GenerationRequest request, Session session, Consumer<GenerationEvent> listener, long now) {
        this(request, session, listener, now, null);
    }

    /**
     * One of many prompts.
     *
     * @param session empty
     */
    ActiveRequest(
            GenerationRequest request,
            Session session,
            Consumer<GenerationEvent> listener,
            long now,
            @Nullable Series series) {
        this.request = request;
        this.session = session;
        this.listener = listener;
        submitted = now;
        this.series = series;
    }

    /** Takes a session that has the first tokens of the prompt, instead of its own. */
    void goOnFrom(Session other, int tokens) {
        session.close();
        session = other;
        taken = tokens;
    }

    boolean expired(long now) {
        long begin = series == null ? submitted : series.start;
        // Saturates, where toNanos would throw.
        return now - begin > TimeUnit.NANOSECONDS.convert(request.timeout());
    }

    boolean prompted() {
        return taken == request.prompt().length;
    }

    /** How many tokens may go into one step: up to where the state is to be kept, or the end. */
    int untilNextStop() {
        int stop = request.prompt().length;
        for (int at : keepAt) {
            if (at > taken) {
                stop = Math.min(stop, at);
            }
        }
        return stop - taken;
    }

    boolean keepsHere() {
        for (int at : keepAt) {
            if (at == taken) {
                return true;
            }
        }
        return false;
    }

    /** Bytes that it will take at most, beyond what it has. */
    long bytesToGrow() {
        if (!choices.isEmpty()) {
            return choices.stream()
                    .filter(c -> c.finish().isEmpty())
                    .mapToLong(Choice::bytesToGrow)
                    .sum();
        }
        int left = (int) request.positions() - taken;
        // Forks behind the prompt own at most what a whole context has.
        return left <= 0 ? 0 : request.choices() * session.bytesToGrow(left);
    }

    /** What the sessions that it still has took. */
    LoopsUsed loopsUsed() {
        return choices.isEmpty()
                ? session.loopsUsed()
                : choices.stream()
                        .filter(c -> c.finish().isEmpty())
                        .map(Choice::loops)
                        .reduce(LoopsUsed.NONE, LoopsUsed::plus);
    }

    /** Closes the sessions that it still has: those of choices that ended went elsewhere. */
    void close() {
        if (choices.isEmpty()) {
            session.close();
        }
        choices.stream().filter(c -> c.finish().isEmpty()).forEach(c -> c.session.close());
    }
}
