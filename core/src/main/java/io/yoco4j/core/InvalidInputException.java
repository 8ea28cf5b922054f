package io.yoco4j.core;

import java.io.Serial;

/**
 * A mistake in what the user gave: a file, a field, an option. The message is one sentence that says what is wrong,
 * where, and what to do next; the command line prints it and exits with 2.
 *
 * <p>Messages quote names and values from files of unknown origin, so control characters and line breaks become spaces,
 * and the middle of a very long message is left out.
 */
public class InvalidInputException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private static final int MAX_LENGTH = 1200;
    private static final int KEPT_HEAD = 800;
    private static final int KEPT_TAIL = 300;

    public InvalidInputException(String message) {
        super(line(message));
    }

    public InvalidInputException(String message, Throwable cause) {
        super(line(message), cause);
    }

    /** The same mistake, its place named more fully: {@code in("config.json: ")} puts the prefix before the message. */
    public final InvalidInputException in(String prefix) {
        return new InvalidInputException(prefix + getMessage(), this);
    }

    private static String line(String message) {
        String kept = message.length() <= MAX_LENGTH
                ? message
                : message.substring(0, KEPT_HEAD) + " [...] " + message.substring(message.length() - KEPT_TAIL);
        return kept.replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}]+", " ");
    }
}
