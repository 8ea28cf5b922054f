package io.yoco4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are no such thing, to the byte. */
class MalformedTest {
    private static final String BODY = "{\"prompt\": \"the cat\", \"max_tokens\": 1}";

    @TempDir
    static Path temp;

    private static YocoServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestModels.serve(ServerOptions.builder(), ModelSource.of(TestModels.folder(temp, "nano", "yoco")));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** What comes until the server ends the connection. */
    private static String reply(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String head(String... headers) {
        return "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n" + String.join("\r\n", headers) + "\r\n\r\n";
    }

    @ParameterizedTest
    @ValueSource(strings = {"garbage", "", ";", "application/", "application/jsonx"})
    void otherTypesAreNoFailure(String type) throws IOException {
        assertThat(reply(head("Content-Type: " + type, "Content-Length: " + BODY.length(), "Connection: close") + BODY))
                .startsWith("HTTP/1.1 415")
                .contains("application/json (header Content-Type)");
    }

    @Test
    void parametersOfATypeAreTaken() throws IOException {
        String type = "Content-Type: Application/JSON ; charset=utf-8";
        assertThat(reply(head(type, "Content-Length: " + BODY.length(), "Connection: close") + BODY))
                .startsWith("HTTP/1.1 200");
    }

    @ParameterizedTest
    @ValueSource(strings = {"%x;name=value\r\n", "zz%x\r\n", "-%x\r\n", "\r\n", "fffffffffffffffff%x\r\n"})
    void chunksThatCannotBeReadEndTheConnection(String size) throws IOException {
        String first = size.replace("%x", Integer.toHexString(BODY.length()));
        String request =
                head("Content-Type: application/json", "Transfer-Encoding: chunked") + first + BODY + "\r\n0\r\n\r\n";
        assertThat(reply(request))
                .startsWith("HTTP/1.1 400")
                .containsIgnoringCase("connection: close")
                .contains("without extensions");
    }

    /** Nothing of it is waited for, before the key is asked for as after. */
    @ParameterizedTest
    @ValueSource(strings = {"application/json", "text/plain"})
    void chunksBeyondTheBoundAreNotRead(String type) throws IOException {
        String[] lengths = {"Transfer-Encoding: chunked", "Content-Length: 2147483647"};
        for (String length : lengths) {
            String request = head("Content-Type: " + type, length) + "7fffffff\r\n" + BODY;
            assertThat(reply(request)).as(length).startsWith("HTTP/1.1 41").contains("{\"error\":{\"message\":");
        }
    }

    /** A client that sends its next request early, and leaves. */
    @Test
    void whoLeavesIsNoticedBehindWhatCameEarly() throws Exception {
        String body = "{\"prompt\": \"the cat\", \"max_tokens\": 100000, \"ignore_eos\": true}";
        String metric = "yoco_num_requests_running{model_name=\"nano\"} ";
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            String request = head("Content-Type: application/json", "Content-Length: " + body.length()) + body;
            socket.getOutputStream().write((request + "GET /health").getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
            awaitMetric(metric + "1.0");
        }
        awaitMetric(metric + "0.0");
        awaitMetric("yoco_request_failure_total{model_name=\"nano\",reason=\"cancelled\"} 1.0");
    }

    /** Whoever does not wait for its reply gets it, and the end of the connection. */
    @Test
    void whatCameEarlyEndsTheConnection() throws Exception {
        String request = head("Content-Type: application/json", "Content-Length: " + BODY.length()) + BODY;
        assertThat(reply(request + "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .startsWith("HTTP/1.1 200")
                .contains("\"completion_tokens\":1");
    }

    /** A body behind it would be read as the beginning of the next reply. */
    @Test
    void whoAsksForTheHeadGetsNoBody() throws IOException {
        StringBuilder requests = new StringBuilder();
        for (String path : List.of("/health", "/", "/metrics", "/v1/models/none", "/v1/completions", "/none")) {
            requests.append("HEAD ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }
        requests.append("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        String[] parts = reply(requests.toString()).split("\r\n\r\n");
        assertThat(parts).hasSize(8);
        List<String> statuses = Arrays.stream(parts)
                .limit(7)
                .map(head -> head.substring(0, Math.min(12, head.length())))
                .toList();
        assertThat(statuses)
                .containsExactly(
                        "HTTP/1.1 200",
                        "HTTP/1.1 200",
                        "HTTP/1.1 200",
                        "HTTP/1.1 404",
                        "HTTP/1.1 405",
                        "HTTP/1.1 404",
                        "HTTP/1.1 200");
        assertThat(parts[0]).containsIgnoringCase("\r\nContent-Length: " + parts[7].length());
        assertThat(parts[7]).isEqualTo("{\"status\":\"ok\"}");
    }

    private static void awaitMetric(String line) throws Exception {
        String metrics = "";
        for (int i = 0; i < 3000 && !metrics.contains(line); i++) {
            metrics = TestModels.get(server, "/metrics").body();
            Thread.sleep(10);
        }
        assertThat(metrics).contains(line);
    }

    @Test
    void noLineOfTheLogIsTheClients() throws IOException {
        List<String> lines = new CopyOnWriteArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                lines.add(new SimpleFormatter().formatMessage(entry));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger log = Logger.getLogger("io.yoco4j.server.requests");
        Level before = log.getLevel();
        log.setLevel(Level.INFO);
        log.addHandler(handler);
        try {
            String path = "/v1/a%20200%0d%0a%c2%85%e2%80%ae%7f" + "b".repeat(500);
            reply("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            String body = BODY.replace("{", "{\"user\": \"" + "u".repeat(500) + "\", ");
            reply(head("Content-Type: application/json", "Content-Length: " + body.length(), "Connection: close")
                    + body);
        } finally {
            log.removeHandler(handler);
            log.setLevel(before);
        }
        assertThat(lines)
                .anyMatch(l -> l.contains(" GET /v1/a%20200%0d%0a%c2%85%e2%80%ae%7fbbb"))
                .anyMatch(l -> l.endsWith(" user " + "u".repeat(128)))
                .allMatch(l -> l.matches("[\\x20-\\x7e]{1,300}"));
    }
}
