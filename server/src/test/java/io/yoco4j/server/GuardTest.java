package io.yoco4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.server.TestModels.Reply;
import io.yoco4j.server.schedule.SchedulerOptions;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is served, and when. */
class GuardTest {
    @TempDir
    Path temp;

    private ModelSource model() throws IOException {
        return ModelSource.of(TestModels.folder(temp, "nano", "yoco"));
    }

    @Test
    void keysAreAskedFor() throws Exception {
        try (YocoServer server =
                TestModels.serve(ServerOptions.builder().apiKeys(List.of("first key", "second")), model())) {
            for (String path : List.of("/v1/models", "/metrics", "/playground/memory", "/v1/none")) {
                Reply reply = TestModels.get(server, path);
                assertThat(reply.status()).as(path).isEqualTo(401);
                assertThat(reply.json().path("error").path("code").asText()).isEqualTo("invalid_api_key");
                assertThat(reply.response().headers().firstValue("www-authenticate"))
                        .contains("Bearer");
            }
            assertThat(TestModels.get(server, "/v1/models", "Authorization", "Bearer other")
                            .status())
                    .isEqualTo(401);
            assertThat(TestModels.get(server, "/v1/models", "Authorization", "second")
                            .status())
                    .isEqualTo(401);
            assertThat(TestModels.get(server, "/v1/models", "Authorization", "Bearer second")
                            .status())
                    .isEqualTo(200);
            assertThat(TestModels.get(server, "/v1/models", "Authorization", "bearer first key")
                            .status())
                    .isEqualTo(200);
            assertThat(TestModels.get(server, "/health").status()).isEqualTo(200);
            assertThat(TestModels.get(server, "/").status()).isEqualTo(200);
        }
    }

    @Test
    void otherMachinesNeedAKey() {
        assertThatThrownBy(() -> ServerOptions.builder().host("0.0.0.0").build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("there is no API key");
        assertThat(ServerOptions.builder()
                        .host("0.0.0.0")
                        .insecure(true)
                        .build()
                        .host())
                .isEqualTo("0.0.0.0");
        assertThat(ServerOptions.builder()
                        .host("0.0.0.0")
                        .apiKeys(List.of("k"))
                        .build()
                        .apiKeys())
                .hasSize(1);
        assertThatThrownBy(() -> ServerOptions.builder().apiKeys(List.of(" ")).build())
                .isInstanceOf(InvalidInputException.class);
    }

    /** A page elsewhere may make a name of its own mean this machine; its browser still sends that name. */
    @Test
    void namesOfOthersAreNotAnsweredTo() throws Exception {
        try (YocoServer server = TestModels.serve(ServerOptions.builder(), model())) {
            assertThat(raw(server, "evil.example")).startsWith("HTTP/1.1 403");
            assertThat(raw(server, "127.evil.example")).startsWith("HTTP/1.1 403");
            assertThat(raw(server, "127.0.0.1.evil.example")).startsWith("HTTP/1.1 403");
            assertThat(raw(server, "127.0.0.2")).startsWith("HTTP/1.1 200");
            assertThat(raw(server, "localhost:" + server.port())).startsWith("HTTP/1.1 200");
            assertThat(raw(server, "127.0.0.1:" + server.port())).startsWith("HTTP/1.1 200");
        }
    }

    private static String raw(YocoServer server, String host) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.getOutputStream()
                    .write(("GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void refusesTimesThatNobodyWaits() {
        for (Duration timeout : List.of(Duration.ZERO, Duration.ofDays(1).plusNanos(1), Duration.ofSeconds(1L << 60))) {
            assertThatThrownBy(() -> ServerOptions.builder().timeout(timeout).build())
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("at most 86400 seconds");
        }
        assertThat(ServerOptions.builder().timeout(Duration.ofDays(1)).build().timeout())
                .isEqualTo(Duration.ofDays(1));
    }

    @Test
    void saysWhatIsWrongWithAHost() throws Exception {
        ModelSource nano = model();
        for (String host : List.of("192.0.2.1", "none.invalid")) {
            ServerOptions options =
                    ServerOptions.builder().host(host).insecure(true).port(0).build();
            assertThatThrownBy(() -> YocoServer.start(List.of(nano), options))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("address of this machine")
                    .hasMessageContaining(host);
        }
        assertThatThrownBy(() -> ServerOptions.builder().host("").build()).hasMessageContaining("host is empty");
    }

    @Test
    void refusesSizesThatMeanNothing() {
        assertThatThrownBy(() -> ServerOptions.builder().stateBytes(1000).build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("--state-dir");
        SchedulerOptions large = SchedulerOptions.builder()
                .cacheMemory(Runtime.getRuntime().maxMemory() + 1)
                .build();
        assertThatThrownBy(() -> ServerOptions.builder().scheduler(large).build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("-Xmx");
    }

    @Test
    void namesOfModelsMayHaveSlashes() throws Exception {
        ModelSource nano = model();
        ModelSource named = new ModelSource("a/b", nano.folder(), nano.opened());
        try (YocoServer server = TestModels.serve(ServerOptions.builder(), named)) {
            for (String path : List.of("/v1/models/a/b", "/v1/models/a%2Fb")) {
                Reply reply = TestModels.get(server, path);
                assertThat(reply.status()).as(path + reply.body()).isEqualTo(200);
                assertThat(reply.json().path("id").asText()).isEqualTo("a/b");
            }
        }
    }

    @Test
    void answersWhileModelsAreLoading() throws Exception {
        ModelSource nano = model();
        CountDownLatch goOn = new CountDownLatch(1);
        ModelSource slow = new ModelSource("slow", nano.folder(), options -> {
            try {
                assertThat(goOn.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return nano.opened().apply(options);
        });
        try (YocoServer server =
                YocoServer.start(List.of(slow), ServerOptions.builder().port(0).build())) {
            assertThat(TestModels.get(server, "/health").status()).isEqualTo(503);
            Reply early = TestModels.post(server, "/v1/completions", "{\"prompt\": \"a\"}");
            assertThat(early.status()).isEqualTo(503);
            assertThat(early.response().headers().firstValue("retry-after")).isPresent();
            goOn.countDown();
            server.loaded().get(60, TimeUnit.SECONDS);
            assertThat(TestModels.get(server, "/health").status()).isEqualTo(200);
        }
    }

    @Test
    void saysWhatCannotBeLoaded() throws Exception {
        try (YocoServer server = YocoServer.start(
                List.of(ModelSource.of(temp.resolve("none"))),
                ServerOptions.builder().port(0).build())) {
            assertThatThrownBy(() -> server.loaded().get(60, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(InvalidInputException.class);
            Reply health = TestModels.get(server, "/health");
            assertThat(health.status()).isEqualTo(500);
            assertThat(health.json().path("reason").asText()).contains("none");
        }
    }

    @Test
    void refusesWhatCannotBeServed() throws Exception {
        ModelSource nano = model();
        ServerOptions options = ServerOptions.builder().port(0).build();
        assertThatThrownBy(() -> YocoServer.start(List.of(), options)).isInstanceOf(InvalidInputException.class);
        assertThatThrownBy(() -> YocoServer.start(List.of(nano, nano), options))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("two models have the name nano");
        try (YocoServer server = YocoServer.start(List.of(nano), options)) {
            ServerOptions taken = ServerOptions.builder().port(server.port()).build();
            assertThatThrownBy(() -> YocoServer.start(List.of(nano), taken))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("cannot be listened on");
        }
    }
}
