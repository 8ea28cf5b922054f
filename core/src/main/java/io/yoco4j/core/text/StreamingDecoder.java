package io.yoco4j.core.text;

import io.yoco4j.core.InvalidInputException;

/**
 * Turns ids into text as they are generated. What {@link #append} and {@link #finish} return, joined, is {@link
 * Tokenizer#decode(int[])} of all the ids; nothing returned is ever taken back, so a code point comes out whole or not yet.
 * Special tokens give no text.
 *
 * <p>With a byte-level tokenizer only an unfinished code point is held back. A tokenizer with byte fallback ({@code <0x0A>})
 * decides over a whole run of such tokens whether it is UTF-8, so a run comes out with the token after it, or at the end.
 *
 * <p>The cost of an id does not grow with the number of ids before it. Not thread-safe: one decoder per generation.
 */
public sealed interface StreamingDecoder permits ByteStream, ContextStream {
    /**
     * Takes the next id.
     *
     * @return the text that is certain by now and was not returned yet, often empty
     * @throws InvalidInputException if the id is not in the vocabulary; the decoder is then as before
     */
    String append(int id);

    /** Ends the text and returns what was held back, U+FFFD for bytes that are not UTF-8. The decoder can then start anew. */
    String finish();
}
