package io.yoco4j.experiment;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.InvalidInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a job came to: a line of results.jsonl, and result.json in its folder.
 *
 * @param job its id
 * @param kind {@code main} or {@code sweep}
 * @param fingerprint of all that decides about the trained model
 * @param evaluation fingerprint of how it was measured
 * @param tokenizer hash of the tokenizer
 * @param parameters all of them
 * @param nonEmbeddingParameters those outside embedding and output matrix
 * @param trainingFlops of the whole run
 * @param tokens trained on
 * @param tokensPerSecond of training, the median over steps
 * @param loops of looped stages as trained, 0 where none loops
 * @param curve bits per byte of the validation split while training, or per label of test examples
 * @param heldOut measured at the trained depth, then at others
 * @param tasks likewise
 * @param evaluationSeconds that measuring took
 * @param failure why there are no figures; empty where there are
 * @param architecture config.json's content
 * @param options training.json's content
 */
public record JobResult(
        String job,
        String system,
        String kind,
        long seed,
        String fingerprint,
        String evaluation,
        String tokenizer,
        double learningRate,
        long parameters,
        long nonEmbeddingParameters,
        double trainingFlops,
        long tokens,
        double tokensPerSecond,
        int loops,
        List<CurvePoint> curve,
        List<HeldOutScore> heldOut,
        List<PrefixScore> prefix,
        List<TaskScore> tasks,
        double evaluationSeconds,
        String failure,
        JsonNode architecture,
        JsonNode options) {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .build();

    public JobResult {
        curve = List.copyOf(curve);
        heldOut = List.copyOf(heldOut);
        prefix = List.copyOf(prefix);
        tasks = List.copyOf(tasks);
    }

    /** Bits per byte of validation text, or per label of test examples, after so many tokens. */
    public record CurvePoint(long tokens, double bitsPerByte) {}

    /**
     * Bits per byte of a held-out set.
     *
     * @param loops that looped stages ran, 0 where none loops
     * @param documents bits per byte of each document; at the trained depth alone
     */
    public record HeldOutScore(
            String set, int loops, long tokens, long bytes, double bitsPerByte, List<Double> documents) {
        public HeldOutScore {
            documents = List.copyOf(documents);
        }
    }

    /** Bits per byte after a prefix of so many tokens. */
    public record PrefixScore(int length, double bitsPerByte) {}

    /**
     * A metric of a task.
     *
     * @param loops that looped stages ran, 0 where none loops
     */
    public record TaskScore(String task, int loops, String metric, double value) {}

    /** The same figures as those of another job, whose training and evaluation are the same. */
    JobResult as(Job other) {
        return new JobResult(
                other.id(),
                other.system(),
                other.kind().lowerCase(),
                seed,
                fingerprint,
                evaluation,
                tokenizer,
                learningRate,
                parameters,
                nonEmbeddingParameters,
                trainingFlops,
                tokens,
                tokensPerSecond,
                loops,
                curve,
                heldOut,
                prefix,
                tasks,
                evaluationSeconds,
                failure,
                architecture,
                options);
    }

    /** Whether there are figures. */
    public boolean succeeded() {
        return failure.isEmpty();
    }

    /**
     * The main figures in a few words: bits per byte of each held-out set at the trained depth; where there is none, bits per
     * label at the end of training, and what tasks came to at that depth.
     */
    public String figures() {
        List<String> figures = new ArrayList<>();
        for (HeldOutScore s : heldOut) {
            if (s.loops() == loops) {
                figures.add(String.format(Locale.ROOT, "%s %.4f bits per byte", s.set(), s.bitsPerByte()));
            }
        }
        if (heldOut.isEmpty() && !curve.isEmpty()) {
            figures.add(String.format(
                    Locale.ROOT, "%.4f bits per label", curve.getLast().bitsPerByte()));
            tasks.stream()
                    .filter(t -> t.loops() == loops)
                    .forEach(t ->
                            figures.add(String.format(Locale.ROOT, "%s %s %.4f", t.task(), t.metric(), t.value())));
        }
        return String.join(", ", figures);
    }

    /** One line of JSON. */
    String write() {
        try {
            return MAPPER.writeValueAsString(this);
        } catch (JacksonException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws InvalidInputException saying what is wrong; the caller adds the place
     */
    static JobResult read(String json) {
        try {
            return MAPPER.readValue(json, JobResult.class);
        } catch (JacksonException e) {
            throw new InvalidInputException("is no result of a job: " + e.getOriginalMessage(), e);
        }
    }

    static JsonNode tree(String json) {
        try {
            return MAPPER.readTree(json);
        } catch (JacksonException e) {
            throw new IllegalStateException(e);
        }
    }
}
