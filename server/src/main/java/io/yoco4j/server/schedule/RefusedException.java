package io.yoco4j.server.schedule;

import java.time.Duration;
import java.util.Optional;

/** A request was not taken; nothing of it will happen. The message is one sentence for the client. */
public final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Why. */
    public enum Reason {
        /** The prompt and what is to follow have more tokens than the model has positions. */
        CONTEXT_LENGTH,
        /** The context would not fit the memory for contexts even alone. */
        CACHE_MEMORY,
        /** As many requests wait as may. */
        QUEUE_FULL,
        /** The server goes. */
        SHUTDOWN
    }

    /** Why. */
    private final Reason reason;

    private final transient Optional<Duration> retryAfter;

    RefusedException(Reason reason, String message, Optional<Duration> retryAfter) {
        super(message);
        this.reason = reason;
        this.retryAfter = retryAfter;
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }

    /** When it is worth trying again. */
    public Optional<Duration> retryAfter() {
        return retryAfter;
    }
}
