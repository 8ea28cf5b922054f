package io.yoco4j.engine;

/** Why a generation ended. */
public enum FinishReason {
    /** A stop string came; it is not part of the text. */
    STOP_STRING,
    /** The model ended the text. */
    END_OF_TEXT,
    /** As many tokens as were asked for, or as the context has positions. */
    LENGTH,
    /** The caller cancelled it. */
    CANCELLED
}
