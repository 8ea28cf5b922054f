package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.engine.cache.ContextFile;
import io.yoco4j.engine.cache.ContextFileWriter;
import io.yoco4j.engine.cache.ContextState;
import io.yoco4j.engine.exec.BatchRows;
import io.yoco4j.engine.exec.LayerTap;
import io.yoco4j.engine.exec.LoopExit;
import io.yoco4j.engine.exec.StageExecutor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * A context: the tokens taken in so far, as caches. One thread uses it at a time; another that takes in tokens, forks, saves
 * or resets meanwhile gets an {@link IllegalStateException}, one that only reads figures is not checked. A call that is
 * refused changes nothing.
 *
 * <p>Several sessions of a model may be used by as many threads; their steps take turns on the model's workers. A
 * {@link Batch} takes many of them through one step.
 *
 * {@snippet class="io.yoco4j.engine.EngineSnippets" region="prefill"}
 *
 * <p>Closing a session gives its memory to the model's next ones. One that is forgotten is garbage, but {@link YocoModel#cacheUsage} goes
 * on counting it.
 */
public final class Session implements AutoCloseable {
    private final YocoModel model;
    private final ContextState context;
    private final LoopExit exit;
    private final int prefillChunk;
    private final int maxPositions;
    private final AtomicBoolean busy = new AtomicBoolean();
    private final BatchRows rows = new BatchRows();
    private final int vocabulary;
    /** Taken when first needed: sessions that are kept for their contexts alone are many. */
    private float[] next = {};

    private final int[] oneId = new int[1];
    private final StageExecutor.LogitSink nextSink;
    private boolean broken;
    /** Drawn at {@link #pendingPosition}, and of no account once the context has gone on from there. */
    private int pending;

    private int pendingPosition;
    /** Counts what took tokens in, drew one or forgot them all. */
    private int changes;

    private volatile boolean closed;

    Session(YocoModel model, SessionOptions options) {
        this(
                model,
                model.newContext(options.applied(model.architecture())),
                options.prefillChunk().orElse(model.options().prefillChunk()),
                Math.min(
                        options.maxPositions().orElse(Integer.MAX_VALUE),
                        model.architecture().maxPositions()),
                options.exitThreshold());
    }

    private Session(YocoModel model, ContextState context, int prefillChunk, int maxPositions, double exitThreshold) {
        this.model = model;
        this.context = context;
        exit = new LoopExit(exitThreshold);
        this.prefillChunk = Math.min(prefillChunk, model.maxBatchTokens());
        this.maxPositions = maxPositions;
        vocabulary = architecture().vocabSize();
        nextSink = (_, _, logits, offset) -> System.arraycopy(logits, offset, next, 0, vocabulary);
    }

    /** Tokens taken in; 0 once closed. */
    public int position() {
        return context.position();
    }

    /** The tokens taken in. */
    public int[] tokens() {
        return context.tokens();
    }

    /**
     * The token that a {@link Generation} drew last, while the context has not gone on: the next generation takes it in
     * before its prompt, and it is saved with the session. {@link #prefill} and {@link #decode} take in what they are
     * given, and nothing else.
     */
    public OptionalInt pending() {
        return pendingPosition > 0 && pendingPosition == position() ? OptionalInt.of(pending) : OptionalInt.empty();
    }

    /** Notes the token that was drawn at this position. */
    void pending(int id) {
        pending = id;
        pendingPosition = position();
        changes++;
    }

    /** Another number after each step, drawn token and reset: whoever goes on from here sees whether others have. */
    int changes() {
        return changes;
    }

    /** The most tokens this context may have. */
    public int maxPositions() {
        return maxPositions;
    }

    /** What is run, the session's loops included. */
    public Architecture architecture() {
        return context.architecture();
    }

    /**
     * Iterations of looped stages that the tokens took which this session took in since it was made: what it was forked or
     * restored with does not count, and resetting forgets nothing.
     */
    public LoopsUsed loopsUsed() {
        return LoopsUsed.of(exit);
    }

    /** What {@link SessionOptions#exitThreshold} was. */
    public double exitThreshold() {
        return exit.threshold();
    }

    /** The model this is a context of. */
    public YocoModel model() {
        return model;
    }

    /**
     * Takes in tokens, in chunks.
     *
     * @return logits of as many of them as {@code which} says
     * @throws InvalidInputException when there is no token, one is not of the vocabulary, or there are more than the
     *     context may have or memory can hold
     * @throws IllegalStateException when the session or its model is closed, or another thread uses it
     */
    public LogitRows prefill(int[] ids, Logits which) {
        return prefill(ids, which, () -> false);
    }

    /** As above; asked before each chunk, {@code stop} may end it early: no rows are returned then. */
    LogitRows prefill(int[] ids, Logits which, BooleanSupplier stop) {
        enter();
        boolean whole = false;
        try {
            requireTokens(ids);
            int n = ids.length;
            int first = which.first(n);
            model.memory().reserve(context, n, n - first);
            float[][] rows = model.memory().logits(n - first, vocabulary);
            for (int from = 0; from < n; from += prefillChunk) {
                if (stop.getAsBoolean()) {
                    return new LogitRows(new float[0][], vocabulary);
                }
                int count = Math.min(prefillChunk, n - from);
                int wanted = Math.clamp((long) first - from, 0, count);
                int to = from - first;
                step(
                        ids,
                        from,
                        count,
                        wanted,
                        (_, row, logits, offset) -> System.arraycopy(logits, offset, rows[to + row], 0, vocabulary));
            }
            whole = true;
            return new LogitRows(rows, vocabulary);
        } finally {
            if (!whole && !broken) {
                context.trim();
            }
            leave();
        }
    }

    /**
     * Takes in one token.
     *
     * @return logits [V] of the token after it; the array is overwritten by the next call
     * @throws InvalidInputException as {@link #prefill} does
     * @throws IllegalStateException as {@link #prefill} does
     */
    public float[] decode(int id) {
        enter();
        try {
            oneId[0] = id;
            requireTokens(oneId);
            model.memory().reserve(context, 1, 0);
            if (next.length == 0) {
                next = new float[vocabulary];
            }
            step(oneId, 0, 1, 0, nextSink);
            return next;
        } finally {
            leave();
        }
    }

    /** Takes in tokens, in chunks, and shows the residual stream of all of them in every layer. */
    void observe(int[] ids, LayerTap tap) {
        enter();
        try {
            requireTokens(ids);
            model.memory().reserve(context, ids.length, 0);
            for (int from = 0; from < ids.length; from += prefillChunk) {
                int count = Math.min(prefillChunk, ids.length - from);
                // Cross layers run for rows whose logits are wanted.
                step(ids, from, count, 0, (_, _, _, _) -> {}, tap);
            }
        } finally {
            leave();
        }
    }

    private void step(int[] ids, int from, int count, int wanted, StageExecutor.LogitSink sink) {
        step(ids, from, count, wanted, sink, LayerTap.NONE);
    }

    private void step(int[] ids, int from, int count, int wanted, StageExecutor.LogitSink sink, LayerTap tap) {
        model.requireOpen();
        requireOpen();
        rows.add(context, exit, ids, from, count, wanted);
        try {
            setBroken(true);
            model.run(rows, sink, tap);
            setBroken(false);
        } finally {
            // Else the executor would hold on to this context until another one runs.
            rows.clear();
        }
    }

    /** Takes the session for this thread. */
    void enter() {
        claim();
        if (broken) {
            leave();
            throw new IllegalStateException("an earlier call failed halfway: reset the session before using it again");
        }
    }

    private void claim() {
        requireOpen();
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException(
                    "the session is in use by another thread: take turns, or give each thread a fork of its own");
        }
        // It may have been closed, and its context released, between the two.
        if (closed) {
            leave();
            requireOpen();
        }
    }

    void leave() {
        busy.set(false);
        if (closed) {
            releaseUnlessBusy();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the session is closed: take a new one, or close it after its last use");
        }
    }

    /** Says whether a step that has begun may have left the caches half written. */
    void setBroken(boolean value) {
        broken = value;
        changes++;
    }

    ContextState context() {
        return context;
    }

    LoopExit exit() {
        return exit;
    }

    void requireTokens(int[] ids) {
        requireTokens(ids, 0, ids.length);
    }

    void requireTokens(int[] ids, int from, int count) {
        Objects.checkFromIndexSize(from, count, ids.length);
        if (count == 0) {
            throw new InvalidInputException("the prompt has no token, but at least one is needed");
        }
        for (int i = 0; i < count; i++) {
            int id = ids[from + i];
            if (id < 0 || id >= vocabulary) {
                throw new InvalidInputException("token " + i + " has the id " + id + ", but the vocabulary has "
                        + vocabulary + " tokens, 0.." + (vocabulary - 1));
            }
        }
        requireRoom(count);
    }

    void requireRoom(int count) {
        if (count > maxPositions - position()) {
            String before = position() == 0 ? "" : " after the " + position() + " tokens of the context";
            throw new InvalidInputException("the prompt has " + count + " tokens" + before + ", but " + limited() + " "
                    + maxPositions + " positions" + limit() + ": shorten it");
        }
    }

    /**
     * Refuses windows of a text that this context cannot hold.
     *
     * @throws InvalidInputException naming the most that it can
     */
    void requireWindow(int window) {
        if (window < 2 || window > maxPositions) {
            throw new InvalidInputException("the window is " + window + " tokens, but must lie in 2.." + maxPositions
                    + ", since " + limited() + " as many positions" + limit());
        }
    }

    /** What bounds the positions: the smaller of the model's number and the session's own. */
    private String limited() {
        return ownLimit() ? "the session has" : "the model has";
    }

    private String limit() {
        return ownLimit() ? " (its max positions)" : " (max_position_embeddings)";
    }

    private boolean ownLimit() {
        return maxPositions < model.architecture().maxPositions();
    }

    /**
     * Takes in the {@link #pending} token where there is one, and a prompt, and streams what follows.
     *
     * @param prompt may be empty where there is a pending token
     * @throws InvalidInputException when the prompt is not one that {@link #prefill} takes, there are stop strings and
     *     the model has no tokenizer to find them with, or {@link GenerationOptions#session} asks for what this session is
     *     not
     */
    public Generation generate(int[] prompt, GenerationOptions options) {
        requireLike(options.session());
        return model.generate(this, false, prompt, options);
    }

    /** Refuses what is set and is not as this session is: it was made already, and does not change. */
    private void requireLike(SessionOptions options) {
        boolean loops = options.loops().isEmpty()
                || model.architecture().withLoops(options.loops().getAsInt()).equals(architecture());
        require(loops, "loops");
        require(options.exitThreshold() == 0 || options.exitThreshold() == exitThreshold(), "exit threshold");
        int positions = options.maxPositions().orElse(maxPositions);
        require(Math.min(positions, model.architecture().maxPositions()) == maxPositions, "max positions");
        int chunk = options.prefillChunk().orElse(prefillChunk);
        require(Math.min(chunk, model.maxBatchTokens()) == prefillChunk, "prefill chunk");
    }

    private static void require(boolean alike, String option) {
        if (!alike) {
            throw new InvalidInputException("the options to generate with ask for other " + option
                    + " than the session has: set them where the session is made, and leave them out here");
        }
    }

    /**
     * Bytes of keys, values and states held: what {@code Accounting.cacheBytes} says for {@link #position} and the model's
     * format.
     */
    public long cacheBytes() {
        return context.cacheBytes();
    }

    /** Bytes of memory taken for them: blocks are taken whole, and those shared with forks count here and there. */
    public long allocatedBytes() {
        return context.allocatedBytes();
    }

    /** Bytes of memory that closing it would give back now: what no fork shares. */
    public long ownBytes() {
        return context.ownBytes();
    }

    /** Bytes of memory that {@code n} more tokens would take. */
    public long bytesToGrow(int n) {
        return context.bytesToGrow(n);
    }

    /**
     * A session that goes on from here on its own. It shares the memory of what is cached: only what one of the two writes
     * from now on is its own, and a window's blocks once they are written again. It has the same exit threshold. So branches
     * that begin alike, such as several ways to go on, pay for what they have in common once, in time and in memory:
     *
     * {@snippet class="io.yoco4j.engine.EngineSnippets" region="fork"}
     *
     * <p>Each thread may work on a fork of its own; closing one leaves the others as they are.
     *
     * @throws IllegalStateException when the session is closed, in use by another thread, or broken by a step that failed
     */
    public Session fork() {
        enter();
        try {
            Session fork = new Session(model, context.fork(), prefillChunk, maxPositions, exit.threshold());
            fork.pending = pending;
            fork.pendingPosition = pendingPosition;
            return fork;
        } finally {
            leave();
        }
    }

    /**
     * Forgets all tokens, and gives the memory to the model's next sessions, this one among them.
     *
     * @throws IllegalStateException when the session is closed, or in use by another thread
     */
    public void reset() {
        claim();
        context.release();
        pendingPosition = 0;
        setBroken(false);
        leave();
    }

    /**
     * Saves the context to a file, which appears whole or not at all: {@link YocoModel#restore} makes a session of it that
     * goes on as this one does, to the bit. Logits are not in it, so whoever wants those after the last token draws from
     * them before, or lets a {@link Generation} do it. An exit threshold is not in it either: caches are full whatever the
     * threshold was, and the restored session's own holds for the tokens to come.
     *
     * {@snippet class="io.yoco4j.engine.EngineSnippets" region="save"}
     *
     * @param file is replaced where it exists
     * @throws java.io.UncheckedIOException when it cannot be written; what was there before is untouched
     * @throws IllegalStateException when the session is closed, in use by another thread, or broken by a step that failed
     */
    public void save(Path file) {
        enter();
        try {
            ContextFileWriter.write(file, context, model.fingerprint(), pending());
        } finally {
            leave();
        }
    }

    /** Fills this session, an empty one, from a file. */
    void restore(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            ContextFile saved = ContextFile.open(file, arena, context, model.fingerprint(), maxPositions);
            model.memory().reserve(context, saved.position(), 0);
            saved.load(context);
            saved.pending().ifPresent(this::pending);
        }
    }

    /**
     * Gives the memory to the model's next sessions. A call that runs in another thread ends at its next step with an
     * {@link IllegalStateException}, as every later one does; closing again does nothing.
     */
    @Override
    public void close() {
        closed = true;
        releaseUnlessBusy();
    }

    /** Whoever finds the session idle first, the one who closes it or the one whose call was running. */
    private void releaseUnlessBusy() {
        if (busy.compareAndSet(false, true)) {
            context.release();
            busy.set(false);
        }
    }
}
