package io.yoco4j.server.schedule;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.engine.Sampling;
import io.yoco4j.engine.SessionOptions;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/**
 * What to generate after a prompt.
 *
 * @param prompt token ids, at least one
 * @param choices texts to generate, each with a seed of its own: that of the sampling plus its number
 * @param maxTokens of each; 0 only scores the prompt
 * @param sampling how tokens are drawn
 * @param stop strings that end a text, themselves left out
 * @param endOfText whether the model may end a text
 * @param session depth and early exit
 * @param logprobs for each generated token, its log-probability and those of so many likeliest ones; empty for none
 * @param promptLogprobs whether to tell them of the prompt's tokens, too, from the second on; the prefix cache is of no use then
 * @param timeout after which it fails, from its submission on
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record GenerationRequest(
        int[] prompt,
        int choices,
        int maxTokens,
        Sampling sampling,
        List<String> stop,
        boolean endOfText,
        SessionOptions session,
        OptionalInt logprobs,
        boolean promptLogprobs,
        Duration timeout) {

    /**
     * Checks the values, and copies prompt and stop strings.
     *
     * @throws InvalidInputException naming the value that is out of range
     */
    public GenerationRequest {
        if (prompt.length == 0) {
            throw new InvalidInputException("the prompt has no token, but at least one is needed");
        }
        if (choices < 1) {
            throw new InvalidInputException("choices is " + choices + ", but must be at least 1");
        }
        if (maxTokens < 0) {
            throw new InvalidInputException("max tokens is " + maxTokens + ", but must be at least 0");
        }
        prompt = prompt.clone();
        stop = List.copyOf(stop);
    }

    /** Tokens of a context at its end, at most. */
    long positions() {
        return (long) prompt.length + maxTokens;
    }
}
