package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import java.util.Map;

/**
 * How the next token is drawn. The rules apply in this order: repetition penalty, presence and frequency penalty, biases,
 * temperature, top-k, top-p, min-p.
 *
 * {@snippet class="io.yoco4j.engine.EngineSnippets" region="sampling"}
 *
 * @param temperature logits are divided by it; 0 takes the likeliest token
 * @param topK only the k likeliest tokens; 0 for no limit
 * @param topP only the likeliest tokens that together reach this probability (Holtzman et al. 2020, nucleus sampling); 1
 *     for no limit
 * @param minP only tokens at least this share as likely as the likeliest (Nguyen et al. 2024); 0 for no limit
 * @param repetitionPenalty positive logits of recent tokens are divided by it, others multiplied (Keskar et al. 2019,
 *     CTRL); 1 for none
 * @param repetitionWindow how many of the last tokens, the prompt's included, count as recent
 * @param presencePenalty what logits of tokens that were generated before lose
 * @param frequencyPenalty what they lose for each time they were
 * @param logitBias what is added to the logits of some tokens, by id
 * @param seed of the draws: the same seed draws the same tokens from the same logits
 */
public record Sampling(
        float temperature,
        int topK,
        float topP,
        float minP,
        float repetitionPenalty,
        int repetitionWindow,
        float presencePenalty,
        float frequencyPenalty,
        Map<Integer, Float> logitBias,
        long seed) {

    /** The likeliest token, always. */
    public static final Sampling GREEDY = builder().build();

    /** The most tokens that may count as recent. */
    public static final int MAX_WINDOW = 1 << 20;

    private static final float MAX_BIAS = 1000;

    /**
     * Checks the values.
     *
     * @throws InvalidInputException naming the option that is out of range
     */
    public Sampling {
        require("temperature", temperature, temperature >= 0 && temperature <= 100, "lie in 0..100");
        require("top-k", topK, topK >= 0, "be at least 0, which means no limit");
        require("top-p", topP, topP > 0 && topP <= 1, "lie in 0..1, above 0");
        require("min-p", minP, minP >= 0 && minP <= 1, "lie in 0..1");
        require(
                "repetition penalty",
                repetitionPenalty,
                repetitionPenalty > 0 && repetitionPenalty <= 100,
                "lie in 0..100, above 0");
        require(
                "repetition window",
                repetitionWindow,
                repetitionWindow >= 0 && repetitionWindow <= MAX_WINDOW,
                "lie in 0.." + MAX_WINDOW);
        require("presence penalty", presencePenalty, bounded(presencePenalty), "lie in -1000..1000");
        require("frequency penalty", frequencyPenalty, bounded(frequencyPenalty), "lie in -1000..1000");
        logitBias = Map.copyOf(logitBias);
        logitBias.forEach((id, bias) -> {
            require("a token id of the logit bias", id, id >= 0, "be at least 0");
            require("the logit bias of token " + id, bias, bounded(bias), "lie in -1000..1000");
        });
    }

    private static boolean bounded(float bias) {
        return Math.abs(bias) <= MAX_BIAS;
    }

    /** The same rules with another seed. */
    public Sampling withSeed(long other) {
        return new Sampling(
                temperature,
                topK,
                topP,
                minP,
                repetitionPenalty,
                repetitionWindow,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                other);
    }

    /** Whether any rule looks at what was generated before. */
    boolean countsGenerated() {
        return presencePenalty != 0 || frequencyPenalty != 0;
    }

    private static void require(String option, Number value, boolean valid, String rule) {
        if (!valid) {
            throw new InvalidInputException(option + " is " + value + ", but must " + rule);
        }
    }

    /** Rules of which none applies: the likeliest token. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds sampling rules; by default none apply and the likeliest token is taken. */
    public static final class Builder {
        private float temperature;
        private int topK;
        private float topP = 1;
        private float minP;
        private float repetitionPenalty = 1;
        private int repetitionWindow = 64;
        private float presencePenalty;
        private float frequencyPenalty;
        private Map<Integer, Float> logitBias = Map.of();
        private long seed;

        private Builder() {}

        /** In 0..100; by default 0, which takes the likeliest token. */
        public Builder temperature(double value) {
            temperature = (float) value;
            return this;
        }

        /** At least 0; by default 0, for no limit. */
        public Builder topK(int value) {
            topK = value;
            return this;
        }

        /** Above 0, up to 1; by default 1, for no limit. */
        public Builder topP(double value) {
            topP = (float) value;
            return this;
        }

        /** In 0..1; by default 0, for no limit. */
        public Builder minP(double value) {
            minP = (float) value;
            return this;
        }

        /** Above 0, up to 100; by default 1, for none. */
        public Builder repetitionPenalty(double value) {
            repetitionPenalty = (float) value;
            return this;
        }

        /** Tokens, 0..1048576; by default 64. */
        public Builder repetitionWindow(int value) {
            repetitionWindow = value;
            return this;
        }

        /** In -1000..1000; by default 0. */
        public Builder presencePenalty(double value) {
            presencePenalty = (float) value;
            return this;
        }

        /** In -1000..1000; by default 0. */
        public Builder frequencyPenalty(double value) {
            frequencyPenalty = (float) value;
            return this;
        }

        /** By token id, each in -1000..1000; by default empty. */
        public Builder logitBias(Map<Integer, Float> value) {
            logitBias = value;
            return this;
        }

        /** By default 0. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * Checks the values and builds the options.
         *
         * @throws InvalidInputException naming the option that is out of range
         */
        public Sampling build() {
            return new Sampling(
                    temperature,
                    topK,
                    topP,
                    minP,
                    repetitionPenalty,
                    repetitionWindow,
                    presencePenalty,
                    frequencyPenalty,
                    logitBias,
                    seed);
        }
    }
}
