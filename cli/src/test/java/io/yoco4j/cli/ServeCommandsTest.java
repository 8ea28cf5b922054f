package io.yoco4j.cli;

import static io.yoco4j.cli.Run.yoco;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.testing.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code serve}: what it refuses before it serves; and {@code bench-server}, which serves. */
class ServeCommandsTest {
    @TempDir
    Path temp;

    private static void requireMistake(String message, String... args) {
        Run run = yoco(args);
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.err()).contains(message);
    }

    @Test
    void serveRefusesWhatItCannotServe() throws IOException {
        String none = temp.resolve("none").toString();
        requireMistake("config.json", "serve", none, "--port", "0");
        requireMistake("there is no API key", "serve", none, "--host", "0.0.0.0");
        requireMistake("port is 70000", "serve", none, "--port", "70000");
        requireMistake("warm-up is PT-1S, but must not be negative", "serve", none, "--warm-up", "-1");
        requireMistake("max concurrent is 0", "serve", none, "--max-concurrent", "0");
        requireMistake("\"4X\" is no size", "serve", none, "--cache-memory", "4X");
        requireMistake("\"0\" is no size", "serve", none, "--state-size", "0");
        requireMistake(
                "could not be read",
                "serve",
                none,
                "--api-key-file",
                temp.resolve("keys").toString());
        Path empty = Files.writeString(temp.resolve("empty"), "\n\n");
        requireMistake("has no key", "serve", none, "--api-key-file", empty.toString());
        Files.writeString(empty, "# none yet\n");
        requireMistake("has no key", "serve", none, "--api-key-file", empty.toString());
        Files.write(empty, new byte[] {(byte) 0xff, 10});
        requireMistake("is not UTF-8", "serve", none, "--api-key-file", empty.toString());
        requireMistake("two models have the name a", "serve", "a=" + none, "a=" + temp);
        requireMistake("a model's name is empty", "serve", "=" + none);
        requireMistake("threads is 0", "serve", none, "--threads", "0");
        Golden golden = Golden.all().findFirst().orElseThrow();
        requireMistake("leave prepack out", "serve", golden.folder().toString(), "--port", "0", "--prepack");
        assertThat(new Units.Bytes().convert("3m")).isEqualTo(3L << 20);
        assertThat(new Units.Bytes().convert("17")).isEqualTo(17);
    }

    @Test
    void benchServerMeasuresAServer() throws IOException {
        Run run = yoco(
                "bench-server",
                "--size",
                "nano",
                "--streams",
                "3",
                "--prompt",
                "40",
                "--generate",
                "4",
                "--prefix",
                "300",
                "--clients",
                "6",
                "--bodies",
                "60",
                "--rounds",
                "2",
                "--only",
                "streams,prefix,misbehaviour");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode[] lines = run.out().lines().map(ServeCommandsTest::json).toArray(JsonNode[]::new);
        assertThat(lines).hasSize(3);
        assertThat(lines[0].path("tokens_per_second_3").asDouble()).isPositive();
        assertThat(lines[1].path("first_token_s").asDouble()).isPositive();
        assertThat(lines[2].path("refused").asInt()).isEqualTo(120);
        assertThat(lines[2].path("heap_bytes")).hasSize(2);
        assertThat(lines[2].path("running_after").asInt()).isZero();
        assertThat(lines[2].path("health").asInt()).isEqualTo(200);
        requireMistake("--only has \"all\"", "bench-server", "--only", "all");
        requireMistake("a count is below 1", "bench-server", "--bodies", "0");
        requireMistake("exclude each other", "bench-server", "models/some", "--size", "nano");
        requireMistake("config.json", "bench-server", temp.resolve("none").toString());
    }

    /** Where oneDNN runs; elsewhere commands say why they do not. */
    @Test
    void benchmarksPrepackWeights() {
        requireMistake("leave prepack out", "bench", "--size", "nano", "--prepack");
        Run bench = yoco(
                "bench",
                "--engine",
                "onednn",
                "--prepack",
                "--size",
                "nano",
                "--context",
                "64",
                "--batch",
                "8",
                "--generate",
                "1",
                "--repeat",
                "1");
        assumeFalse(bench.err().contains("does not run here"), bench.err());
        assertThat(bench.code()).as(bench.err()).isZero();
        assertThat(bench.out()).contains("f32 KV, prepacked, ").contains("\"prepack\":true");
        Run server = yoco(
                "bench-server",
                "--size",
                "nano",
                "--prepack",
                "--streams",
                "9",
                "--prompt",
                "40",
                "--generate",
                "4",
                "--only",
                "streams");
        assertThat(server.code()).as(server.err()).isZero();
        assertThat(json(server.out()).path("kernels").asText()).endsWith("+onednn");
        assertThat(json(server.out()).path("tokens_per_second_9").asDouble()).isPositive();
        assertThat(json(server.out()).path("prepack").asBoolean()).isTrue();
    }

    private static JsonNode json(String line) {
        try {
            return new JsonMapper().readTree(line);
        } catch (IOException e) {
            throw new IllegalStateException(line, e);
        }
    }
}
