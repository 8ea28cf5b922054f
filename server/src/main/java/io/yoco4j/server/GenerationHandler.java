package io.yoco4j.server;

import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.yoco4j.server.Connections.Client;
import io.yoco4j.server.api.GenerationFields;
import io.yoco4j.server.api.Replies;
import io.yoco4j.server.api.Replies.Shape;
import io.yoco4j.server.api.RequestFields;
import io.yoco4j.server.schedule.GenerationRequest;
import java.util.List;

/** What both endpoints that generate do: read a body, submit what it asks for, write what becomes of it. */
final class GenerationHandler implements Handler {

    /**
     * What a body asks for.
     *
     * @param requests one for each prompt
     * @param input the field that prompts come from
     * @param echo what the texts of each prompt begin with; empty for nothing
     */
    record Asked(List<GenerationRequest> requests, String input, List<String> echo, GenerationFields fields) {}

    /** Reads the bodies of an endpoint. */
    @FunctionalInterface
    interface BodyOf {
        /** @throws io.yoco4j.server.api.ApiException naming what is wrong */
        Asked read(RequestFields fields, ServedModel model);
    }

    private final Models models;
    private final BodyReader bodies;
    private final Connections connections;
    private final ReplyWriter writer;
    private final Shape shape;
    private final BodyOf body;

    GenerationHandler(
            Models models, BodyReader bodies, Connections connections, ReplyWriter writer, Shape shape, BodyOf body) {
        this.models = models;
        this.bodies = bodies;
        this.connections = connections;
        this.writer = writer;
        this.shape = shape;
        this.body = body;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        Client client = connections.client();
        RequestFields fields = bodies.read(request, client);
        ServedModel model = models.get(fields.string("model"));
        Asked asked = body.read(fields, model);
        RequestLog.note(request, model.name(), asked.fields().user());
        Replies replies = new Replies(shape, RequestLog.id(request), model.name(), RequestLog.seconds());
        try (Exchange exchange = new Exchange(model, asked.requests(), asked.input(), asked.echo())) {
            writer.write(exchange, replies, asked.fields(), client, response);
        }
    }
}
