package io.yoco4j.core;

import java.io.Serial;

/**
 * A mistake in what the user gave: a file, a field, an option. The message is one sentence that says what is wrong,
 * where, and what to do next; the command line prints it and exits with 2.
 */
public final class InvalidInputException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    public InvalidInputException(String message) {
        super(message);
    }

    public InvalidInputException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The same mistake, its place named more fully: {@code in("config.json: ")} puts the prefix before the message. */
    public InvalidInputException in(String prefix) {
        return new InvalidInputException(prefix + getMessage(), this);
    }
}
