package io.yoco4j.chat;

/**
 * A part of a template's source.
 *
 * @param kind what it is
 * @param text what is to be written, or what stands between the delimiters
 * @param line where it begins, from 1
 */
record Piece(Kind kind, String text, int line) {

    enum Kind {
        TEXT,
        /** In double braces. */
        EXPRESSION,
        /** In brace and percent sign. */
        TAG
    }
}
