package io.yoco4j.core.arch;

import io.yoco4j.core.InvalidInputException;
import java.util.List;

/**
 * The whole description of a model: sizes and a list of {@linkplain Stage stages}. Every system (Transformer, YOCO,
 * YOCO-U, ...) is such a list; no code asks which system it runs. docs/format.md has the exact mathematics.
 *
 * @param vocabSize V
 * @param hiddenSize D, width of the residual stream
 * @param intermediateSize F, width of the gated MLP
 * @param attentionHeads H
 * @param keyValueHeads KV; H is a multiple of it
 * @param headDim hd; H x hd need not equal D
 * @param rmsNormEps added to the mean square in RMSNorm
 * @param ropeTheta base of the rotary frequencies
 * @param qkNorm per-head RMSNorm of queries and keys
 * @param tiedEmbeddings the output matrix is the embedding
 * @param maxPositions the most tokens a context may have
 * @param embeddingMultiplier factor on the token embeddings
 * @param stages in order; cross stages form a suffix
 */
public record Architecture(
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int attentionHeads,
        int keyValueHeads,
        int headDim,
        float rmsNormEps,
        double ropeTheta,
        boolean qkNorm,
        boolean tiedEmbeddings,
        int maxPositions,
        float embeddingMultiplier,
        List<Stage> stages) {

    private static final int MAX_WIDTH = 1 << 20;
    private static final int MAX_VOCABULARY = 1 << 24;
    /** The longest context of any model, in tokens. */
    public static final int MAX_POSITIONS = 1 << 30;

    public Architecture {
        requireRange("vocab_size", vocabSize, MAX_VOCABULARY);
        requireRange("hidden_size", hiddenSize, MAX_WIDTH);
        requireRange("intermediate_size", intermediateSize, MAX_WIDTH);
        requireRange("num_attention_heads", attentionHeads, MAX_WIDTH);
        requireRange("num_key_value_heads", keyValueHeads, MAX_WIDTH);
        requireRange("head_dim", headDim, MAX_WIDTH);
        requireRange("max_position_embeddings", maxPositions, MAX_POSITIONS);
        if ((long) attentionHeads * headDim > MAX_WIDTH) {
            throw new InvalidInputException("num_attention_heads x head_dim is " + (long) attentionHeads * headDim
                    + ", but must be at most " + MAX_WIDTH);
        }
        if (attentionHeads % keyValueHeads != 0) {
            throw new InvalidInputException("num_attention_heads is " + attentionHeads
                    + ", but must be a multiple of num_key_value_heads, " + keyValueHeads);
        }
        requirePositive("rms_norm_eps", rmsNormEps);
        requirePositive("rope_theta", ropeTheta);
        requirePositive("embedding_multiplier", embeddingMultiplier);
        stages = List.copyOf(stages);
        requireStages(stages);
        if (headDim % 2 != 0 && stages.stream().anyMatch(Stage::rope)) {
            throw new InvalidInputException("head_dim is " + headDim + ", but must be even where a stage uses rope");
        }
    }

    private static void requireRange(String field, int value, int max) {
        if (value < 1 || value > max) {
            throw new InvalidInputException(field + " is " + value + ", but must lie in 1.." + max);
        }
    }

    private static void requirePositive(String field, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new InvalidInputException(field + " is " + value + ", but must be a positive, finite number");
        }
    }

    private static void requireStages(List<Stage> stages) {
        if (stages.isEmpty()) {
            throw new InvalidInputException("stages is empty, but a model needs at least one stage");
        }
        if (stages.getFirst().cross()) {
            throw new InvalidInputException(
                    "stages[0].attention is cross, but at least one stage must come before, to write the global cache");
        }
        long layers = 0;
        boolean cross = false;
        for (int s = 0; s < stages.size(); s++) {
            Stage stage = stages.get(s);
            if (cross && !stage.cross()) {
                throw new InvalidInputException("stages[" + s + "].attention is "
                        + stage.attention().name() + ", but after a cross stage only cross stages may follow");
            }
            cross |= stage.cross();
            layers += stage.layers();
        }
        if (layers > Stage.MAX_LAYERS) {
            throw new InvalidInputException(
                    "stages have " + layers + " layers in all, but at most " + Stage.MAX_LAYERS + " are supported");
        }
    }

    /** Width of all queries: H x hd. */
    public int queryDim() {
        return attentionHeads * headDim;
    }

    /** Width of all keys, or of all values, of one token: KV x hd. */
    public int kvDim() {
        return keyValueHeads * headDim;
    }

    /** Layers with parameters of their own, over all stages. */
    public int layers() {
        return stages.stream().mapToInt(Stage::layers).sum();
    }

    /** Layer applications per token: layers times loops, over all stages. */
    public int effectiveDepth() {
        return stages.stream().mapToInt(s -> s.layers() * s.loops()).sum();
    }

    /** Index of the first cross stage; the number of stages where there is none. */
    public int firstCrossStage() {
        int s = 0;
        while (s < stages.size() && !stages.get(s).cross()) {
            s++;
        }
        return s;
    }

    /** Whether there is a global cache: true when a cross stage reads it. */
    public boolean hasGlobalCache() {
        return firstCrossStage() < stages.size();
    }

    /** Whether keys of the global cache are rotated: the first cross stage decides. */
    public boolean globalCacheRope() {
        return hasGlobalCache() && stages.get(firstCrossStage()).rope();
    }

    /** Whether a stage is applied more than once, so that depth is a choice at run time. */
    public boolean looped() {
        return stages.stream().anyMatch(s -> s.loops() > 1);
    }

    /**
     * This architecture at another depth: every stage with more than one loop gets {@code loops} of them (test-time
     * depth); parameters are the same.
     *
     * @throws InvalidInputException when no stage loops, or {@code loops} is out of range
     */
    public Architecture withLoops(int loops) {
        if (!looped()) {
            throw new InvalidInputException("loops " + loops
                    + " was asked for, but the model has no looped stage: leave the option out for this model");
        }
        return toBuilder()
                .stages(stages.stream()
                        .map(s -> s.loops() > 1 ? s.withLoops(loops) : s)
                        .toList())
                .build();
    }

    public static Builder builder() {
        return new Builder();
    }

    public Builder toBuilder() {
        return new Builder()
                .vocabSize(vocabSize)
                .hiddenSize(hiddenSize)
                .intermediateSize(intermediateSize)
                .attentionHeads(attentionHeads)
                .keyValueHeads(keyValueHeads)
                .headDim(headDim)
                .rmsNormEps(rmsNormEps)
                .ropeTheta(ropeTheta)
                .qkNorm(qkNorm)
                .tiedEmbeddings(tiedEmbeddings)
                .maxPositions(maxPositions)
                .embeddingMultiplier(embeddingMultiplier)
                .stages(stages);
    }

    /** Builds an architecture; sizes and stages have no default, the rest has Hugging Face Llama's. */
    public static final class Builder {
        private int vocabSize;
        private int hiddenSize;
        private int intermediateSize;
        private int attentionHeads;
        private int keyValueHeads;
        private int headDim;
        private float rmsNormEps = 1e-5f;
        private double ropeTheta = 10_000;
        private boolean qkNorm;
        private boolean tiedEmbeddings;
        private int maxPositions = 4096;
        private float embeddingMultiplier = 1;
        private List<Stage> stages = List.of();

        private Builder() {}

        public Builder vocabSize(int value) {
            vocabSize = value;
            return this;
        }

        public Builder hiddenSize(int value) {
            hiddenSize = value;
            return this;
        }

        public Builder intermediateSize(int value) {
            intermediateSize = value;
            return this;
        }

        public Builder attentionHeads(int value) {
            attentionHeads = value;
            return this;
        }

        public Builder keyValueHeads(int value) {
            keyValueHeads = value;
            return this;
        }

        public Builder headDim(int value) {
            headDim = value;
            return this;
        }

        public Builder rmsNormEps(float value) {
            rmsNormEps = value;
            return this;
        }

        public Builder ropeTheta(double value) {
            ropeTheta = value;
            return this;
        }

        public Builder qkNorm(boolean value) {
            qkNorm = value;
            return this;
        }

        public Builder tiedEmbeddings(boolean value) {
            tiedEmbeddings = value;
            return this;
        }

        public Builder maxPositions(int value) {
            maxPositions = value;
            return this;
        }

        public Builder embeddingMultiplier(float value) {
            embeddingMultiplier = value;
            return this;
        }

        public Builder stages(List<Stage> value) {
            stages = value;
            return this;
        }

        public Builder stages(Stage... value) {
            return stages(List.of(value));
        }

        public Architecture build() {
            return new Architecture(
                    vocabSize,
                    hiddenSize,
                    intermediateSize,
                    attentionHeads,
                    keyValueHeads,
                    headDim,
                    rmsNormEps,
                    ropeTheta,
                    qkNorm,
                    tiedEmbeddings,
                    maxPositions,
                    embeddingMultiplier,
                    stages);
        }
    }
}
