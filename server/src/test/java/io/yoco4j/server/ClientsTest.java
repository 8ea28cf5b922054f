package io.yoco4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.server.TestModels.Reply;
import io.yoco4j.server.schedule.SchedulerOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that come, wait, misbehave and go. */
class ClientsTest {
    private static final String LONG = "{\"prompt\": \"the cat\", \"max_tokens\": 100000, \"ignore_eos\": true%s}";

    @TempDir
    Path temp;

    private ModelSource model() throws IOException {
        return ModelSource.of(TestModels.folder(temp, "nano", "yoco-u"));
    }

    private static ServerOptions.Builder options() {
        return ServerOptions.builder()
                .scheduler(SchedulerOptions.builder().snapshotEvery(0).build());
    }

    private static Socket connect(YocoServer server) throws IOException {
        Socket socket = new Socket("127.0.0.1", server.port());
        socket.setSoTimeout(60_000);
        return socket;
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
    }

    private static String request(String body) {
        return "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
    }

    private static void awaitMetric(YocoServer server, String line) throws Exception {
        String metrics = "";
        for (int i = 0; i < 3000; i++) {
            metrics = TestModels.get(server, "/metrics").body();
            if (metrics.contains(line)) {
                return;
            }
            Thread.sleep(10);
        }
        assertThat(metrics).contains(line);
    }

    private static void awaitRunning(YocoServer server, int running) throws Exception {
        awaitMetric(server, "yoco_num_requests_running{model_name=\"nano\"} " + running + ".0");
    }

    @Test
    void whoLeavesIsNotGeneratedFor() throws Exception {
        try (YocoServer server = TestModels.serve(options(), model())) {
            for (String stream : List.of("", ", \"stream\": true")) {
                try (Socket socket = connect(server)) {
                    write(socket, request(LONG.formatted(stream)));
                    awaitRunning(server, 1);
                }
                awaitRunning(server, 0);
            }
            awaitMetric(server, "yoco_request_failure_total{model_name=\"nano\",reason=\"cancelled\"} 2.0");
            awaitMetric(server, "yoco_kv_blocks_used{model_name=\"nano\"} 0.0");
            awaitMetric(server, "yoco_http_responses_total{path=\"/v1/completions\",status=\"499\"} 2.0");
            // What they got until then was generated.
            String metrics = TestModels.get(server, "/metrics").body();
            for (String counter : List.of("generation_tokens_total", "loops_run_total")) {
                assertThat(metrics).containsPattern("yoco_" + counter + "\\{model_name=\"nano\"} [0-9.E]*[1-9]");
            }
        }
    }

    /** The reply comes, and then the connection ends: Helidon alone would wait for the body for ever. */
    @Test
    void aBodyThatNobodyReadsIsWaitedForOnlySoLong() throws Exception {
        try (YocoServer server = TestModels.serve(options().bodyTimeout(Duration.ofMillis(300)), model())) {
            for (String path : List.of("/v1/none", "/v1/completions")) {
                try (Socket socket = connect(server)) {
                    write(
                            socket,
                            "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                                    + "Content-Length: 1000000\r\n\r\n");
                    assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
                            .startsWith(path.endsWith("none") ? "HTTP/1.1 404" : "HTTP/1.1 415");
                }
            }
        }
    }

    /** Whether its length says so or it goes on for too long: the reply does not wait for the rest, which may never come. */
    @Test
    void aBodyThatIsTooLongIsNotWaitedFor() throws Exception {
        try (YocoServer server = TestModels.serve(options().maxBodyBytes(1000), model())) {
            String head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
            for (String request : List.of(
                    head + "Content-Length: 1000000\r\n\r\n",
                    head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + " ".repeat(1001) + "\r\n")) {
                try (Socket socket = connect(server)) {
                    write(socket, request);
                    assertThat(new BufferedReader(
                                            new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))
                                    .readLine())
                            .startsWith("HTTP/1.1 413");
                }
            }
        }
    }

    /** Since Helidon would take the next request and drop it. */
    @Test
    void aRequestThatTookLongIsItsConnectionsLast() throws Exception {
        YocoServer server = YocoServer.start(List.of(model()), options().port(0).build(), Duration.ofNanos(1));
        try (server;
                Socket socket = connect(server)) {
            server.loaded().get();
            write(socket, request("{\"prompt\": \"the cat\", \"max_tokens\": 20}"));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
                    .startsWith("HTTP/1.1 200")
                    .contains("\"completion_tokens\":20");
        }
    }

    @Test
    void allModelsRefuseWhileOneEnds() throws Exception {
        YocoServer server = TestModels.serve(
                options().grace(Duration.ofMinutes(5)),
                model(),
                ModelSource.of(TestModels.folder(temp, "other", "yoco")));
        Thread closing = new Thread(server::close);
        try (Socket socket = connect(server)) {
            write(socket, request(LONG.formatted("").replace("{", "{\"model\": \"nano\", ")));
            awaitRunning(server, 1);
            closing.start();
            Reply reply;
            do {
                reply = TestModels.post(
                        server, "/v1/completions", "{\"model\": \"other\", \"prompt\": \"a\", \"max_tokens\": 1}");
            } while (reply.status() == 200);
            assertThat(reply.status()).isEqualTo(503);
            assertThat(reply.error()).contains("shutting down");
            assertThat(reply.response().headers().firstValue("retry-after")).contains("1");
            Reply health = TestModels.get(server, "/health");
            assertThat(health.status()).isEqualTo(503);
            assertThat(health.json().path("status").asText()).isEqualTo("stopping");
            assertThat(closing.isAlive()).isTrue();
        }
        closing.join();
    }

    /** Together they take no more than one would. */
    @Test
    void modelsShareTheCacheMemory() throws Exception {
        ServerOptions.Builder options = ServerOptions.builder()
                .scheduler(SchedulerOptions.builder().cacheMemory(4 << 20).build());
        try (YocoServer server =
                TestModels.serve(options, model(), ModelSource.of(TestModels.folder(temp, "other", "yoco")))) {
            for (String name : List.of("nano", "other")) {
                Reply reply = TestModels.post(
                        server,
                        "/v1/completions",
                        "{\"model\": \"" + name + "\", \"prompt\": \"the cat\", \"max_tokens\": 16000}");
                assertThat(reply.status()).isEqualTo(400);
                assertThat(reply.error()).contains("the server has 2.0 MiB for this model's contexts");
            }
        }
    }

    @Test
    void aModelThatCannotBeLoadedIsNotSaidToBeLoading() throws Exception {
        Path broken = TestModels.folder(temp, "broken", "yoco");
        Files.delete(broken.resolve("model.safetensors"));
        try (YocoServer server = YocoServer.start(
                List.of(ModelSource.of(broken)), ServerOptions.builder().port(0).build())) {
            assertThatThrownBy(() -> server.loaded().get()).hasMessageContaining("model.safetensors");
            for (Reply reply : List.of(
                    TestModels.post(server, "/v1/completions", "{\"prompt\": \"a\"}"),
                    TestModels.get(server, "/v1/models"))) {
                assertThat(reply.status()).isEqualTo(503);
                assertThat(reply.error()).contains("could not load its models").contains("model.safetensors");
                assertThat(reply.response().headers().firstValue("retry-after")).isEmpty();
            }
        }
    }

    @Test
    void aConnectionServesOneRequestAfterAnother() throws Exception {
        try (YocoServer server = TestModels.serve(options(), model());
                Socket socket = connect(server)) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
            for (int i = 0; i < 5; i++) {
                write(socket, request("{\"prompt\": \"the cat\", \"max_tokens\": 20}"));
                assertThat(in.readLine()).isEqualTo("HTTP/1.1 200 OK");
                int length = 0;
                for (String header = in.readLine(); !header.isEmpty(); header = in.readLine()) {
                    if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                        length = Integer.parseInt(header.substring(15).strip());
                    }
                }
                assertThat(in.skip(length)).isEqualTo(length);
            }
        }
    }

    @Test
    void halfARequestIsWaitedForOnlySoLong() throws Exception {
        try (YocoServer server = TestModels.serve(options().bodyTimeout(Duration.ofMillis(300)), model())) {
            List<Socket> sockets = new ArrayList<>();
            for (String half : List.of(
                    "POST /v1/completions HTTP/1.1\r\nHost: loc",
                    request("{\"prompt\": \"the cat\"}").replace("}", ""))) {
                Socket socket = connect(server);
                write(socket, half);
                sockets.add(socket);
            }
            for (Socket socket : sockets) {
                // The server ends the connection, with or without a word.
                assertThat(socket.getInputStream().readAllBytes().length).isLessThan(1000);
                socket.close();
            }
            assertThat(TestModels.get(server, "/health").status()).isEqualTo(200);
        }
    }

    /** Its connection, and what waits to be written to it, would be held for ever. */
    @Test
    void whoReadsNothingOfItsReplyIsWaitedForOnlySoLong() throws Exception {
        try (YocoServer server = TestModels.serve(options().stallTimeout(Duration.ofMillis(300)), model());
                Socket socket = new Socket()) {
            socket.setReceiveBufferSize(4096);
            socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
            write(socket, request(LONG.formatted(", \"stream\": true, \"logprobs\": 5, \"n\": 4")));
            awaitRunning(server, 4);
            awaitMetric(server, "yoco_http_responses_total{path=\"/v1/completions\",status=\"499\"} 1.0");
            awaitRunning(server, 0);
        }
    }

    @Test
    void longPromptsShowThatTheyLive() throws Exception {
        try (YocoServer server = TestModels.serve(options().heartbeat(Duration.ofMillis(1)), model())) {
            Reply reply = TestModels.post(
                    server,
                    "/v1/completions",
                    "{\"prompt\": \"" + "the cat sat ".repeat(2000) + "\", \"max_tokens\": 2, \"stream\": true}");
            assertThat(reply.body()).contains(": still at it\n\n").endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void runningRequestsEndBeforeTheServerDoes() throws Exception {
        YocoServer server = TestModels.serve(options(), model());
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + server.port() + "/v1/completions"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString(
                            "{\"prompt\": \"the cat\", \"max_tokens\": 300, \"stream\": true, \"ignore_eos\": true}"))
                    .build();
            var reply = client.sendAsync(request, BodyHandlers.ofString());
            awaitRunning(server, 1);
            server.close();
            assertThat(reply.get().body()).endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void whatTakesTooLongIsToldSo() throws Exception {
        try (YocoServer server = TestModels.serve(options(), model())) {
            Reply whole = TestModels.post(server, "/v1/completions", LONG.formatted(", \"timeout\": 0.05"));
            assertThat(whole.status()).isEqualTo(504);
            assertThat(whole.error()).contains("not done within its time");
            Reply stream =
                    TestModels.post(server, "/v1/completions", LONG.formatted(", \"timeout\": 0.05, \"stream\": true"));
            assertThat(stream.status()).isEqualTo(200);
            assertThat(stream.events().getLast().path("error").path("message").asText())
                    .contains("not done within its time");
            assertThat(stream.body()).endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void aFullQueueSaysWhenToTryAgain() throws Exception {
        SchedulerOptions one =
                SchedulerOptions.builder().maxConcurrent(1).maxQueue(0).build();
        try (YocoServer server = TestModels.serve(ServerOptions.builder().scheduler(one), model());
                Socket socket = connect(server)) {
            write(socket, request(LONG.formatted("")));
            awaitRunning(server, 1);
            Reply reply = TestModels.post(server, "/v1/completions", "{\"prompt\": \"a\"}");
            assertThat(reply.status()).isEqualTo(429);
            assertThat(reply.response().headers().firstValue("retry-after")).contains("1");
            assertThat(reply.json().path("error").path("code").asText()).isEqualTo("queue_full");
        }
    }

    @Test
    void longBodiesAndOtherTypesAreRefused() throws Exception {
        try (YocoServer server = TestModels.serve(options().maxBodyBytes(1000), model())) {
            Reply large = TestModels.post(server, "/v1/completions", "{\"prompt\": \"" + "a".repeat(2000) + "\"}");
            assertThat(large.status()).isEqualTo(413);
            Reply other = TestModels.send(
                    server,
                    "/v1/completions",
                    b -> b.POST(BodyPublishers.ofString("{\"prompt\": \"a\"}")),
                    "Content-Type",
                    "text/plain");
            assertThat(other.status()).isEqualTo(415);
            assertThat(other.error()).contains("application/json");
        }
    }
}
