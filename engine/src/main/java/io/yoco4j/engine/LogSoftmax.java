package io.yoco4j.engine;

/**
 * Log-probabilities, natural, of what follows by a row of logits [V]: {@code l[i] - max - log(sum over j of exp(l[j] - max))},
 * which no logit overflows. Reads the logits whenever asked, so they must stay as they are.
 *
 * {@snippet class="io.yoco4j.engine.EngineSnippets" region="score"}
 */
public final class LogSoftmax {
    private final float[] logits;
    private final float max;
    private final double logSum;

    private LogSoftmax(float[] logits, float max, double logSum) {
        this.logits = logits;
        this.max = max;
        this.logSum = logSum;
    }

    /** Those of a row, at least one. */
    public static LogSoftmax of(float[] logits) {
        float max = Float.NEGATIVE_INFINITY;
        for (float l : logits) {
            max = Math.max(max, l);
        }
        double sum = 0;
        for (float l : logits) {
            sum += Math.exp((double) l - max);
        }
        return new LogSoftmax(logits, max, Math.log(sum));
    }

    /** That of a token. */
    public double at(int id) {
        return -(logSum + ((double) max - logits[id]));
    }

    /** Whether no token is likelier. */
    public boolean likeliest(int id) {
        return logits[id] == max;
    }
}
