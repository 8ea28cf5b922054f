package io.yoco4j.engine;

import io.yoco4j.core.text.StreamingDecoder;
import io.yoco4j.core.text.Tokenizer;
import java.util.Arrays;

/**
 * A decoder that has read what comes before: what a token's text is, such as its leading space, depends on what precedes. No
 * text of that comes out of it.
 */
final class ContextDecoder implements TextStream.Decoder {
    /** The last tokens of a context that may bear on what the next one's text is. */
    private static final int TOKENS = 64;

    private final Tokenizer tokenizer;
    private final StreamingDecoder decoder;
    /** Text of the context that the decoder holds back, such as a line's end where bytes wait for the end of their run. */
    private String held;

    ContextDecoder(Tokenizer tokenizer, int[] before) {
        this.tokenizer = tokenizer;
        decoder = tokenizer.streamingDecoder();
        int[] tail = Arrays.stream(before)
                .skip(Math.max(0, before.length - TOKENS))
                .filter(tokenizer::contains)
                .toArray();
        StringBuilder told = new StringBuilder();
        Arrays.stream(tail).forEach(id -> told.append(decoder.append(id)));
        held = tokenizer.decode(tail).substring(told.length());
    }

    @Override
    public String append(int id) {
        // A model's vocabulary may be padded beyond the tokenizer's, or that have gaps.
        return tokenizer.contains(id) ? own(decoder.append(id)) : "";
    }

    @Override
    public String finish() {
        return own(decoder.finish());
    }

    /** A code point that began in the context and is whole now is no part of what was held, which has U+FFFD for it. */
    private String own(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int common = 0;
        while (common < Math.min(held.length(), text.length()) && held.charAt(common) == text.charAt(common)) {
            common++;
        }
        held = "";
        return text.substring(common);
    }
}
