package io.yoco4j.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.yoco4j.core.arch.Architecture;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The body of {@code POST /v1/completions}, but for the fields that {@link GenerationFields} reads.
 *
 * @param prompts one or many, each with texts of its own
 * @param logprobs of each token, and of so many likeliest
 * @param echo whether texts begin with their prompt
 */
public record CompletionRequest(
        List<Prompt> prompts, int maxTokens, OptionalInt logprobs, boolean echo, GenerationFields generation) {
    private static final int DEFAULT_MAX_TOKENS = 16;
    private static final int MAX_LOGPROBS = 20;
    private static final int MAX_PROMPTS = 1024;

    /** What a text goes on from. */
    public sealed interface Prompt {
        /** To be encoded. */
        record Text(String text) implements Prompt {}

        /** Encoded already. */
        @SuppressWarnings("ArrayRecordComponent") // never compared
        record Ids(int[] ids) implements Prompt {}
    }

    /** Copies the list. */
    public CompletionRequest {
        prompts = List.copyOf(prompts);
    }

    /**
     * Reads a body whose {@code model} was read before.
     *
     * @throws ApiException 400 naming the field that is wrong or unknown
     */
    public static CompletionRequest read(RequestFields f, Architecture model) {
        List<Prompt> prompts = prompts(f.any("prompt")
                .orElseThrow(() -> ApiException.invalid("prompt", "prompt is missing; send a string or token ids")));
        f.only("suffix", "text is only generated at the end", "");
        CompletionRequest request = new CompletionRequest(
                prompts,
                f.integer("max_tokens", 0, Integer.MAX_VALUE).orElse(DEFAULT_MAX_TOKENS),
                f.integer("logprobs", 0, MAX_LOGPROBS),
                f.bool("echo", false),
                GenerationFields.read(f, model));
        f.refuseOthers();
        return request;
    }

    private static List<Prompt> prompts(JsonNode value) {
        if (value.isTextual()) {
            return List.of(new Prompt.Text(value.textValue()));
        }
        if (!value.isArray() || value.isEmpty()) {
            throw wrong(value);
        }
        if (value.get(0).isNumber()) {
            return List.of(ids(value));
        }
        if (value.size() > MAX_PROMPTS) {
            throw ApiException.invalid(
                    "prompt", "prompt has " + value.size() + " prompts, but at most " + MAX_PROMPTS + " are taken");
        }
        List<Prompt> out = new ArrayList<>();
        for (JsonNode one : value) {
            if (one.isTextual()) {
                out.add(new Prompt.Text(one.textValue()));
            } else if (one.isArray() && !one.isEmpty()) {
                out.add(ids(one));
            } else {
                throw wrong(value);
            }
        }
        return out;
    }

    private static Prompt ids(JsonNode list) {
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = RequestFields.integer("prompt[" + i + "]", list.get(i), 0, Integer.MAX_VALUE);
        }
        return new Prompt.Ids(ids);
    }

    private static ApiException wrong(JsonNode value) {
        return RequestFields.wrong(
                "prompt", value, "a string, a list of strings, a list of token ids, or a list of such lists");
    }
}
