package io.yoco4j.engine;

import io.yoco4j.engine.exec.LoopExit;
import java.util.OptionalDouble;

/**
 * How many iterations of looped stages tokens took: all of them, or fewer with an exit threshold.
 *
 * @param tokens that went through looped stages, each as often as there are such stages
 * @param iterations that these took in all
 */
public record LoopsUsed(long tokens, long iterations) {
    /** Where a sum starts. */
    public static final LoopsUsed NONE = new LoopsUsed(0, 0);

    static LoopsUsed of(LoopExit exit) {
        return new LoopsUsed(exit.tokens(), exit.iterations());
    }

    /** Iterations per token and looped stage; empty where no token went through one. */
    public OptionalDouble mean() {
        return tokens == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) iterations / tokens);
    }

    /** Those of both. */
    public LoopsUsed plus(LoopsUsed other) {
        return new LoopsUsed(tokens + other.tokens, iterations + other.iterations);
    }

    /** Those since {@code earlier}. */
    public LoopsUsed minus(LoopsUsed earlier) {
        return new LoopsUsed(tokens - earlier.tokens, iterations - earlier.iterations);
    }
}
