package io.yoco4j.eval;

/**
 * How likely a continuation is.
 *
 * @param logProbability the sum of its tokens' natural log-probabilities, each given all before it
 * @param greedy whether each token was the likeliest at its place
 */
public record ContinuationScore(double logProbability, boolean greedy) {}
