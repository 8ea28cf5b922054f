package io.yoco4j.server;

import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.yoco4j.chat.ChatTemplate;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.server.Connections.Client;
import io.yoco4j.server.api.ApiException;
import io.yoco4j.server.api.ChatRequest;
import io.yoco4j.server.api.GenerationFields;
import io.yoco4j.server.api.Replies;
import io.yoco4j.server.api.Replies.Shape;
import io.yoco4j.server.api.RequestFields;
import java.time.Duration;
import java.util.List;

/** {@code POST /v1/chat/completions}, by the model's chat template. */
final class ChatHandler implements Handler {
    private final Models models;
    private final BodyReader bodies;
    private final Connections connections;
    private final ReplyWriter writer;
    private final Duration timeout;
    private final int defaultTokens;

    /** @param defaultTokens of an answer where the request names no limit */
    ChatHandler(
            Models models,
            BodyReader bodies,
            Connections connections,
            ReplyWriter writer,
            Duration timeout,
            int defaultTokens) {
        this.models = models;
        this.bodies = bodies;
        this.connections = connections;
        this.writer = writer;
        this.timeout = timeout;
        this.defaultTokens = defaultTokens;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        Client client = connections.client();
        RequestFields fields = bodies.read(request, client);
        ServedModel model = models.get(fields.string("model"));
        ChatTemplate template = model.template()
                .orElseThrow(() -> ApiException.invalid(
                        "model",
                        "The model " + model.name() + " has no chat template, as base models have none; use "
                                + Routes.COMPLETIONS + ", or put a chat_template.jinja in its folder"));
        ChatRequest body = ChatRequest.read(fields, model.model().architecture());
        GenerationFields g = body.generation();
        int[] prompt = model.tokenizer("model").encode(text(template, body));
        int room = model.model().architecture().maxPositions() - prompt.length;
        int maxTokens = body.maxTokens().orElse(Math.clamp(room, 1, defaultTokens));
        RequestLog.note(request, model.name(), g.user());
        Replies replies = new Replies(Shape.CHAT, RequestLog.id(request), model.name(), RequestLog.seconds());
        try (Exchange exchange = new Exchange(
                model,
                List.of(CompletionHandler.request(prompt, maxTokens, body.logprobs(), false, g, timeout)),
                false)) {
            writer.write(exchange, replies, g, client, response);
        }
    }

    private static String text(ChatTemplate template, ChatRequest body) {
        try {
            return template.render(body.messages(), true);
        } catch (InvalidInputException e) {
            throw ApiException.invalid("messages", String.valueOf(e.getMessage()));
        }
    }
}
