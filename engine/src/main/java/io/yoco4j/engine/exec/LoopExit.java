package io.yoco4j.engine.exec;

/**
 * When the tokens of a context leave looped stages, and how many iterations they took. Belongs to one context; whoever
 * runs that may touch it.
 */
public final class LoopExit {
    private final double threshold;
    private long tokens;
    private long iterations;

    /**
     * No iterations yet.
     *
     * @param threshold a token takes no further iteration once one moved it by no more than this {@link AngularDistance};
     *     0 for all iterations always
     */
    public LoopExit(double threshold) {
        this.threshold = threshold;
    }

    public double threshold() {
        return threshold;
    }

    /** Tokens that went through looped stages, each as often as there are such stages. */
    public long tokens() {
        return tokens;
    }

    /** Iterations that these took in all. */
    public long iterations() {
        return iterations;
    }

    void countTokens(int n) {
        tokens += n;
    }

    void countIterations(int n) {
        iterations += n;
    }
}
