package io.yoco4j.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.engine.Sampling;
import io.yoco4j.engine.SessionOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/**
 * The fields that text and chat completions share. Beyond OpenAI's there are those of vLLM ({@code top_k}, {@code min_p},
 * {@code repetition_penalty}, {@code ignore_eos}) and this server's: {@code loops} and {@code exit_threshold}, depth as a
 * choice per request, and {@code timeout} in seconds.
 *
 * @param n texts per prompt
 * @param stop at most 16 strings
 * @param timeout empty for the server's own
 * @param user who asks, for the log
 */
public record GenerationFields(
        int n,
        Sampling sampling,
        List<String> stop,
        boolean endOfText,
        SessionOptions session,
        Optional<Duration> timeout,
        boolean stream,
        boolean includeUsage,
        boolean continuousUsage,
        Optional<String> user) {

    private static final int MAX_N = 128;
    private static final int MAX_STOPS = 16;
    private static final int MAX_LOOPS = 1024;
    private static final int MAX_BIASES = 1024;
    private static final double MAX_TIMEOUT = 24 * 3600;

    /**
     * Reads them.
     *
     * @param model what depth is asked of
     * @throws ApiException 400 naming the field that is wrong
     */
    public static GenerationFields read(RequestFields f, Architecture model) {
        int n = f.integer("n", 1, MAX_N).orElse(1);
        int bestOf = f.integer("best_of", 1, MAX_N).orElse(n);
        if (bestOf != n) {
            throw ApiException.invalid("best_of", "best_of is " + bestOf + ", but must be n, " + n + "; leave it out");
        }
        boolean stream = f.bool("stream", false);
        Optional<RequestFields> streamOptions = f.object("stream_options");
        boolean includeUsage = false;
        boolean continuousUsage = false;
        if (streamOptions.isPresent()) {
            if (!stream) {
                throw ApiException.invalid("stream_options", "stream_options needs stream to be true");
            }
            includeUsage = streamOptions.get().bool("include_usage", false);
            continuousUsage = streamOptions.get().bool("continuous_usage_stats", false);
            if (continuousUsage && !includeUsage) {
                throw ApiException.invalid(
                        "stream_options.continuous_usage_stats",
                        "stream_options.continuous_usage_stats needs include_usage to be true");
            }
            streamOptions.get().refuseOthers();
        }
        return new GenerationFields(
                n,
                sampling(f, model),
                stop(f),
                !f.bool("ignore_eos", false),
                session(f, model),
                timeout(f),
                stream,
                includeUsage,
                continuousUsage,
                f.string("user"));
    }

    private static Sampling sampling(RequestFields f, Architecture model) {
        Sampling.Builder s = Sampling.builder()
                .temperature(f.number("temperature", 0, 2).orElse(1))
                .topK(Math.max(0, f.integer("top_k", -1, Integer.MAX_VALUE).orElse(0)))
                .topP(positive(f, "top_p", 1))
                .minP(f.number("min_p", 0, 1).orElse(0))
                .repetitionWindow(Math.min(Sampling.MAX_WINDOW, model.maxPositions()))
                .repetitionPenalty(positive(f, "repetition_penalty", 10))
                .presencePenalty(f.number("presence_penalty", -2, 2).orElse(0))
                .frequencyPenalty(f.number("frequency_penalty", -2, 2).orElse(0))
                .logitBias(logitBias(f, model.vocabSize()))
                .seed(seed(f));
        try {
            return s.build();
        } catch (InvalidInputException e) {
            throw ApiException.invalid(400, String.valueOf(e.getMessage()));
        }
    }

    private static double positive(RequestFields f, String name, double most) {
        double value = f.number(name, 0, most).orElse(1);
        if (value == 0) {
            throw ApiException.invalid(name, name + " is 0, but must be above 0; leave it out for no effect");
        }
        return value;
    }

    private static long seed(RequestFields f) {
        return f.any("seed")
                .map(value -> {
                    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
                        throw RequestFields.wrong("seed", value, "an integer of 64 bits");
                    }
                    return value.longValue();
                })
                .orElseGet(() -> new SplittableRandom().nextLong());
    }

    private static Map<Integer, Float> logitBias(RequestFields f, int vocabulary) {
        Map<Integer, Float> out = new HashMap<>();
        f.entries("logit_bias").forEach((id, bias) -> {
            if (!id.matches("0|[1-9][0-9]{0,8}")) {
                throw ApiException.invalid("logit_bias", "logit_bias has the key \"" + id + "\", which is no token id");
            }
            if (Integer.parseInt(id) >= vocabulary) {
                throw ApiException.invalid(
                        "logit_bias",
                        "logit_bias has the token id " + id + ", but the vocabulary has " + vocabulary + " tokens, 0.."
                                + (vocabulary - 1));
            }
            out.put(Integer.valueOf(id), (float) RequestFields.number("logit_bias." + id, bias, -100, 100));
        });
        if (out.size() > MAX_BIASES) {
            throw ApiException.invalid(
                    "logit_bias",
                    "logit_bias has " + out.size() + " entries, but at most " + MAX_BIASES + " are taken");
        }
        return out;
    }

    private static List<String> stop(RequestFields f) {
        List<String> out = new ArrayList<>();
        f.any("stop").ifPresent(value -> {
            for (JsonNode one : value.isArray() ? value : List.of(value)) {
                if (!one.isTextual() || one.textValue().isEmpty()) {
                    throw RequestFields.wrong("stop", value, "a string, or a list of strings, none of them empty");
                }
                out.add(one.textValue());
            }
        });
        if (out.size() > MAX_STOPS) {
            throw ApiException.invalid(
                    "stop", "stop has " + out.size() + " strings, but at most " + MAX_STOPS + " are taken");
        }
        return out;
    }

    private static SessionOptions session(RequestFields f, Architecture model) {
        OptionalInt loops = f.integer("loops", 1, MAX_LOOPS);
        Optional<String> effort = f.string("reasoning_effort");
        if (loops.isPresent() && effort.isPresent()) {
            throw ApiException.invalid(
                    "reasoning_effort", "loops and reasoning_effort both choose the depth; leave one out");
        }
        double exit = f.number("exit_threshold", 0, 1).orElse(0);
        String asked = loops.isPresent() ? "loops" : effort.isPresent() ? "reasoning_effort" : "exit_threshold";
        if (!model.looped() && (loops.isPresent() || effort.isPresent() || exit > 0)) {
            throw ApiException.invalid(
                    asked, asked + " chooses how often stages loop, but this model has none that does; leave it out");
        }
        SessionOptions.Builder s = SessionOptions.builder().exitThreshold(exit);
        loops.ifPresent(s::loops);
        effort.ifPresent(e -> loops(e, model).ifPresent(s::loops));
        return s.build();
    }

    /**
     * Depth by name, from the model's own T: half of it, rounded up, for "low"; as it is for "medium"; half as much again,
     * rounded down, for "high".
     */
    private static OptionalInt loops(String effort, Architecture model) {
        int own = model.stages().stream().mapToInt(Stage::loops).max().orElseThrow();
        return switch (effort) {
            case "low" -> OptionalInt.of((own + 1) / 2);
            case "medium" -> OptionalInt.empty();
            case "high" -> OptionalInt.of(own + own / 2);
            default ->
                throw ApiException.invalid(
                        "reasoning_effort", "reasoning_effort is \"" + effort + "\", but must be low, medium or high");
        };
    }

    private static Optional<Duration> timeout(RequestFields f) {
        return f.number("timeout", 0.001, MAX_TIMEOUT).stream()
                .mapToObj(s -> Duration.ofNanos((long) (s * 1e9)))
                .findFirst();
    }
}
