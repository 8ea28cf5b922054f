package io.yoco4j.langchain4j;

import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * langchain4j's parameters of a request, and those that only these models have: depth, and the seed of draws.
 *
 * {@snippet class="io.yoco4j.langchain4j.Langchain4jSnippets" region="parameters"}
 *
 * <p>Immutable.
 */
public final class YocoChatRequestParameters extends DefaultChatRequestParameters {
    private final @Nullable Integer loops;
    private final @Nullable Double exitThreshold;
    private final @Nullable Long seed;

    private YocoChatRequestParameters(Builder builder) {
        super(builder);
        loops = builder.loops;
        exitThreshold = builder.exitThreshold;
        seed = builder.seed;
    }

    /** Iterations of every looped stage; empty for the model's own. */
    public OptionalInt loops() {
        return loops == null ? OptionalInt.empty() : OptionalInt.of(loops);
    }

    /** A token leaves a looped stage once an iteration turned it by no more than this share of half a turn. */
    public OptionalDouble exitThreshold() {
        return exitThreshold == null ? OptionalDouble.empty() : OptionalDouble.of(exitThreshold);
    }

    /** Of the draws where the temperature is above 0; empty for one that differs from request to request. */
    public OptionalLong seed() {
        return seed == null ? OptionalLong.empty() : OptionalLong.of(seed);
    }

    /**
     * These parameters, but for those that {@code that} has.
     *
     * @throws UnsupportedFeatureException when {@code that} is another provider's
     */
    @Override
    public YocoChatRequestParameters overrideWith(ChatRequestParameters that) {
        return builder().overrideWith(this).overrideWith(that).build();
    }

    /**
     * These parameters, and those of {@code that} which these have not.
     *
     * @throws UnsupportedFeatureException when {@code that} is another provider's
     */
    @Override
    public YocoChatRequestParameters defaultedBy(ChatRequestParameters that) {
        return builder().overrideWith(that).overrideWith(this).build();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof YocoChatRequestParameters that
                && super.equals(that)
                && Objects.equals(loops, that.loops)
                && Objects.equals(exitThreshold, that.exitThreshold)
                && Objects.equals(seed, that.seed);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), loops, exitThreshold, seed);
    }

    @Override
    public String toString() {
        return "YocoChatRequestParameters{loops=" + loops + ", exitThreshold=" + exitThreshold + ", seed=" + seed + ", "
                + super.toString() + "}";
    }

    /** Nothing is set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds parameters; what is left out is the model's default. */
    public static final class Builder extends DefaultChatRequestParameters.Builder<Builder> {
        private @Nullable Integer loops;
        private @Nullable Double exitThreshold;
        private @Nullable Long seed;

        private Builder() {}

        /** Iterations of every looped stage, at least 1. */
        public Builder loops(int value) {
            loops = value;
            return this;
        }

        /** In 0..1; 0 takes all loops. */
        public Builder exitThreshold(double value) {
            exitThreshold = value;
            return this;
        }

        /** The same seed draws the same tokens. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * Takes what these have; what they have not stays as it is.
         *
         * @throws UnsupportedFeatureException when they are another provider's, whose own fields would be lost
         */
        @Override
        public Builder overrideWith(ChatRequestParameters parameters) {
            Requests.requireKnown(parameters);
            super.overrideWith(parameters);
            if (parameters instanceof YocoChatRequestParameters more) {
                loops = more.loops == null ? loops : more.loops;
                exitThreshold = more.exitThreshold == null ? exitThreshold : more.exitThreshold;
                seed = more.seed == null ? seed : more.seed;
            }
            return this;
        }

        @Override
        public YocoChatRequestParameters build() {
            return new YocoChatRequestParameters(this);
        }
    }
}
