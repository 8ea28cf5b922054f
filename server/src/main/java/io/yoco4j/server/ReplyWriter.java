package io.yoco4j.server;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.helidon.common.socket.SocketWriterException;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.yoco4j.server.Connections.Client;
import io.yoco4j.server.Exchange.ChoiceText;
import io.yoco4j.server.api.ApiException;
import io.yoco4j.server.api.GenerationFields;
import io.yoco4j.server.api.Replies;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/** Writes what an exchange comes to: whole, or as a stream of server-sent events. */
final class ReplyWriter {
    private static final JsonMapper MAPPER = new JsonMapper();
    /** How soon a client's going is noticed. */
    private static final Duration LOOK = Duration.ofMillis(20);

    private static final String GONE = "the client is gone";
    private static final byte[] DATA = bytes("data: ");
    private static final byte[] END = bytes("\n\n");
    private static final byte[] DONE = bytes("data: [DONE]\n\n");
    private static final byte[] HEARTBEAT = bytes(": still at it\n\n");

    private final Duration heartbeat;

    ReplyWriter(Duration heartbeat) {
        this.heartbeat = heartbeat;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] json(JsonNode node) {
        try {
            return MAPPER.writeValueAsBytes(node);
        } catch (JacksonException e) {
            throw new IllegalStateException(e);
        }
    }

    static void send(ServerResponse response, int status, JsonNode body) {
        response.status(Status.create(status));
        response.header(HeaderNames.CONTENT_TYPE, "application/json");
        response.send(json(body));
    }

    /** As above, but to whom asks by HEAD the head alone: what followed would be read as the next reply. */
    static void send(ServerRequest request, ServerResponse response, int status, JsonNode body) {
        response.status(Status.create(status));
        response.header(HeaderNames.CONTENT_TYPE, "application/json");
        send(request, response, json(body));
    }

    /** Bytes, or their number; type and status are set. */
    static void send(ServerRequest request, ServerResponse response, byte[] body) {
        if (request.prologue().method().equals(Method.HEAD)) {
            response.contentLength(body.length);
            response.send();
        } else {
            response.send(body);
        }
    }

    /** Writes a reply, or pieces of it, as the request wants. */
    void write(Exchange exchange, Replies replies, GenerationFields asked, Client client, ServerResponse response) {
        if (asked.stream()) {
            stream(exchange, replies, asked, client, response);
        } else {
            whole(exchange, replies, client, response);
        }
    }

    /** Waits for the end of all choices, and sends one reply. */
    private void whole(Exchange exchange, Replies replies, Client client, ServerResponse response) {
        client.watch();
        try {
            while (!exchange.done()) {
                exchange.await(LOOK);
                requireThere(client);
            }
        } finally {
            client.replying();
        }
        if (client.early()) {
            response.header(HeaderValues.CONNECTION_CLOSE);
        }
        ObjectNode reply = replies.whole(exchange.usage());
        for (ChoiceText c : exchange.choices()) {
            replies.choice(reply, c.index, c.text(), c.logprobs(), c.finish().orElseThrow());
        }
        byte[] body = json(reply);
        response.header(HeaderNames.CONTENT_TYPE, "application/json");
        response.contentLength(body.length);
        try (OutputStream out = client.output(response)) {
            out.write(body);
        } catch (IOException | UncheckedIOException | SocketWriterException e) {
            throw new CloseConnectionException(GONE, e);
        }
    }

    private static void requireThere(Client client) {
        if (client.gone()) {
            throw new CloseConnectionException(GONE);
        }
    }

    /** Sends pieces as they come, and a comment now and then where none does: a prompt may take minutes. */
    private void stream(
            Exchange exchange, Replies replies, GenerationFields asked, Client client, ServerResponse response) {
        response.header(HeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8");
        response.header(HeaderNames.CACHE_CONTROL, "no-cache");
        // nginx would collect the stream otherwise.
        response.header(HeaderNames.create("X-Accel-Buffering"), "no");
        client.watch();
        try (OutputStream out = client.output(response)) {
            out.flush();
            try {
                pieces(exchange, replies, asked.continuousUsage(), client, out);
            } catch (ApiException e) {
                // The status is sent already. Clients wait for the last line, whatever came before.
                client.replying();
                event(out, json(e.body()));
                out.write(DONE);
                return;
            }
            client.replying();
            if (asked.includeUsage()) {
                event(out, json(replies.usagePiece(exchange.usage())));
            }
            out.write(DONE);
        } catch (IOException | UncheckedIOException | SocketWriterException e) {
            throw new CloseConnectionException(GONE, e);
        }
    }

    private void pieces(Exchange exchange, Replies replies, boolean continuousUsage, Client client, OutputStream out)
            throws IOException {
        List<ChoiceText> choices = exchange.choices();
        boolean[] ended = new boolean[choices.size()];
        long lastSign = System.nanoTime();
        while (IntStream.range(0, ended.length).anyMatch(i -> !ended[i])) {
            boolean news = exchange.await(LOOK);
            requireThere(client);
            for (int i = 0; news && i < ended.length; i++) {
                ChoiceText c = choices.get(i);
                if (!ended[i] && c.news()) {
                    ended[i] = c.finish().isPresent();
                    ObjectNode piece =
                            replies.piece(c.index, c.newText(), c.first(), c.logprobs(), c.toldTokens(), c.finish());
                    if (continuousUsage) {
                        exchange.usage().addTo(piece);
                    }
                    event(out, json(piece));
                    c.tell();
                    lastSign = System.nanoTime();
                }
            }
            if (System.nanoTime() - lastSign > heartbeat.toNanos()) {
                out.write(HEARTBEAT);
                out.flush();
                lastSign = System.nanoTime();
            }
        }
    }

    private static void event(OutputStream out, byte[] json) throws IOException {
        out.write(DATA);
        out.write(json);
        out.write(END);
        out.flush();
    }
}
