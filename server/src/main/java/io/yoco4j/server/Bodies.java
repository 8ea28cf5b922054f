package io.yoco4j.server;

import io.yoco4j.chat.ChatTemplate;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.server.GenerationHandler.Asked;
import io.yoco4j.server.api.ApiException;
import io.yoco4j.server.api.ChatRequest;
import io.yoco4j.server.api.CompletionRequest;
import io.yoco4j.server.api.GenerationFields;
import io.yoco4j.server.api.RequestFields;
import io.yoco4j.server.schedule.GenerationRequest;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/** From what a body says to what a scheduler takes: texts to tokens, defaults to figures. */
final class Bodies {
    private final Duration timeout;
    private final int chatTokens;

    /**
     * The defaults.
     *
     * @param chatTokens of an answer
     */
    Bodies(Duration timeout, int chatTokens) {
        this.timeout = timeout;
        this.chatTokens = chatTokens;
    }

    /** {@code POST /v1/completions}. */
    Asked completion(RequestFields fields, ServedModel model) {
        CompletionRequest body = CompletionRequest.read(fields, model.model().architecture());
        GenerationFields g = body.generation();
        if (!g.stop().isEmpty()) {
            model.tokenizer("stop");
        }
        requireChoices(g, model);
        boolean scored = body.echo() && body.logprobs().isPresent();
        List<GenerationRequest> requests = body.prompts().stream()
                .map(p -> request(model.encode(p), body.maxTokens(), body.logprobs(), scored, g))
                .toList();
        List<String> echo =
                body.echo() ? body.prompts().stream().map(model::echo).toList() : List.of();
        return new Asked(requests, "prompt", echo, g);
    }

    /** {@code POST /v1/chat/completions}, by the model's chat template. */
    Asked chat(RequestFields fields, ServedModel model) {
        ChatTemplate template = model.template()
                .orElseThrow(() -> ApiException.invalid(
                        "model",
                        "The model " + model.name() + " has no chat template, as base models have none; use "
                                + Routes.COMPLETIONS + ", or put a chat_template.jinja in its folder"));
        ChatRequest body = ChatRequest.read(fields, model.model().architecture());
        int[] prompt = model.encode(text(template, body), false, "model");
        int room = model.model().architecture().maxPositions() - prompt.length;
        int maxTokens = body.maxTokens().orElse(Math.clamp(room, 1, chatTokens));
        GenerationFields g = body.generation();
        requireChoices(g, model);
        return new Asked(List.of(request(prompt, maxTokens, body.logprobs(), false, g)), "messages", List.of(), g);
    }

    private static void requireChoices(GenerationFields g, ServedModel model) {
        int most = model.scheduler().options().maxConcurrent();
        if (g.n() > most) {
            throw ApiException.invalid(
                    "n", "n is " + g.n() + ", but the server generates " + most + " texts at once; ask for fewer");
        }
    }

    private static String text(ChatTemplate template, ChatRequest body) {
        try {
            return template.render(body.messages(), true);
        } catch (InvalidInputException e) {
            throw ApiException.invalid("messages", String.valueOf(e.getMessage()));
        }
    }

    private GenerationRequest request(
            int[] prompt, int maxTokens, OptionalInt logprobs, boolean promptLogprobs, GenerationFields g) {
        return new GenerationRequest(
                prompt,
                g.n(),
                maxTokens,
                g.sampling(),
                g.stop(),
                g.endOfText(),
                g.session(),
                logprobs,
                promptLogprobs,
                g.timeout().orElse(timeout));
    }
}
