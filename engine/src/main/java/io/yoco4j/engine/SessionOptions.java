package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.Stage;
import java.util.OptionalInt;

/**
 * How a session runs.
 *
 * {@snippet class="io.yoco4j.engine.EngineSnippets" region="depth"}
 *
 * <p>With an exit threshold, tokens leave looped stages early. After iteration t of T, other than the last, the angular
 * distance {@code arccos(cos(x, y)) / pi} between a token's residual stream x as iteration t - 1 put it out (the stage's
 * input for the first) and y as iteration t did is compared with the threshold; where it is no larger, y is the stage's
 * output for this token. Its keys and values in the iterations left out are those of the last it took, layer by layer, so
 * that caches are what they would be without a threshold in size and place. This is early exit by hidden-state saturation
 * with state propagation (Schuster et al. 2022, "Confident Adaptive Language Modeling") over iterations instead of layers.
 * What a token gets depends on its own context alone, not, within rounding, on chunks or on what shares a step; but an iteration costs no
 * less until every token of the step is done, so it saves most where few are decoded at once.
 *
 * @param loops iterations of every looped stage, where it should differ from the model's (test-time depth)
 * @param prefillChunk tokens of a prompt that go through the model at once, where it should differ from the model's
 * @param maxPositions the most tokens of the context, where it should be less than the model's
 * @param exitThreshold a token leaves a looped stage once an iteration moved it by no more than this; 0, the default,
 *     for never, 1 for always after the first
 */
public record SessionOptions(
        OptionalInt loops, OptionalInt prefillChunk, OptionalInt maxPositions, double exitThreshold) {

    /**
     * Checks the values.
     *
     * @throws InvalidInputException naming the option that is out of range
     */
    public SessionOptions {
        prefillChunk.ifPresent(EngineOptions::requireChunk);
        maxPositions.ifPresent(m -> {
            if (m < 1) {
                throw new InvalidInputException("max positions is " + m + ", but must be at least 1");
            }
        });
        if (!(exitThreshold >= 0 && exitThreshold <= 1)) {
            throw new InvalidInputException("exit threshold is " + exitThreshold
                    + ", but must lie in 0..1: an angle as a share of half a turn, or 0 to take all loops");
        }
    }

    /**
     * A model with these loops.
     *
     * @throws InvalidInputException when it has no looped stage, or one that tokens cannot leave early
     */
    Architecture applied(Architecture model) {
        if (exitThreshold > 0 && !model.looped()) {
            throw refused("the model has no looped stage to leave");
        }
        Architecture a = loops.isPresent() ? model.withLoops(loops.getAsInt()) : model;
        for (int s = 0; s < a.stages().size() && exitThreshold > 0; s++) {
            Stage stage = a.stages().get(s);
            if (stage.loops() > 1 && stage.attention() instanceof Attention.GatedRetention) {
                throw refused("stages[" + s + "] loops " + stage.attention().name()
                        + ", whose states need every token in every iteration");
            }
        }
        return a;
    }

    private InvalidInputException refused(String why) {
        return new InvalidInputException(
                "exit threshold " + exitThreshold + " was asked for, but " + why + ": leave it out for this model");
    }

    /** As the model is. */
    public static SessionOptions defaults() {
        return builder().build();
    }

    /** The defaults, to change some. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds options from the defaults. */
    public static final class Builder {
        private OptionalInt loops = OptionalInt.empty();
        private OptionalInt prefillChunk = OptionalInt.empty();
        private OptionalInt maxPositions = OptionalInt.empty();
        private double exitThreshold;

        private Builder() {}

        /** At least 1; by default the model's own. */
        public Builder loops(int value) {
            loops = OptionalInt.of(value);
            return this;
        }

        /** Tokens, 1..65536; by default the model's. */
        public Builder prefillChunk(int value) {
            prefillChunk = OptionalInt.of(value);
            return this;
        }

        /** At least 1; by default the model's, which is also the most. */
        public Builder maxPositions(int value) {
            maxPositions = OptionalInt.of(value);
            return this;
        }

        /** In 0..1; by default 0, for never. */
        public Builder exitThreshold(double value) {
            exitThreshold = value;
            return this;
        }

        /**
         * Checks the values and builds the options.
         *
         * @throws InvalidInputException when a value is out of range
         */
        public SessionOptions build() {
            return new SessionOptions(loops, prefillChunk, maxPositions, exitThreshold);
        }
    }
}
