package io.yoco4j.server.schedule;

import io.yoco4j.engine.Batch;
import io.yoco4j.engine.InsufficientMemoryException;
import io.yoco4j.engine.Logits;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.server.schedule.GenerationEvent.Failed;
import io.yoco4j.server.schedule.GenerationEvent.Failure;
import io.yoco4j.server.schedule.PrefixCache.Depth;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What runs: prompts on their way and texts that grow, and the steps that take both along. A step takes in the last token
 * of every text and, as far as {@link ChunkSize} lets it, tokens of prompts, which take turns. The scheduler's thread alone
 * uses it.
 */
final class Steps {
    private static final System.Logger LOG = System.getLogger(Steps.class.getName());
    /** All of a chunk's logits are kept for a step where a prompt is scored. */
    private static final int SCORED_CHUNK = 64;

    private final YocoModel model;
    private final SchedulerOptions options;
    private final SchedulerObserver observer;
    private final PrefixCache cache;
    private final Batch batch;
    private final ChunkSize chunk;
    /**
     * In the order of their turns, which are whole chunks: where prompts are taken in by a few tokens at a time, the first
     * should not have to wait for the last.
     */
    private final Deque<ActiveRequest> prompting = new ArrayDeque<>();

    private final List<Choice> decoding = new ArrayList<>();
    private final List<ActiveRequest> stepPrompts = new ArrayList<>();
    /** Requests that failed in this step. */
    private final Set<ActiveRequest> broken = new LinkedHashSet<>();

    Steps(YocoModel model, SchedulerOptions options, SchedulerObserver observer, PrefixCache cache) {
        this.model = model;
        this.options = options;
        this.observer = observer;
        this.cache = cache;
        batch = model.batch();
        chunk = new ChunkSize(options.chunk(), options.stretch());
    }

    /** Texts that are generated, those whose prompt is on its way included. */
    int running() {
        return prompting.stream().mapToInt(r -> r.request.choices()).sum() + decoding.size();
    }

    /** Takes out the requests that are over; returns them, their sessions are still open. */
    Set<ActiveRequest> remove(Predicate<ActiveRequest> over) {
        Set<ActiveRequest> removed = new LinkedHashSet<>(prompting);
        decoding.forEach(c -> removed.add(c.owner));
        // Asked once of each: a request may be cancelled at any moment, and one that is taken out must be returned.
        removed.removeIf(over.negate());
        prompting.removeIf(removed::contains);
        decoding.removeIf(c -> removed.contains(c.owner));
        return removed;
    }

    /** Lets a request begin, with what is known of its prompt; false where there is no room for it yet. */
    boolean admit(ActiveRequest r) {
        if (running() + r.request.choices() > options.maxConcurrent()) {
            return false;
        }
        int[] prompt = r.request.prompt();
        int common = 0;
        if (!r.request.promptLogprobs()) {
            Depth depth = Depth.of(r.session);
            common = cache.common(depth, prompt);
            cache.find(depth, prompt, prompt.length - 1).ifPresent(hit -> r.goOnFrom(hit.session(), hit.tokens()));
        }
        if (!makeRoom(r.bytesToGrow())) {
            r.goOnFrom(model.session(r.request.session()), 0);
            // With nothing else there it fits, as was found out when it came: at worst without the context it began
            // from.
            if (running() > 0 || !makeRoom(r.bytesToGrow())) {
                return false;
            }
        }
        if (!r.request.promptLogprobs()) {
            observer.prefixLookup(prompt.length, r.taken);
            r.keepAt = Snapshots.places(prompt.length, r.taken, common, options.snapshotEvery());
        }
        r.listener.accept(new GenerationEvent.Started(r.taken));
        prompting.add(r);
        return true;
    }

    /** Lets go of kept contexts until so many bytes are free beside what was promised to others, or will be. */
    private boolean makeRoom(long bytes) {
        long promised = prompting.stream().mapToLong(ActiveRequest::bytesToGrow).sum()
                + decoding.stream().mapToLong(Choice::bytesToGrow).sum();
        long needed = promised + bytes;
        // What others hold does not end before they do: then kept contexts would go for nothing, its own beginning too.
        long held = model.cacheUsage().bytes() - cache.comingFree() - cache.allocatedBytes();
        return (running() == 0 || held + needed <= options.cacheMemory()) && makeRoomForKept(needed);
    }

    /**
     * Lets go of kept contexts, the least recently used first, until so many bytes are free, or will be once contexts are
     * on disk; true where they are free now. Any thread may call it.
     */
    boolean makeRoomForKept(long bytes) {
        long most = options.cacheMemory() - bytes;
        // Asked in this order, what is written in between counts as free twice; only the last line says that it is.
        long coming = cache.comingFree();
        while (model.cacheUsage().bytes() - coming > most && cache.evict()) {
            coming = cache.comingFree();
        }
        return model.cacheUsage().bytes() <= most;
    }

    /** Runs a step; false where there was nothing to do. */
    boolean step() {
        plan();
        if (batch.size() == 0) {
            return false;
        }
        long start = System.nanoTime();
        if (!run()) {
            return true;
        }
        long now = System.nanoTime();
        int decoded = decoding.size();
        int prompted = batch.tokens() - decoded;
        chunk.ran(decoded, prompted, (now - start) / 1e9);
        observer.step(prompted, decoded, Duration.ofNanos(now - start));
        for (Choice c : decoding) {
            guard(c.owner, () -> draw(c, batch.logits(c.entry), now));
        }
        decoding.removeIf(c -> c.finish().isPresent());
        stepPrompts.forEach(r -> guard(r, () -> taken(r, now)));
        batch.clear();
        broken.forEach(this::failBroken);
        broken.clear();
        return true;
    }

    /** Does what concerns one request: where it fails, the others go on. */
    private void guard(ActiveRequest r, Runnable action) {
        if (broken.contains(r)) {
            return;
        }
        try {
            action.run();
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.log(System.Logger.Level.ERROR, "a request failed", e);
            broken.add(r);
        }
    }

    private void failBroken(ActiveRequest r) {
        remove(other -> other == r);
        fail(r, Failure.INTERNAL, "The server failed while it worked on the request; its log says why");
    }

    private void plan() {
        batch.clear();
        stepPrompts.clear();
        for (Choice c : decoding) {
            c.entry = batch.decode(c.session, c.last());
        }
        int left = chunk.budget(decoding.size(), prompting.size());
        for (Iterator<ActiveRequest> turn = prompting.iterator(); turn.hasNext() && left > 0; ) {
            ActiveRequest r = turn.next();
            int most = r.request.promptLogprobs() ? Math.min(SCORED_CHUNK, left) : left;
            r.count = Math.min(r.untilNextStop(), most);
            r.entry = batch.prefill(r.session, r.request.prompt(), r.taken, r.count, logits(r));
            stepPrompts.add(r);
            left -= r.count;
        }
    }

    private static Logits logits(ActiveRequest r) {
        if (r.request.promptLogprobs()) {
            return Logits.ALL;
        }
        return r.taken + r.count == r.request.prompt().length ? Logits.LAST : Logits.NONE;
    }

    /** Runs the batch. Where the JVM has less memory than was counted on, kept contexts go, and then the last request. */
    private boolean run() {
        try {
            batch.run();
            return true;
        } catch (InsufficientMemoryException e) {
            LOG.log(System.Logger.Level.WARNING, "memory is short: " + e.getMessage());
        }
        if (cache.evict() || cache.comingFree() > 0) {
            while (cache.evict()) {
                // All of them.
            }
            cache.awaitWritten();
            return false;
        }
        ActiveRequest last = prompting.isEmpty() ? decoding.getLast().owner : prompting.getLast();
        remove(r -> r == last);
        fail(last, Failure.MEMORY, "The server ran out of memory for contexts; try again later");
        return false;
    }

    /** A chunk of a prompt is in. */
    private void taken(ActiveRequest r, long now) {
        if (r.request.promptLogprobs()) {
            score(r);
        }
        r.taken += r.count;
        r.turn += r.count;
        if (r.keepsHere()) {
            cache.add(r.session.fork());
        }
        if (r.prompted()) {
            prompting.remove(r);
            startChoices(r, now);
        } else if (r.turn >= options.chunk()) {
            r.turn = 0;
            prompting.remove(r);
            prompting.add(r);
        }
        // What is kept was not promised to anyone.
        makeRoom(0);
    }

    private void score(ActiveRequest r) {
        int[] prompt = r.request.prompt();
        int top = r.request.logprobs().orElse(0);
        for (int i = 0; i < r.count && r.taken + i + 1 < prompt.length; i++) {
            r.promptLogprobs.add(TokenLogprobs.of(batch.logits(r.entry, i), prompt[r.taken + i + 1], top));
        }
    }

    private void startChoices(ActiveRequest r, long now) {
        if (r.request.promptLogprobs()) {
            r.listener.accept(new GenerationEvent.PromptScored(r.promptLogprobs));
        }
        for (int i = 0; i < r.request.choices(); i++) {
            r.choices.add(i == 0 ? choice(r, 0, r.session) : forked(r, i));
        }
        float[] logits = batch.logits(r.entry);
        for (Choice c : r.choices) {
            if (r.request.maxTokens() == 0) {
                c.endEmpty();
                finish(c, now);
            } else {
                draw(c, logits, now);
            }
            if (c.finish().isEmpty()) {
                decoding.add(c);
            }
        }
    }

    private Choice forked(ActiveRequest r, int number) {
        Session fork = r.session.fork();
        try {
            return choice(r, number, fork);
        } catch (RuntimeException | Error e) {
            fork.close();
            throw e;
        }
    }

    private Choice choice(ActiveRequest r, int number, Session session) {
        return new Choice(
                r, number, session, model.textStream(r.request.prompt(), r.request.stop(), r.request.endOfText()));
    }

    private void draw(Choice c, float[] logits, long now) {
        ActiveRequest r = c.owner;
        if (r.cancelled) {
            return;
        }
        r.listener.accept(c.draw(logits));
        observer.drawn();
        long since = c.sinceLast(now);
        if (since > 0) {
            observer.nextToken(Duration.ofNanos(since));
        } else if (c.number == 0) {
            observer.firstToken(Duration.ofNanos(now - r.submitted));
        }
        if (c.finish().isPresent()) {
            finish(c, now);
        }
    }

    private void finish(Choice c, long now) {
        c.owner.listener.accept(new GenerationEvent.Finished(
                c.number, c.finish().orElseThrow(), c.session.cacheBytes(), c.session.loopsUsed()));
        observer.finished(c.finish().orElseThrow(), Duration.ofNanos(now - c.owner.submitted));
        observer.looped(c.session.loopsUsed());
        // Someone may go on from what was said: the session is the cache's now.
        if (options.snapshotEvery() > 0 && Snapshots.worth(c.session.position())) {
            cache.add(c.session);
        } else {
            c.session.close();
        }
    }

    /** Tells a request, which was taken out, that it is over, and gives back its memory. */
    void fail(ActiveRequest r, Failure why, String message) {
        observer.failed(why.name().toLowerCase(Locale.ROOT));
        r.listener.accept(new Failed(why, message));
        end(r);
    }

    /** Gives back the memory of a request that was taken out. */
    void end(ActiveRequest r) {
        observer.looped(r.loopsUsed());
        r.close();
    }
}
