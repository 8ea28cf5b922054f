package io.yoco4j.eval;

import java.util.List;

/**
 * Continuations of one prefix, which a model takes in once for all of them.
 *
 * @param prefix at least one token
 * @param continuations each at least one token; with the prefix at most one more than the model's {@link
 *     LanguageModel#maxTokens}, since the last is predicted alone
 */
public record ScoreRequest(int[] prefix, List<int[]> continuations) {}
