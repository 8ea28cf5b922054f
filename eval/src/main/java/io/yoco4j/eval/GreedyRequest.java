package io.yoco4j.eval;

/**
 * A sequence whose likeliest next tokens are asked for.
 *
 * @param ids at least one token, no more than the model's {@link LanguageModel#maxTokens}
 * @param from the first position after which one is asked for
 */
public record GreedyRequest(int[] ids, int from) {}
