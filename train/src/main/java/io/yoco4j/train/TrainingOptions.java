package io.yoco4j.train;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.InvalidInputException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * How a model is trained: everything but the model itself and its data. Written beside the checkpoint as training.json,
 * so that a run can be resumed or repeated.
 *
 * @param batchSize sequences per micro-batch
 * @param sequenceLength tokens per sequence
 * @param accumulation micro-batches per optimizer step
 * @param steps optimizer steps to run to, 0 where {@code minutes} bounds the run
 * @param minutes minutes of training to run to, evaluation left out; 0 where {@code steps} bounds the run. Such a run
 *     takes as many steps as the machine is fast, so it does not repeat exactly
 * @param learningRate peak of the schedule
 * @param finalLearningRate end of the schedule, as a share of the peak
 * @param schedule shape of the decay
 * @param warmup share of the run in which the learning rate rises linearly
 * @param beta1 decay of AdamW's first moment
 * @param beta2 decay of AdamW's second moment
 * @param epsilon added to the root of the second moment
 * @param weightDecay decoupled, per step times the learning rate; not on norms and embeddings
 * @param clip largest L2 norm of the gradient; it is scaled down to this
 * @param dropout probability of dropping an entry that a layer adds to the residual stream
 * @param minLoops with {@code maxLoops}: looped stages run a number of iterations drawn per step from this range; 0 for
 *     the architecture's own
 * @param maxLoops see {@code minLoops}
 * @param bf16 whether matrices compute in bfloat16; the weights are float32 either way
 * @param linearInit standard deviation of initial matrices, times sqrt(fan-in)
 * @param outputInit the same for projections into the residual stream
 * @param evaluateEvery steps between evaluations on held-out text, which a checkpoint precedes; 0 for the end alone
 * @param evaluationTokens held-out tokens per evaluation, at most
 * @param sampleTokens tokens to generate per prompt after each evaluation; 0 for none
 * @param samplePrompts what samples start from
 * @param seed of weights, data order, dropout and drawn loops
 */
public record TrainingOptions(
        int batchSize,
        int sequenceLength,
        int accumulation,
        long steps,
        double minutes,
        double learningRate,
        double finalLearningRate,
        Schedule.Shape schedule,
        double warmup,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        double clip,
        double dropout,
        int minLoops,
        int maxLoops,
        boolean bf16,
        double linearInit,
        double outputInit,
        long evaluateEvery,
        long evaluationTokens,
        int sampleTokens,
        List<String> samplePrompts,
        long seed) {

    /** Tokens of a micro-batch: far beyond what memory holds activations of. */
    private static final int MAX_BATCH_TOKENS = 1 << 26;

    private static final int MAX_ACCUMULATION = 1 << 20;

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .defaultSetterInfo(JsonSetter.Value.construct(Nulls.FAIL, Nulls.FAIL))
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .build();

    public TrainingOptions {
        samplePrompts = List.copyOf(samplePrompts);
        require(batchSize >= 1 && batchSize <= 1 << 16, "batch_size", batchSize, "must lie in 1..65536");
        require(
                sequenceLength >= 2 && sequenceLength <= 1 << 24,
                "sequence_length",
                sequenceLength,
                "must lie in 2.." + (1 << 24));
        require(
                (long) batchSize * sequenceLength <= MAX_BATCH_TOKENS,
                "batch_size x sequence_length",
                (long) batchSize * sequenceLength,
                "must be at most " + MAX_BATCH_TOKENS);
        require(
                accumulation >= 1 && accumulation <= MAX_ACCUMULATION,
                "accumulation",
                accumulation,
                "must lie in 1.." + MAX_ACCUMULATION);
        require(steps >= 0, "steps", steps, "must be at least 0");
        require(minutes >= 0 && Double.isFinite(minutes), "minutes", minutes, "must be at least 0");
        if ((steps > 0) == (minutes > 0)) {
            throw new InvalidInputException("a run is bounded by steps (or tokens) or by minutes: give one of them");
        }
        require(learningRate > 0 && learningRate < 10, "learning_rate", learningRate, "must lie between 0 and 10");
        share("final_learning_rate", finalLearningRate);
        share("warmup", warmup);
        require(beta1 >= 0 && beta1 < 1, "beta1", beta1, "must lie in [0, 1)");
        require(beta2 >= 0 && beta2 < 1, "beta2", beta2, "must lie in [0, 1)");
        require(epsilon > 0, "epsilon", epsilon, "must be positive");
        require(weightDecay >= 0 && Double.isFinite(weightDecay), "weight_decay", weightDecay, "must be at least 0");
        require(clip > 0, "clip", clip, "must be positive");
        require(dropout >= 0 && dropout < 1, "dropout", dropout, "must lie in [0, 1)");
        require(minLoops >= 0 && (minLoops > 0) == (maxLoops > 0), "min_loops", minLoops, "goes with max_loops");
        require(maxLoops >= minLoops, "max_loops", maxLoops, "must be at least min_loops, " + minLoops);
        require(linearInit > 0, "linear_init", linearInit, "must be positive");
        require(outputInit >= 0, "output_init", outputInit, "must be at least 0");
        require(evaluateEvery >= 0, "evaluate_every", evaluateEvery, "must be at least 0");
        require(evaluationTokens >= 1, "evaluation_tokens", evaluationTokens, "must be at least 1");
        require(sampleTokens >= 0, "sample_tokens", sampleTokens, "must be at least 0");
    }

    private static void require(boolean holds, String option, Object value, String rule) {
        if (!holds) {
            throw new InvalidInputException(option + " is " + value + ", but " + rule);
        }
    }

    private static void share(String option, double value) {
        require(value >= 0 && value <= 1, option, value, "must lie in 0..1");
    }

    /** Tokens of one optimizer step. */
    public long tokensPerStep() {
        return (long) batchSize * sequenceLength * accumulation;
    }

    /** The number of loops is drawn per step. */
    public boolean drawsLoops() {
        return maxLoops > 0;
    }

    /** training.json. */
    public String write() {
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
        } catch (JacksonException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads training.json.
     *
     * @throws InvalidInputException naming the field; the caller adds the file's name
     */
    public static TrainingOptions read(String json) {
        try {
            return MAPPER.readValue(json, TrainingOptions.class);
        } catch (UnrecognizedPropertyException e) {
            throw unknown(e);
        } catch (JacksonException e) {
            if (e.getCause() instanceof InvalidInputException invalid) {
                throw invalid;
            }
            throw new InvalidInputException("is not a valid training.json: " + e.getOriginalMessage(), e);
        }
    }

    private static InvalidInputException unknown(UnrecognizedPropertyException e) {
        String known =
                e.getKnownPropertyIds().stream().map(String::valueOf).sorted().collect(Collectors.joining(", "));
        return new InvalidInputException(
                e.getPropertyName() + " is not a training option: remove it, or name one of " + known, e);
    }

    /**
     * Options of {@code base} with some replaced by a JSON object in training.json's names, such as
     * {@code {"steps": 100, "learning_rate": 1e-3}}.
     *
     * @throws InvalidInputException naming a field that is no option or of the wrong type
     */
    public static Builder overlay(Builder base, String json) {
        try {
            MAPPER.readerForUpdating(base).readValue(json);
            return base;
        } catch (UnrecognizedPropertyException e) {
            throw unknown(e);
        } catch (JacksonException e) {
            throw new InvalidInputException("is not a valid file of training options: " + e.getOriginalMessage(), e);
        }
    }

    public static Builder builder() {
        return new Builder();
    }

    public Builder toBuilder() {
        Builder b = new Builder();
        b.batchSize = batchSize;
        b.sequenceLength = sequenceLength;
        b.accumulation = accumulation;
        b.steps = steps;
        b.minutes = minutes;
        b.learningRate = learningRate;
        b.finalLearningRate = finalLearningRate;
        b.schedule = schedule;
        b.warmup = warmup;
        b.beta1 = beta1;
        b.beta2 = beta2;
        b.epsilon = epsilon;
        b.weightDecay = weightDecay;
        b.clip = clip;
        b.dropout = dropout;
        b.minLoops = minLoops;
        b.maxLoops = maxLoops;
        b.bf16 = bf16;
        b.linearInit = linearInit;
        b.outputInit = outputInit;
        b.evaluateEvery = evaluateEvery;
        b.evaluationTokens = evaluationTokens;
        b.sampleTokens = sampleTokens;
        b.samplePrompts = samplePrompts;
        b.seed = seed;
        return b;
    }

    /** Builds options; all but the bound of the run have a default, the recipe of docs/experiments/LOG.md. */
    @JsonAutoDetect(fieldVisibility = Visibility.ANY)
    public static final class Builder {
        private int batchSize = 16;
        private int sequenceLength = 256;
        private int accumulation = 1;
        private long steps;
        private double minutes;
        private double learningRate = 2e-3;
        private double finalLearningRate = 0.1;
        private Schedule.Shape schedule = Schedule.Shape.COSINE;
        private double warmup = 0.05;
        private double beta1 = 0.9;
        private double beta2 = 0.95;
        private double epsilon = 1e-8;
        private double weightDecay = 0.1;
        private double clip = 1;
        private double dropout;
        private int minLoops;
        private int maxLoops;
        private boolean bf16 = true;
        private double linearInit = 0.8;
        private double outputInit = 0.2;
        private long evaluateEvery = 250;
        private long evaluationTokens = 65_536;
        private int sampleTokens;
        private List<String> samplePrompts = List.of();
        private long seed = 1;

        private Builder() {}

        public Builder batchSize(int value) {
            batchSize = value;
            return this;
        }

        public Builder sequenceLength(int value) {
            sequenceLength = value;
            return this;
        }

        public Builder accumulation(int value) {
            accumulation = value;
            return this;
        }

        public Builder steps(long value) {
            steps = value;
            return this;
        }

        public Builder minutes(double value) {
            minutes = value;
            return this;
        }

        public Builder learningRate(double value) {
            learningRate = value;
            return this;
        }

        public Builder finalLearningRate(double value) {
            finalLearningRate = value;
            return this;
        }

        public Builder schedule(Schedule.Shape value) {
            schedule = value;
            return this;
        }

        public Builder warmup(double value) {
            warmup = value;
            return this;
        }

        public Builder beta1(double value) {
            beta1 = value;
            return this;
        }

        public Builder beta2(double value) {
            beta2 = value;
            return this;
        }

        public Builder epsilon(double value) {
            epsilon = value;
            return this;
        }

        public Builder weightDecay(double value) {
            weightDecay = value;
            return this;
        }

        public Builder clip(double value) {
            clip = value;
            return this;
        }

        public Builder dropout(double value) {
            dropout = value;
            return this;
        }

        public Builder bf16(boolean value) {
            bf16 = value;
            return this;
        }

        public Builder linearInit(double value) {
            linearInit = value;
            return this;
        }

        public Builder outputInit(double value) {
            outputInit = value;
            return this;
        }

        public Builder evaluateEvery(long value) {
            evaluateEvery = value;
            return this;
        }

        public Builder evaluationTokens(long value) {
            evaluationTokens = value;
            return this;
        }

        public Builder sampleTokens(int value) {
            sampleTokens = value;
            return this;
        }

        public Builder samplePrompts(List<String> value) {
            samplePrompts = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** Tokens of one optimizer step, as far as set. */
        public long tokensPerStep() {
            return (long) batchSize * sequenceLength * accumulation;
        }

        /** Looped stages run a number of iterations drawn per step from {@code min..max}. */
        public Builder loops(int min, int max) {
            minLoops = min;
            maxLoops = max;
            return this;
        }

        public TrainingOptions build() {
            return new TrainingOptions(
                    batchSize,
                    sequenceLength,
                    accumulation,
                    steps,
                    minutes,
                    learningRate,
                    finalLearningRate,
                    schedule,
                    warmup,
                    beta1,
                    beta2,
                    epsilon,
                    weightDecay,
                    clip,
                    dropout,
                    minLoops,
                    maxLoops,
                    bf16,
                    linearInit,
                    outputInit,
                    evaluateEvery,
                    evaluationTokens,
                    sampleTokens,
                    samplePrompts,
                    seed);
        }
    }
}
