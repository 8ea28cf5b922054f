package io.yoco4j.eval.task;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.eval.LanguageModel;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Texts as the tokens that are scored. A context and its continuation are tokenized together and cut where the context's own
 * tokens end; blanks at a context's end go to the continuation; an empty context is the model's start token, others begin
 * with the token that its texts begin with, where there is one; what is too long loses tokens from its left, that one first
 * (the rules of lm-evaluation-harness, of a tokenizer that adds its beginning).
 */
final class Prompting {
    private final LanguageModel model;

    Prompting(LanguageModel model) {
        this.model = model;
    }

    /**
     * A context's and a continuation's tokens.
     *
     * @param truncated whether the context has lost tokens
     */
    record Pair(int[] prefix, int[] continuation, boolean truncated) {}

    /**
     * A prompt's tokens.
     *
     * @param truncated whether it has lost tokens
     */
    record Prompt(int[] ids, boolean truncated) {}

    /**
     * The tokens of a pair.
     *
     * @throws InvalidInputException when the continuation has no token, or more than the model takes
     */
    Pair pair(String context, String continuation, String place) {
        int end = context.length();
        while (end > 0 && blank(context.charAt(end - 1))) {
            end--;
        }
        String head = context.substring(0, end);
        int[] whole = model.encode(context + continuation);
        int[] prefix = model.encode(head);
        int[] rest = Arrays.copyOfRange(whole, Math.min(prefix.length, whole.length), whole.length);
        if (rest.length == 0) {
            throw new InvalidInputException(place + ": \"" + shown(continuation)
                    + "\" becomes no token behind its context, so it cannot be scored: mend or remove the record");
        }
        return fit(begun(prefix), rest, place);
    }

    /** What Python's {@code rstrip} takes away. */
    private static boolean blank(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }

    private int[] begun(int[] ids) {
        if (ids.length == 0) {
            return new int[] {model.startToken()};
        }
        return IntStream.concat(model.beginToken().stream(), IntStream.of(ids)).toArray();
    }

    private Pair fit(int[] prefix, int[] rest, String place) {
        // The last token is only predicted, so it needs no room.
        int room = model.maxTokens() - (rest.length - 1);
        if (room < 1) {
            throw new InvalidInputException(place + " has a continuation of " + rest.length
                    + " tokens, but the model takes " + model.maxTokens() + ": remove the record");
        }
        if (prefix.length <= room) {
            return new Pair(prefix, rest, false);
        }
        return new Pair(Arrays.copyOfRange(prefix, prefix.length - room, prefix.length), rest, true);
    }

    /** A prompt's tokens, the last that leave room for {@code newTokens}. */
    Prompt prompt(String text, int newTokens) {
        int[] ids = begun(model.encode(text));
        int room = Math.max(1, model.maxTokens() - newTokens);
        if (ids.length <= room) {
            return new Prompt(ids, false);
        }
        return new Prompt(Arrays.copyOfRange(ids, ids.length - room, ids.length), true);
    }

    private static String shown(String text) {
        return text.length() > 60 ? text.substring(0, 60) + "..." : text;
    }
}
