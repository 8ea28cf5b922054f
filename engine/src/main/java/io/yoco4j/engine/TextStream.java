package io.yoco4j.engine;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The text that drawn tokens become, piece by piece: code points that span tokens, text that may be the start of a stop
 * string and is held back, and the end. One thread uses it at a time. {@link YocoModel#textStream} makes one, and
 * {@link Sampler} shows it at work.
 */
public final class TextStream {

    /** Turns tokens into text as they come. */
    interface Decoder {
        /** For models without a tokenizer: no text. */
        Decoder NONE = new Decoder() {
            @Override
            public String append(int id) {
                return "";
            }

            @Override
            public String finish() {
                return "";
            }
        };

        /** Takes a token; returns the text that became certain. */
        String append(int id);

        /** The text held back, at the end. */
        String finish();
    }

    private final Decoder decoder;
    private final StopStrings stop;
    private final Set<Integer> endOfText;
    private @Nullable FinishReason finish;

    /** @param endOfText tokens that end the text */
    TextStream(Decoder decoder, List<String> stop, Set<Integer> endOfText) {
        this.decoder = decoder;
        this.stop = new StopStrings(stop);
        this.endOfText = endOfText;
    }

    /**
     * Takes a token.
     *
     * @return the text that became certain; all that is left where the token ends the text
     * @throws IllegalStateException when the text has ended
     */
    public String append(int id) {
        requireGoingOn();
        if (endOfText.contains(id)) {
            return end(FinishReason.END_OF_TEXT);
        }
        String text = stop.append(decoder.append(id));
        if (stop.found()) {
            finish = FinishReason.STOP_STRING;
        }
        return text;
    }

    /**
     * Ends the text: for want of tokens, say.
     *
     * @param reason unless a stop string comes out of what was held back
     * @return what was held back
     * @throws IllegalStateException when it has ended
     */
    public String end(FinishReason reason) {
        requireGoingOn();
        String text = stop.append(decoder.finish());
        if (stop.found()) {
            finish = FinishReason.STOP_STRING;
            return text;
        }
        finish = reason;
        return text + stop.rest();
    }

    private void requireGoingOn() {
        if (finish != null) {
            throw new IllegalStateException("the text has ended: take a new stream for another one");
        }
    }

    /** Why the text ended; empty while it goes on. */
    public Optional<FinishReason> finishReason() {
        return Optional.ofNullable(finish);
    }
}
