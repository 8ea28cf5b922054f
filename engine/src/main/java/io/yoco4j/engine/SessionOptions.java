package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import java.util.OptionalInt;

/**
 * How a session runs.
 *
 * @param loops iterations of every looped stage, where it should differ from the model's (test-time depth)
 * @param prefillChunk tokens of a prompt that go through the model at once, where it should differ from the model's
 * @param maxPositions the most tokens of the context, where it should be less than the model's
 */
public record SessionOptions(OptionalInt loops, OptionalInt prefillChunk, OptionalInt maxPositions) {

    public SessionOptions {
        prefillChunk.ifPresent(EngineOptions::requireChunk);
        maxPositions.ifPresent(m -> {
            if (m < 1) {
                throw new InvalidInputException("max positions is " + m + ", but must be at least 1");
            }
        });
    }

    /** As the model is. */
    public static SessionOptions defaults() {
        return builder().build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Builds options from the defaults. */
    public static final class Builder {
        private OptionalInt loops = OptionalInt.empty();
        private OptionalInt prefillChunk = OptionalInt.empty();
        private OptionalInt maxPositions = OptionalInt.empty();

        private Builder() {}

        public Builder loops(int value) {
            loops = OptionalInt.of(value);
            return this;
        }

        public Builder prefillChunk(int value) {
            prefillChunk = OptionalInt.of(value);
            return this;
        }

        public Builder maxPositions(int value) {
            maxPositions = OptionalInt.of(value);
            return this;
        }

        /**
         * Checks the values and builds the options.
         *
         * @throws InvalidInputException when a value is out of range
         */
        public SessionOptions build() {
            return new SessionOptions(loops, prefillChunk, maxPositions);
        }
    }
}
