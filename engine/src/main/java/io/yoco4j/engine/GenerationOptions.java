package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import java.util.List;
import java.util.Objects;

/**
 * What to generate.
 *
 * @param maxTokens the most tokens to generate, at least 1
 * @param sampling how tokens are drawn
 * @param stop strings that end the text, themselves left out
 * @param endOfText whether the model may end the text; if not, its end-of-text tokens are drawn like others
 * @param session how the session that {@link YocoModel#generate} makes runs; {@link Session#generate} has one, and refuses
 *     what is set here and differs from it
 */
public record GenerationOptions(
        int maxTokens, Sampling sampling, List<String> stop, boolean endOfText, SessionOptions session) {

    /**
     * Checks the values.
     *
     * @throws InvalidInputException naming the option that is out of range
     */
    public GenerationOptions {
        Objects.requireNonNull(sampling, "sampling");
        Objects.requireNonNull(session, "session");
        if (maxTokens < 1) {
            throw new InvalidInputException("max tokens is " + maxTokens + ", but must be at least 1");
        }
        stop = List.copyOf(stop);
        if (stop.contains("")) {
            throw new InvalidInputException("a stop string is empty: leave it out, or give it a character");
        }
    }

    /** 256 tokens at most, the likeliest ones, until the model ends the text. */
    public static GenerationOptions defaults() {
        return builder().build();
    }

    /** The defaults, to change some. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds options from the defaults. */
    public static final class Builder {
        private int maxTokens = 256;
        private Sampling sampling = Sampling.GREEDY;
        private List<String> stop = List.of();
        private boolean endOfText = true;
        private SessionOptions session = SessionOptions.defaults();

        private Builder() {}

        /** At least 1; by default 256. */
        public Builder maxTokens(int value) {
            maxTokens = value;
            return this;
        }

        /** By default {@link Sampling#GREEDY}. */
        public Builder sampling(Sampling value) {
            sampling = value;
            return this;
        }

        /** None of them empty; by default there are none. */
        public Builder stop(String... value) {
            return stop(List.of(value));
        }

        /** None of them empty; by default there are none. */
        public Builder stop(List<String> value) {
            stop = value;
            return this;
        }

        /** By default the model may end the text. */
        public Builder endOfText(boolean value) {
            endOfText = value;
            return this;
        }

        /** By default as the model is. */
        public Builder session(SessionOptions value) {
            session = value;
            return this;
        }

        /**
         * Checks the values and builds the options.
         *
         * @throws InvalidInputException naming the option that is out of range
         */
        public GenerationOptions build() {
            return new GenerationOptions(maxTokens, sampling, stop, endOfText, session);
        }
    }
}
