package io.yoco4j.server.schedule;

import io.yoco4j.engine.LogSoftmax;
import java.util.List;

/**
 * How likely a token was.
 *
 * @param id the token
 * @param logprob its log-probability, natural, before any rule of sampling
 * @param top the likeliest tokens, in order
 */
public record TokenLogprobs(int id, double logprob, List<Candidate> top) {
    /** A token that could have been. */
    public record Candidate(int id, double logprob) {}

    /** Copies the list. */
    public TokenLogprobs {
        top = List.copyOf(top);
    }

    /**
     * From logits [V].
     *
     * @param count how many of the likeliest
     */
    static TokenLogprobs of(float[] logits, int id, int count) {
        LogSoftmax known = LogSoftmax.of(logits);
        int[] best = best(logits, Math.min(count, logits.length));
        Candidate[] top = new Candidate[best.length];
        for (int i = 0; i < best.length; i++) {
            top[i] = new Candidate(best[i], known.at(best[i]));
        }
        return new TokenLogprobs(id, known.at(id), List.of(top));
    }

    /** The likeliest ids, in order; counts are small, so that insertion is quick. */
    private static int[] best(float[] logits, int count) {
        int[] best = new int[count];
        int n = 0;
        for (int id = 0; id < logits.length && count > 0; id++) {
            if (n == count && logits[id] <= logits[best[n - 1]]) {
                continue;
            }
            int at = n < count ? n++ : n - 1;
            while (at > 0 && logits[id] > logits[best[at - 1]]) {
                best[at] = best[at - 1];
                at--;
            }
            best[at] = id;
        }
        return best;
    }
}
