package io.yoco4j.engine;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A text as it is generated: a stream to pull tokens from, on one thread. Nothing is computed until the first is pulled;
 * {@link #cancel} may come from any thread.
 *
 * {@snippet class="io.yoco4j.engine.EngineSnippets" region="cancel"}
 *
 * <p>The token pulled last has not been taken in by the session yet: it is {@linkplain Session#pending pending}. The next
 * generation in the session takes it in first; a caller who goes on without one prefills it.
 */
public final class Generation implements Iterable<GeneratedToken>, AutoCloseable {
    private final Session session;
    private final boolean ownSession;
    private final int[] prompt;
    private final GenerationOptions options;
    private final TextStream text;
    private final Sampler sampler;
    private volatile boolean cancelled;
    private @Nullable GeneratedToken next;
    private volatile @Nullable FinishReason finish;
    private int last;
    private int generated;
    private long prefillNanos;
    private long decodeNanos;
    private final LoopsUsed loopsBefore;
    /** {@link Session#changes} after what this generation did last. */
    private int seen;

    private final AtomicBoolean published = new AtomicBoolean();
    private volatile boolean closed;
    private String rest = "";
    private OptionalLong finalCacheBytes = OptionalLong.empty();

    /**
     * A generation in a session.
     *
     * @param ownSession whether the session ends with it
     * @param prompt what is to be taken in
     */
    Generation(Session session, boolean ownSession, int[] prompt, GenerationOptions options, TextStream text) {
        session.requireTokens(prompt);
        this.session = session;
        this.ownSession = ownSession;
        this.prompt = prompt.clone();
        this.options = options;
        this.text = text;
        loopsBefore = session.loopsUsed();
        seen = session.changes();
        sampler = new Sampler(options.sampling(), session.architecture().vocabSize());
        IntStream.concat(IntStream.of(session.tokens()), IntStream.of(prompt)).forEach(sampler::acceptPrompt);
    }

    /** The tokens that were not pulled yet: a stream comes once. */
    @Override
    public Iterator<GeneratedToken> iterator() {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return Generation.this.hasNext();
            }

            @Override
            public GeneratedToken next() {
                return Generation.this.next();
            }
        };
    }

    /**
     * Computes the next token where there is one.
     *
     * @throws InsufficientMemoryException when the context cannot grow; what was pulled before stays valid
     * @throws IllegalStateException when the model is closed, another thread uses the session, the session has gone on
     *     otherwise since this generation began or drew its last token, or a publisher does the pulling
     */
    public boolean hasNext() {
        requireUnpublished();
        return computeNext();
    }

    private void requireUnpublished() {
        if (published.get()) {
            throw new IllegalStateException(
                    "a publisher pulls this generation's tokens: subscribe to it, or start another generation");
        }
    }

    /** As {@link #hasNext}, for the publisher. */
    boolean computeNext() {
        if (next == null && finish == null) {
            if (!cancelled) {
                generate();
            }
            // A token that was drawn meanwhile belongs to the context, so it is still told.
            if (cancelled && next == null && finish == null) {
                rest = text.end(FinishReason.CANCELLED);
                finish = text.finishReason().orElseThrow();
            }
        }
        return next != null;
    }

    /**
     * Pulls the next token.
     *
     * @throws NoSuchElementException when there is none
     * @throws InsufficientMemoryException as {@link #hasNext} does
     * @throws IllegalStateException as {@link #hasNext} does
     */
    public GeneratedToken next() {
        requireUnpublished();
        return takeNext();
    }

    /** As {@link #next}, for the publisher. */
    GeneratedToken takeNext() {
        if (!computeNext() || next == null) {
            throw new NoSuchElementException("the generation has ended");
        }
        requireUnmoved();
        GeneratedToken token = next;
        next = null;
        // Not before: a token that was computed and is never pulled is no part of the context.
        session.pending(token.id());
        seen = session.changes();
        return token;
    }

    private void requireUnmoved() {
        if (session.changes() != seen) {
            throw new IllegalStateException(
                    "the session has gone on otherwise since this generation took it up, so what"
                            + " would follow is another text: start another generation");
        }
    }

    private void generate() {
        requireUnmoved();
        long start = System.nanoTime();
        boolean first = generated == 0;
        float[] logits;
        if (first) {
            LogitRows rows = session.prefill(prompt, Logits.LAST, () -> cancelled);
            if (rows.rows() == 0) {
                return;
            }
            logits = rows.last();
        } else {
            logits = session.decode(last);
        }
        seen = session.changes();
        last = sampler.sample(logits);
        sampler.accept(last);
        generated++;
        next = new GeneratedToken(last, taken(), prompt.length, generated);
        long nanos = System.nanoTime() - start;
        if (first) {
            prefillNanos = nanos;
        } else {
            decodeNanos += nanos;
        }
    }

    /** The text that the last token makes certain, all that is left where it ends the generation. */
    private String taken() {
        String piece = text.append(last);
        boolean full = generated == options.maxTokens() || session.position() == session.maxPositions();
        if (full && text.finishReason().isEmpty()) {
            piece += text.end(FinishReason.LENGTH);
        }
        finish = text.finishReason().orElse(null);
        return piece;
    }

    /** Pulls all that is still to come, and joins its text. */
    public String join() {
        StringBuilder joined = new StringBuilder();
        while (hasNext()) {
            joined.append(next().text());
        }
        return joined.toString();
    }

    /**
     * Ends the stream before its next token, within a chunk of the prompt while that is being taken in; from any thread. A token
     * that another thread is drawing still comes. Text that was held back, since a stop string may begin in it, is in
     * {@link #rest} once the stream has ended.
     */
    public void cancel() {
        cancelled = true;
    }

    /**
     * The tokens as a publisher, for whoever would rather be called than pull: a token is computed when one has been
     * requested, and no sooner. A generation has one subscriber, whose publisher takes over the pulling; it completes, after
     * {@link #cancel} too, or fails as {@link #next} would, and {@link Flow.Subscription#cancel} stops it before the next
     * token; then it closes the generation. Whoever closes it before, as a try statement around this call does, makes it
     * fail. Signals come one at a time, and but for {@code onSubscribe} in the executor's threads.
     *
     * {@snippet class="io.yoco4j.engine.EngineSnippets" region="publisher"}
     *
     * @param executor computes while there is demand, so give it a thread that may be busy; one that runs tasks in the
     *     calling thread computes within {@code request}
     */
    public Flow.Publisher<GeneratedToken> publisher(Executor executor) {
        return new TokenPublisher(this, executor);
    }

    /** Gives the pulling to a subscriber; false where one has it. */
    boolean publish() {
        return published.compareAndSet(false, true);
    }

    /** Whether it is closed. */
    boolean closed() {
        return closed;
    }

    /**
     * Of a stream that was cancelled, the text of pulled tokens that had not come with them: what might have begun a stop
     * string, or a character of several tokens. Empty otherwise.
     */
    public String rest() {
        return rest;
    }

    /** Why the stream ended; empty while it goes on. */
    public Optional<FinishReason> finishReason() {
        return Optional.ofNullable(finish);
    }

    /** How fast it went so far. */
    public GenerationStats stats() {
        return new GenerationStats(
                prompt.length,
                prefillNanos / 1e9,
                generated,
                decodeNanos / 1e9,
                finalCacheBytes.orElseGet(session::cacheBytes),
                session.exitThreshold(),
                session.loopsUsed().minus(loopsBefore),
                session.model().kernels());
    }

    /** Cancels what is left, and gives back the memory of a session that the model made for it. */
    @Override
    public void close() {
        closed = true;
        cancel();
        if (ownSession && finalCacheBytes.isEmpty()) {
            finalCacheBytes = OptionalLong.of(session.cacheBytes());
            session.close();
        }
    }
}
