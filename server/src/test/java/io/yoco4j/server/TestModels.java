package io.yoco4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.testing.ModelFolders;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A small model with random weights and a tokenizer, served on a free port. */
final class TestModels {
    private TestModels() {}

    /** A folder of a {@code nano} model of a system. */
    static Path folder(Path parent, String name, String system) {
        return ModelFolders.create(parent.resolve(name), system, 1, "the cat sat on the mat");
    }

    static YocoServer serve(ServerOptions.Builder options, ModelSource... sources) throws Exception {
        YocoServer server = YocoServer.start(List.of(sources), options.port(0).build());
        server.loaded().get(60, TimeUnit.SECONDS);
        return server;
    }

    /** A reply. */
    record Reply(int status, String body, HttpResponse<String> response) {
        JsonNode json() throws IOException {
            return new JsonMapper().readTree(body);
        }

        String error() throws IOException {
            return json().path("error").path("message").asText();
        }

        /** The events of a stream, without the last, [DONE]. */
        List<JsonNode> events() {
            return body.lines()
                    .filter(l -> l.startsWith("data: {"))
                    .map(l -> {
                        try {
                            return new JsonMapper().readTree(l.substring("data: ".length()));
                        } catch (IOException e) {
                            throw new IllegalStateException(e);
                        }
                    })
                    .toList();
        }
    }

    static Reply post(YocoServer server, String path, String body, String... headers) throws Exception {
        return send(server, path, b -> b.POST(BodyPublishers.ofString(body)), withJson(headers));
    }

    private static String[] withJson(String... headers) {
        return Stream.concat(Stream.of("Content-Type", "application/json"), Stream.of(headers))
                .toArray(String[]::new);
    }

    static Reply get(YocoServer server, String path, String... headers) throws Exception {
        return send(server, path, HttpRequest.Builder::GET, headers);
    }

    static Reply send(YocoServer server, String path, UnaryOperator<HttpRequest.Builder> method, String... headers)
            throws Exception {
        // The JDK's client asks for an upgrade to HTTP/2 with each request, as many applications do.
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest.Builder request =
                    method.apply(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path)));
            if (headers.length > 0) {
                request.headers(headers);
            }
            HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
            return new Reply(response.statusCode(), response.body(), response);
        }
    }
}
