package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import java.io.Serial;

/** A context does not fit the memory that is left now; nothing is wrong with it, and later it may. */
public final class InsufficientMemoryException extends InvalidInputException {
    @Serial
    private static final long serialVersionUID = 1L;

    InsufficientMemoryException(String message) {
        super(message);
    }

    InsufficientMemoryException(String message, Throwable cause) {
        super(message, cause);
    }
}
