package io.yoco4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client that is everywhere; left out, and said so, where it is not. */
class CurlTest {
    private static final String BODY =
            "{\"prompt\": \"the cat\", \"max_tokens\": 8, \"temperature\": 0, \"stream\": %s}";

    @TempDir
    static Path temp;

    private static Path curl;
    private static YocoServer server;

    @BeforeAll
    static void start() throws Exception {
        Optional<Path> found = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder, "curl"))
                .filter(Files::isExecutable)
                .findFirst();
        assumeTrue(found.isPresent(), "there is no curl on the PATH: install it to have these tests run");
        curl = found.get();
        server = TestModels.serve(ServerOptions.builder(), ModelSource.of(TestModels.folder(temp, "nano", "yoco-u")));
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.close();
        }
    }

    private static String curl(String path, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                curl.toString(),
                "--silent",
                "--show-error",
                "--noproxy",
                "*",
                "http://127.0.0.1:" + server.port() + path));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        return out;
    }

    private static String text(String json) throws Exception {
        JsonNode reply = new JsonMapper().readTree(json);
        return reply.path("choices").path(0).path("text").asText();
    }

    @Test
    void completesAndStreams() throws Exception {
        String[] json = {"-H", "Content-Type: application/json", "-d"};
        String whole = text(curl("/v1/completions", json[0], json[1], json[2], BODY.formatted(false)));
        assertThat(whole).isNotEmpty();
        String stream = curl("/v1/completions", "-N", json[0], json[1], json[2], BODY.formatted(true));
        assertThat(stream).endsWith("data: [DONE]\n\n");
        StringBuilder pieces = new StringBuilder();
        for (String line : stream.lines().filter(l -> l.startsWith("data: {")).toList()) {
            pieces.append(text(line.substring("data: ".length())));
        }
        assertThat(pieces.toString()).isEqualTo(whole);
    }

    /** With -d alone it sends a form, and a long body after Expect: 100-continue. */
    @Test
    void hearsWhatIsWrong() throws Exception {
        String code = "\n%{http_code}";
        assertThat(curl("/v1/completions", "-w", code, "-d", BODY.formatted(false)))
                .contains("application/json")
                .endsWith("\n415");
        Path large =
                Files.writeString(temp.resolve("body"), "{\"prompt\": \"" + "a".repeat(2_000_000) + "\", \"x\": 1}");
        assertThat(curl(
                        "/v1/completions",
                        "-w",
                        code,
                        "-H",
                        "Content-Type: application/json",
                        "--data-binary",
                        "@" + large))
                .contains("Unrecognized request argument supplied: x")
                .endsWith("\n400");
        assertThat(curl("/v1/models", "-w", code)).contains("\"nano\"").endsWith("\n200");
    }
}
