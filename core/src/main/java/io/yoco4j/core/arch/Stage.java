package io.yoco4j.core.arch;

import io.yoco4j.core.InvalidInputException;

/**
 * A run of equal layers, applied {@code loops} times with the same parameters.
 *
 * @param layers how many layers, at least 1
 * @param attention the token mixer of each of them
 * @param position position encoding of queries and keys
 * @param loops how often the layers are applied, in order, at least 1 (T in the papers)
 * @param loopInput what iterations 2..T start from
 * @param loopKv whose keys and values iterations 2..T attend to
 */
public record Stage(int layers, Attention attention, Position position, int loops, LoopInput loopInput, LoopKv loopKv) {

    /** Position encoding of queries and keys. */
    public enum Position {
        /** Rotary (Su et al. 2021), rotate-half convention. */
        ROPE,
        /** None. */
        NOPE
    }

    /** What an iteration after the first starts from. */
    public enum LoopInput {
        /** The output of the iteration before. */
        CARRY,
        /** The output of the iteration before plus the stage's own input. */
        INJECT
    }

    /** Whose keys and values an iteration attends to. */
    public enum LoopKv {
        /** Each iteration computes and caches its own. */
        EACH,
        /** Iterations 2..T reuse those of iteration 1; only queries are recomputed. */
        FIRST
    }

    /** The most layers a model may have over all stages: a bound on what a config can make a reader allocate. */
    public static final int MAX_LAYERS = 4096;

    /** The most iterations of a stage. */
    public static final int MAX_LOOPS = 1024;

    public Stage {
        if (layers < 1 || layers > MAX_LAYERS) {
            throw new InvalidInputException("layers is " + layers + ", but must lie in 1.." + MAX_LAYERS);
        }
        if (loops < 1 || loops > MAX_LOOPS) {
            throw new InvalidInputException("loops is " + loops + ", but must lie in 1.." + MAX_LOOPS);
        }
        boolean retention = attention instanceof Attention.GatedRetention;
        if (retention && position != Position.ROPE) {
            throw new InvalidInputException("position is nope, but gated_retention is always rope");
        }
        if (loopKv == LoopKv.FIRST && (retention || attention instanceof Attention.Cross)) {
            throw new InvalidInputException(
                    "loop_kv is first, but " + attention.name() + " has no keys and values of its own to reuse");
        }
    }

    /** A stage applied once, with carried input and keys and values of its own. */
    public static Stage of(int layers, Attention attention, Position position) {
        return new Stage(layers, attention, position, 1, LoopInput.CARRY, LoopKv.EACH);
    }

    public Stage withLoops(int loops) {
        return new Stage(layers, attention, position, loops, loopInput, loopKv);
    }

    public Stage withLoopInput(LoopInput loopInput) {
        return new Stage(layers, attention, position, loops, loopInput, loopKv);
    }

    public Stage withLoopKv(LoopKv loopKv) {
        return new Stage(layers, attention, position, loops, loopInput, loopKv);
    }

    /** How many of the stage's iterations keep keys and values (or a state) of their own. */
    public int cachedLoops() {
        return loopKv == LoopKv.FIRST ? 1 : loops;
    }

    public boolean rope() {
        return position == Position.ROPE;
    }

    public boolean cross() {
        return attention instanceof Attention.Cross;
    }
}
