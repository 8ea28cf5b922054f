package io.yoco4j.chat;

import java.io.Serial;

/** What is wrong with a template, or what it objects to; {@link ChatTemplate} says of which file. */
final class TemplateException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final boolean complete;

    /** A reason, to which the place is added. */
    TemplateException(String message) {
        this(message, false);
    }

    /** @param line of the template's source, from 1 */
    TemplateException(int line, String message) {
        this("line " + line + ": " + message, true);
    }

    private TemplateException(String message, boolean complete) {
        super(message);
        this.complete = complete;
    }

    /** What a template says itself. */
    static TemplateException refusal(String words) {
        return new TemplateException("the template refuses these messages: " + words, true);
    }

    /** Whether the message has its place, or needs none. */
    boolean complete() {
        return complete;
    }
}
