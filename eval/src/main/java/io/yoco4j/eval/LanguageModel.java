package io.yoco4j.eval;

import java.util.List;
import java.util.OptionalInt;

/**
 * What a task asks of a model. Implementations need not be thread-safe; a harness calls one from one thread.
 *
 * <p>Nothing is put in front of the tokens that it is given: what a text begins with is the caller's to add.
 */
public interface LanguageModel {
    /** The tokens of a text. */
    int[] encode(String text);

    /** The text of tokens. */
    String decode(int[] ids);

    /** What an empty context consists of: the model's beginning-of-text token or, without one, its end-of-text token. */
    int startToken();

    /** What the tokens of each text come behind, as the model was trained, where there is such a token. */
    default OptionalInt beginToken() {
        return OptionalInt.empty();
    }

    /** The most tokens of a context and a continuation together. */
    int maxTokens();

    /**
     * Log-probabilities of continuations.
     *
     * @param requests as many as the caller wants computed together
     * @return for each request, a score per continuation
     */
    List<List<ContinuationScore>> score(List<ScoreRequest> requests);

    /**
     * The likeliest tokens after positions of given sequences, each in one pass.
     *
     * @param requests as many as the caller wants computed together
     * @return for each request, the likeliest token after each position from {@link GreedyRequest#from} to the last
     */
    List<int[]> greedy(List<GreedyRequest> requests);

    /**
     * Continues a prompt with the likeliest token each time.
     *
     * @param prompt at least one token
     * @param maxNewTokens the most that are made
     * @param stop texts that end it; the result ends before the first of them
     * @return the text, without the prompt
     */
    String generate(int[] prompt, int maxNewTokens, List<String> stop);
}
