package io.yoco4j.core.text;

import java.util.Arrays;

/**
 * Decoding whose text for an id depends on the ids next to it: the first word loses its leading space, a run of byte tokens is
 * read as a whole. New ids are decoded behind the ones that were decoded last, and the text of those is cut off.
 */
final class ContextStream implements StreamingDecoder {
    /** As many byte-level tokens as a code point has bytes. */
    private static final int LONGEST_CODE_POINT = 4;

    private final Tokenizer tokenizer;
    private final TokenizerFile file;
    private int[] ids = new int[16];
    /** ids[0, context) were returned as text already, ids[context, size) were not. */
    private int context;

    private int size;

    ContextStream(Tokenizer tokenizer, TokenizerFile file) {
        this.tokenizer = tokenizer;
        this.file = file;
    }

    @Override
    public String append(int id) {
        String token = file.token(id);
        if (file.isSpecial(id)) {
            return ""; // left out before anything else, so a run of bytes goes on behind it
        }
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, size * 2);
        }
        ids[size++] = id;
        return file.hasByteFallback() && isByte(token) ? "" : flush(false);
    }

    @Override
    public String finish() {
        String text = context < size ? flush(true) : "";
        context = 0;
        size = 0;
        return text;
    }

    private String flush(boolean last) {
        String before = decode(0, context);
        String all = decode(0, size);
        if (!last && file.hasByteLevel() && all.endsWith("\uFFFD") && size - context < LONGEST_CODE_POINT) {
            return "";
        }
        // The new context is the last token that ends a run: nothing before it changes what comes.
        ids[0] = ids[size - 1];
        context = 1;
        size = 1;
        return all.substring(Math.min(before.length(), all.length()));
    }

    private String decode(int from, int to) {
        return from == to ? "" : tokenizer.decode(Arrays.copyOfRange(ids, from, to));
    }

    private static boolean isByte(String token) {
        return token.length() == 6
                && token.startsWith("<0x")
                && token.endsWith(">")
                && Character.digit(token.charAt(3), 16) >= 0
                && Character.digit(token.charAt(4), 16) >= 0;
    }
}
