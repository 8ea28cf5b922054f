package io.yoco4j.langchain4j;

import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.output.Response;
import io.yoco4j.core.InvalidInputException;

/**
 * A language model in process, for base models, which go on with a text: the prompt is encoded as it is, with the special
 * tokens that the tokenizer puts around it, and the calling thread computes what follows.
 *
 * {@snippet class="io.yoco4j.langchain4j.Langchain4jSnippets" region="language"}
 *
 * <p>At most 256 tokens are generated where the builder is not told otherwise. A prompt that is empty or longer than the
 * context gets an {@link dev.langchain4j.exception.InvalidRequestException}.
 *
 * <p>Thread-safe, as {@link YocoChatModel} is.
 */
public final class YocoLanguageModel implements LanguageModel, AutoCloseable {
    private static final int MAX_OUTPUT_TOKENS = 256;

    private final TextModel model;

    private YocoLanguageModel(TextModel model) {
        this.model = model;
    }

    /**
     * What follows a prompt, with counts of tokens and the reason of its end.
     *
     * @throws dev.langchain4j.exception.InvalidRequestException when the prompt is empty or too long
     * @throws IllegalStateException when the model is closed
     */
    @Override
    public Response<String> generate(String prompt) {
        try (TextModel.Text text =
                model.start(_ -> model.model().encode(prompt), model.defaults(), MAX_OUTPUT_TOKENS)) {
            String whole = text.join();
            return Response.from(whole, text.usage(), text.finishReason());
        }
    }

    /** Closes the model where the builder opened it; else does nothing. */
    @Override
    public void close() {
        model.close();
    }

    /** Nothing is set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds a language model. */
    public static final class Builder extends YocoModelBuilder<Builder> {
        private Builder() {}

        @Override
        Builder self() {
            return this;
        }

        /**
         * Checks the values, and opens the model where a folder was given.
         *
         * @throws InvalidInputException when the model has no tokenizer, cannot be opened, or a value is out of range
         * @throws dev.langchain4j.exception.UnsupportedFeatureException when a default parameter asks for what it cannot do
         */
        public YocoLanguageModel build() {
            return new YocoLanguageModel(open());
        }
    }
}
