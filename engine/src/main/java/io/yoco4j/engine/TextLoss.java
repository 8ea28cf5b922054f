package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * How badly a model predicts a text: the negative log-likelihood of its tokens, given those before them in a window.
 *
 * <p>The text is tokenized whole and cut into windows, each a context of its own, whose first token is given and whose
 * others are scored. With a beginning-of-text token (generation_config.json) that is the given one, and all of the text is
 * scored; without, it is the token before, and the text's very first goes unscored. No token is scored twice.
 *
 * {@snippet class="io.yoco4j.engine.EngineSnippets" region="loss"}
 *
 * <p>Immutable, so thread-safe; the session that measures is one thread's at a time.
 *
 * @param nats sum over the scored tokens
 * @param tokens scored
 * @param bytes of the text in UTF-8, those of a first token that is not scored included
 */
public record TextLoss(double nats, long tokens, long bytes) {
    /** Of no text: where a sum over texts starts. */
    public static final TextLoss NONE = new TextLoss(0, 0, 0);

    /** Tokens of a window unless said otherwise. */
    public static final int DEFAULT_WINDOW = 512;

    /** The most logits that are held at once, where a row has no more. */
    private static final int MAX_LOGITS = 1 << 22;

    /**
     * The loss of a text, {@link #NONE} where it has no token to score.
     *
     * @param session runs the windows; what it holds is forgotten
     * @param window tokens of a window, from 2 to the session's positions
     * @throws InvalidInputException when the model has no tokenizer, or the window is out of range
     */
    public static TextLoss of(Session session, String text, int window) {
        Tokenizer tokenizer = session.model()
                .tokenizer()
                .orElseThrow(() -> new InvalidInputException("the model has no " + Checkpoint.TOKENIZER
                        + ", which text needs: put the file in its folder, or score token ids"));
        return of(session, tokenizer.encode(text), text.getBytes(StandardCharsets.UTF_8).length, window);
    }

    /**
     * The loss of tokens, {@link #NONE} where there is none to score.
     *
     * @param bytes of the text that they stand for
     * @throws InvalidInputException when a token is not of the vocabulary, or the window is out of range
     */
    public static TextLoss of(Session session, int[] ids, long bytes, int window) {
        session.requireWindow(window);
        OptionalInt bos = session.model().generationConfig().bos();
        int first = bos.isPresent() ? 0 : 1;
        if (ids.length <= first) {
            return NONE;
        }
        double nats = 0;
        for (int from = first; from < ids.length; from += window - 1) {
            int to = Math.min(ids.length, from + window - 1);
            // The last token of a window is predicted, and predicts nothing.
            int[] inputs = new int[to - from];
            inputs[0] = bos.isPresent() ? bos.getAsInt() : ids[from - 1];
            System.arraycopy(ids, from, inputs, 1, to - from - 1);
            nats += nats(session, inputs, Arrays.copyOfRange(ids, from, to));
        }
        return new TextLoss(nats, ids.length - first, bytes);
    }

    /** One window, in pieces whose logits fit. */
    private static double nats(Session session, int[] inputs, int[] targets) {
        int vocabulary = session.architecture().vocabSize();
        int piece = Math.max(1, MAX_LOGITS / vocabulary);
        double nats = 0;
        session.reset();
        for (int at = 0; at < inputs.length; at += piece) {
            int to = Math.min(inputs.length, at + piece);
            LogitRows rows = session.prefill(Arrays.copyOfRange(inputs, at, to), Logits.ALL);
            for (int i = at; i < to; i++) {
                if (targets[i] < 0 || targets[i] >= vocabulary) {
                    throw new InvalidInputException("token id " + targets[i] + " is not of the vocabulary, 0.."
                            + (vocabulary - 1) + ": are tokenizer and model of one another?");
                }
                nats -= LogSoftmax.of(rows.row(i - at)).at(targets[i]);
            }
        }
        return nats;
    }

    /** The loss of both texts. */
    public TextLoss plus(TextLoss other) {
        return new TextLoss(nats + other.nats, tokens + other.tokens, bytes + other.bytes);
    }

    /** Mean over the scored tokens; its exponential is the perplexity. */
    public double natsPerToken() {
        return nats / tokens;
    }

    /** Comparable between tokenizers. */
    public double bitsPerByte() {
        return nats / Math.log(2) / bytes;
    }
}
