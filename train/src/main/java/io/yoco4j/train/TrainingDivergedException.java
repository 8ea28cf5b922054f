package io.yoco4j.train;

import java.io.Serial;

/** A loss or gradient that is not a number: a failure of the run, not of its input. */
public final class TrainingDivergedException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    public TrainingDivergedException(String message) {
        super(message);
    }
}
