package io.yoco4j.eval;

import io.yoco4j.core.InvalidInputException;

/**
 * How tasks are run.
 *
 * @param limit the most items of a file or subject that are scored, from its start
 * @param shots solved examples in front of each item
 * @param batch items whose prefixes a model takes in together
 */
public record EvalOptions(int limit, int shots, int batch) {
    private static final int MAX_BATCH = 1024;

    public EvalOptions {
        require("limit", limit, 1, Integer.MAX_VALUE);
        require("shots", shots, 0, 1000);
        require("batch", batch, 1, MAX_BATCH);
    }

    private static void require(String name, int value, int min, int max) {
        if (value < min || value > max) {
            throw new InvalidInputException(name + " is " + value + ", but must "
                    + (max == Integer.MAX_VALUE ? "be at least " + min : "lie in " + min + ".." + max));
        }
    }

    /** All items, without examples, one at a time. */
    public static EvalOptions defaults() {
        return new EvalOptions(Integer.MAX_VALUE, 0, 1);
    }
}
