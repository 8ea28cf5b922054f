package io.yoco4j.server.schedule;

import io.yoco4j.engine.FinishReason;
import io.yoco4j.engine.LoopsUsed;
import io.yoco4j.engine.Sampler;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.TextStream;
import java.util.Optional;
import java.util.stream.IntStream;

/** One text that a request generates: a session behind its prompt, and what draws and writes its tokens. */
final class Choice {
    final ActiveRequest owner;
    final int number;
    final Session session;
    private final Sampler sampler;
    private final TextStream text;
    private int last;
    private int generated;
    private long lastNanos;
    /** Of the step that is being built. */
    int entry;

    /** @param session the choice's own from now on */
    Choice(ActiveRequest owner, int number, Session session, TextStream text) {
        this.owner = owner;
        this.number = number;
        this.session = session;
        this.text = text;
        GenerationRequest r = owner.request;
        sampler = new Sampler(
                r.sampling().withSeed(r.sampling().seed() + number),
                session.architecture().vocabSize());
        IntStream.of(r.prompt()).forEach(sampler::acceptPrompt);
    }

    /** Draws the next token from logits [V]; where the text ends with it, the choice is {@linkplain #finish finished}. */
    GenerationEvent.Token draw(float[] logits) {
        last = sampler.sample(logits);
        sampler.accept(last);
        generated++;
        GenerationRequest r = owner.request;
        String piece = text.append(last);
        boolean full = generated == r.maxTokens() || session.position() == session.maxPositions();
        if (full && text.finishReason().isEmpty()) {
            piece += text.end(FinishReason.LENGTH);
        }
        Optional<TokenLogprobs> logprobs = r.logprobs().isPresent()
                ? Optional.of(TokenLogprobs.of(logits, last, r.logprobs().getAsInt()))
                : Optional.empty();
        return new GenerationEvent.Token(number, last, piece, logprobs, session.cacheBytes(), session.loopsUsed());
    }

    /** Ends a text that is to have no token. */
    void endEmpty() {
        text.end(FinishReason.LENGTH);
    }

    /** Why it ended; empty while it goes on. */
    Optional<FinishReason> finish() {
        return text.finishReason();
    }

    /** The token drawn last, which the session has not taken in. */
    int last() {
        return last;
    }

    /** Bytes that the tokens to come will take at most. */
    long bytesToGrow() {
        return session.bytesToGrow(Math.max(1, owner.request.maxTokens() - generated));
    }

    LoopsUsed loops() {
        return session.loopsUsed();
    }

    /** Nanoseconds since the token before; 0 for the first. */
    long sinceLast(long now) {
        long since = generated <= 1 ? 0 : now - lastNanos;
        lastNanos = now;
        return since;
    }
}
