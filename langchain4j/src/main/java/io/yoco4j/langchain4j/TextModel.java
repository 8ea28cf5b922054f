package io.yoco4j.langchain4j;

import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.engine.Generation;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.YocoModel;
import java.util.function.Function;

/** An open model by its name, and the parameters of requests that do not say otherwise. Thread-safe. */
final class TextModel implements AutoCloseable {
    private final YocoModel model;
    private final boolean owned;
    private final String name;
    private final Tokenizer tokenizer;
    private final YocoChatRequestParameters defaults;

    /**
     * Checks what it is given.
     *
     * @param owned whether closing this closes the model
     * @throws InvalidInputException when the model has no tokenizer, or a default is out of range
     * @throws dev.langchain4j.exception.UnsupportedFeatureException when a default asks for what the model cannot do
     */
    TextModel(YocoModel model, boolean owned, String name, YocoChatRequestParameters.Builder given) {
        this.model = model;
        this.owned = owned;
        this.name = name;
        tokenizer = model.tokenizer()
                .orElseThrow(() -> new InvalidInputException("the model " + name + " has no " + Checkpoint.TOKENIZER
                        + ", which text needs: put the file in its folder"));
        YocoChatRequestParameters asked = given.build();
        Requests.requireSupported(asked, name);
        // Of a copy: the builder is the caller's, who may build another model with it.
        defaults = YocoChatRequestParameters.builder()
                .overrideWith(asked)
                .modelName(name)
                .build();
        // Of a context, nothing is computed here: it knows whether the model has these loops.
        model.session(Requests.options(defaults, 1).session()).close();
    }

    YocoModel model() {
        return model;
    }

    String name() {
        return name;
    }

    YocoChatRequestParameters defaults() {
        return defaults;
    }

    /**
     * A text in the making, in a session of its own.
     *
     * @param session where it is made
     * @param generation gives it
     */
    record Text(Session session, Generation generation) implements AutoCloseable {
        /**
         * Computes the next token where there is one.
         *
         * @throws InvalidRequestException when memory cannot hold the context
         */
        boolean hasNext() {
            try {
                return generation.hasNext();
            } catch (InvalidInputException e) {
                throw refused(e);
            }
        }

        /** All of it. */
        String join() {
            StringBuilder whole = new StringBuilder();
            while (hasNext()) {
                whole.append(generation.next().text());
            }
            return whole.toString();
        }

        TokenUsage usage() {
            var stats = generation.stats();
            return new TokenUsage(stats.promptTokens(), stats.generatedTokens());
        }

        FinishReason finishReason() {
            return switch (generation.finishReason().orElseThrow()) {
                case STOP_STRING, END_OF_TEXT -> FinishReason.STOP;
                case LENGTH -> FinishReason.LENGTH;
                case CANCELLED -> FinishReason.OTHER;
            };
        }

        @Override
        public void close() {
            generation.close();
            session.close();
        }
    }

    /**
     * Begins a text; nothing is computed yet.
     *
     * @param encoded makes the prompt's token ids
     * @throws InvalidRequestException when the prompt is empty or too long, with both counts, or a value is out of range
     */
    @SuppressWarnings("MustBeClosedChecker") // the text closes both
    Text start(Function<Tokenizer, int[]> encoded, YocoChatRequestParameters parameters, int maxTokens) {
        try {
            GenerationOptions options = Requests.options(parameters, maxTokens);
            // First: of a closed model, it says what to do.
            Session session = model.session(options.session());
            try {
                int[] prompt = encoded.apply(tokenizer);
                return new Text(session, session.generate(prompt, options));
            } catch (RuntimeException | Error e) {
                session.close();
                throw e;
            }
        } catch (InvalidInputException e) {
            throw refused(e);
        }
    }

    private static InvalidRequestException refused(InvalidInputException e) {
        return new InvalidRequestException(String.valueOf(e.getMessage()), e);
    }

    @Override
    public void close() {
        if (owned) {
            model.close();
        }
    }
}
