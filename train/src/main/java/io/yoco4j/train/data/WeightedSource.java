package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;

/**
 * A source and its share of the training windows. When every weight is 1, sources mix in proportion to their sizes and
 * each window is seen once per epoch; otherwise each window is drawn from source i with probability w_i / sum w.
 *
 * @param weight finite and above 0
 */
public record WeightedSource(DocumentSource source, double weight) {
    public WeightedSource {
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new InvalidInputException(
                    "the weight of source " + source.name() + " is " + weight + ", but must be a number above 0");
        }
    }

    /** A source of weight 1. */
    public static WeightedSource of(DocumentSource source) {
        return new WeightedSource(source, 1);
    }
}
