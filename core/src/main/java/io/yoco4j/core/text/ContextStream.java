package io.yoco4j.core.text;

import java.util.Arrays;

/**
 * Decoding whose text for an id depends on the ids next to it: the first word loses its leading space, a run of byte tokens is
 * read as a whole. New ids are decoded behind the ones that were decoded last, and the text of those is cut off.
 */
final class ContextStream implements StreamingDecoder {
    private final Tokenizer tokenizer;
    private final TokenizerFile file;
    /** Knows whether the bytes so far end within a code point, where other steps follow the byte-level one. */
    private final ByteStream bytes;

    private int[] ids = new int[16];
    /** ids[0, context) were returned as text already, ids[context, size) were not. */
    private int context;

    private int size;

    ContextStream(Tokenizer tokenizer, TokenizerFile file) {
        this.tokenizer = tokenizer;
        this.file = file;
        bytes = new ByteStream(file);
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
        bytes.append(id);
        boolean undecided = file.hasByteFallback() && isByte(token) || file.hasByteLevel() && bytes.isWithinCodePoint();
        return undecided ? "" : flush();
    }

    @Override
    public String finish() {
        String text = context < size ? flush() : "";
        bytes.finish();
        context = 0;
        size = 0;
        return text;
    }

    private String flush() {
        String before = decode(0, context);
        String all = decode(0, size);
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
