package io.yoco4j.server;

import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.yoco4j.server.Connections.Client;
import io.yoco4j.server.api.CompletionRequest;
import io.yoco4j.server.api.GenerationFields;
import io.yoco4j.server.api.Replies;
import io.yoco4j.server.api.Replies.Shape;
import io.yoco4j.server.api.RequestFields;
import io.yoco4j.server.schedule.GenerationRequest;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/** {@code POST /v1/completions}. */
final class CompletionHandler implements Handler {
    private final Models models;
    private final BodyReader bodies;
    private final Connections connections;
    private final ReplyWriter writer;
    private final Duration timeout;

    CompletionHandler(Models models, BodyReader bodies, Connections connections, ReplyWriter writer, Duration timeout) {
        this.models = models;
        this.bodies = bodies;
        this.connections = connections;
        this.writer = writer;
        this.timeout = timeout;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        Client client = connections.client();
        RequestFields fields = bodies.read(request, client);
        ServedModel model = models.get(fields.string("model"));
        CompletionRequest body = CompletionRequest.read(fields, model.model().architecture());
        GenerationFields g = body.generation();
        if (!g.stop().isEmpty()) {
            model.tokenizer("stop");
        }
        boolean scored = body.echo() && body.logprobs().isPresent();
        List<GenerationRequest> requests = body.prompts().stream()
                .map(p -> request(model.encode(p), body.maxTokens(), body.logprobs(), scored, g, timeout))
                .toList();
        RequestLog.note(request, model.name(), g.user());
        Replies replies = new Replies(Shape.COMPLETION, RequestLog.id(request), model.name(), RequestLog.seconds());
        try (Exchange exchange = new Exchange(model, requests, body.echo())) {
            writer.write(exchange, replies, g, client, response);
        }
    }

    static GenerationRequest request(
            int[] prompt,
            int maxTokens,
            OptionalInt logprobs,
            boolean promptLogprobs,
            GenerationFields g,
            Duration timeout) {
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
