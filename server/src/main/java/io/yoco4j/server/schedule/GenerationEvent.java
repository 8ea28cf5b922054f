package io.yoco4j.server.schedule;

import io.yoco4j.engine.FinishReason;
import io.yoco4j.engine.LoopsUsed;
import java.util.List;
import java.util.Optional;

/** What happens to a request, in this order: started, prompt scored where asked for, tokens and ends of choices; or failed. */
public sealed interface GenerationEvent {

    /**
     * It has its memory, and its prompt is being taken in.
     *
     * @param cachedTokens of the prompt that need not be computed again
     */
    record Started(int cachedTokens) implements GenerationEvent {}

    /** Log-probabilities of the prompt's tokens from the second on. */
    record PromptScored(List<TokenLogprobs> tokens) implements GenerationEvent {
        /** Copies the list. */
        public PromptScored {
            tokens = List.copyOf(tokens);
        }
    }

    /**
     * A token was drawn.
     *
     * @param text what became certain with it, perhaps nothing
     * @param logprobs where they were asked for
     * @param cacheBytes of the context so far
     * @param loops that its tokens took so far; those of a prompt count with the first choice
     */
    record Token(int choice, int id, String text, Optional<TokenLogprobs> logprobs, long cacheBytes, LoopsUsed loops)
            implements GenerationEvent {}

    /**
     * A choice has ended; nothing of it follows.
     *
     * @param cacheBytes of its context
     * @param loops that its tokens took; those of a prompt count with the first choice
     */
    record Finished(int choice, FinishReason reason, long cacheBytes, LoopsUsed loops) implements GenerationEvent {}

    /** All choices have ended for want of something; nothing follows. */
    record Failed(Failure failure, String message) implements GenerationEvent {}

    /** Why a request ended without a result. */
    enum Failure {
        /** Its time was over. */
        TIMEOUT,
        /** The server goes. */
        SHUTDOWN,
        /** The JVM had less memory than was counted on. */
        MEMORY,
        /** A step failed. */
        INTERNAL
    }
}
