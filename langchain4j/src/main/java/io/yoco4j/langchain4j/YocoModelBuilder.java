package io.yoco4j.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequestParameters;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.engine.YocoModel;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the builders of all models have: where the model comes from, and what holds for requests that do not say otherwise.
 * Give it either an open {@link #model}, which stays the caller's and may be shared, or a {@link #folder}.
 *
 * @param <B> the builder
 */
public abstract sealed class YocoModelBuilder<B extends YocoModelBuilder<B>>
        permits YocoChatModelBuilder, YocoLanguageModel.Builder {
    /** What is set so far. */
    final YocoChatRequestParameters.Builder parameters = YocoChatRequestParameters.builder();

    private @Nullable YocoModel model;
    private @Nullable Path folder;
    private @Nullable String modelName;

    YocoModelBuilder() {}

    abstract B self();

    /** A model that is open already; whoever opened it closes it, after the last call. */
    public B model(YocoModel value) {
        model = value;
        return self();
    }

    /** A model folder, opened with default options by {@code build()}, and closed with what is built. */
    public B folder(Path value) {
        folder = value;
        return self();
    }

    /** What responses call the model; by default the last part of its folder's name. */
    public B modelName(String value) {
        modelName = value;
        return self();
    }

    /** Logits are divided by it; 0, the default, takes the likeliest token. */
    public B temperature(double value) {
        parameters.temperature(value);
        return self();
    }

    /** Only the likeliest tokens that together reach this probability, above 0; 1 for no limit. */
    public B topP(double value) {
        parameters.topP(value);
        return self();
    }

    /** Only the k likeliest tokens; 0 for no limit. */
    public B topK(int value) {
        parameters.topK(value);
        return self();
    }

    /** What a token's logit loses for each time that the token was generated. */
    public B frequencyPenalty(double value) {
        parameters.frequencyPenalty(value);
        return self();
    }

    /** What a token's logit loses once the token was generated. */
    public B presencePenalty(double value) {
        parameters.presencePenalty(value);
        return self();
    }

    /** The most tokens to generate, at least 1. */
    public B maxOutputTokens(int value) {
        parameters.maxOutputTokens(value);
        return self();
    }

    /** Strings that end the text, themselves left out. */
    public B stopSequences(List<String> value) {
        parameters.stopSequences(value);
        return self();
    }

    /** Iterations of every looped stage; by default the model's own. */
    public B loops(int value) {
        parameters.loops(value);
        return self();
    }

    /** {@link YocoChatRequestParameters#exitThreshold}, in 0..1. */
    public B exitThreshold(double value) {
        parameters.exitThreshold(value);
        return self();
    }

    /** Of the draws; by default each request has another. */
    public B seed(long value) {
        parameters.seed(value);
        return self();
    }

    /**
     * Takes what these have; what they have not stays as it is.
     *
     * @throws dev.langchain4j.exception.UnsupportedFeatureException when they are another provider's
     */
    public B defaultRequestParameters(ChatRequestParameters value) {
        parameters.overrideWith(value);
        return self();
    }

    /**
     * The model, opened where it is not yet, with checked defaults.
     *
     * @throws InvalidInputException when there is no model, or one too many, or it cannot be opened
     */
    @SuppressWarnings("MustBeClosedChecker") // what is built closes it
    TextModel open() {
        if ((model == null) == (folder == null)) {
            throw new InvalidInputException(
                    model == null
                            ? "no model was given: give the builder an open model, or a model folder"
                            : "both an open model and a model folder were given: give the builder one of them");
        }
        YocoModel opened = model != null ? model : YocoModel.open(folder);
        try {
            return new TextModel(opened, folder != null, modelName != null ? modelName : name(opened), parameters);
        } catch (RuntimeException | Error e) {
            if (folder != null) {
                opened.close();
            }
            throw e;
        }
    }

    private static String name(YocoModel model) {
        return model.folder()
                .map(f -> f.toAbsolutePath().normalize().getFileName())
                .map(Path::toString)
                .orElse("yoco4j");
    }
}
