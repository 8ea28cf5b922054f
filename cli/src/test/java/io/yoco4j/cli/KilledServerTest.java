package io.yoco4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.testing.ModelFolders;
import io.yoco4j.engine.Generation;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.YocoModel;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code yoco serve} as a process that is loaded, and killed while it moves contexts to disk: whatever it answers, before and
 * after, is what the engine generates alone.
 */
@Tag("slow")
class KilledServerTest {
    private static final int PROMPTS = 24;
    private static final int TOKENS = 12;
    private static final int ROUNDS = 8;

    @TempDir
    Path temp;

    private Path model;
    private Path states;
    private final List<String> prompts = new ArrayList<>();
    private final List<String> expected = new ArrayList<>();

    @BeforeEach
    void generateAlone() {
        model = ModelFolders.create(temp.resolve("model"), "yoco-u", 1, "the cat sat on the mat");
        states = temp.resolve("states");
        SplittableRandom random = new SplittableRandom(1);
        try (YocoModel alone = YocoModel.open(model)) {
            for (int i = 0; i < PROMPTS; i++) {
                StringBuilder prompt = new StringBuilder();
                while (prompt.length() < 1200) {
                    prompt.append((char) ('a' + random.nextInt(26)));
                }
                prompts.add(prompt.toString());
                GenerationOptions options =
                        GenerationOptions.builder().maxTokens(TOKENS).build();
                try (Generation generation = alone.generate(prompt.toString(), options)) {
                    expected.add(generation.join());
                }
            }
        }
    }

    @Test
    void answersTheSameUnderLoadAndAfterEachKill() throws Exception {
        SplittableRandom random = new SplittableRandom(2);
        int answered = 0;
        for (int round = 0; round < ROUNDS; round++) {
            try (Server server = start();
                    ExecutorService clients = Executors.newFixedThreadPool(16)) {
                List<Future<Boolean>> replies = new ArrayList<>();
                for (int i = 0; i < 4 * PROMPTS; i++) {
                    int prompt = random.nextInt(PROMPTS);
                    replies.add(clients.submit(() -> ask(server.port, prompt)));
                }
                // Somewhere among them, so that some are answered and some are cut off.
                int until = random.nextInt(replies.size());
                for (Future<Boolean> reply : replies.subList(0, until)) {
                    answered += outcome(reply) ? 1 : 0;
                }
                server.process.destroyForcibly().waitFor();
                for (Future<Boolean> reply : replies.subList(until, replies.size())) {
                    answered += outcome(reply) ? 1 : 0;
                }
            }
        }
        assertThat(answered).isPositive();
        try (Stream<Path> files = Files.walk(states)) {
            assertThat(files.filter(f -> f.toString().endsWith(".yoco"))).isNotEmpty();
        }
        int cached = 0;
        try (Server server = start()) {
            for (int i = 0; i < PROMPTS; i++) {
                JsonNode reply = completion(server.port, i);
                assertThat(reply.path("choices").path(0).path("text").asText()).isEqualTo(expected.get(i));
                cached += reply.path("usage")
                        .path("prompt_tokens_details")
                        .path("cached_tokens")
                        .asInt();
            }
        }
        assertThat(cached).as("tokens that files of killed processes held").isPositive();
    }

    /** Whether it was answered, and then rightly; false where the server went before. */
    private static boolean outcome(Future<Boolean> reply) throws InterruptedException {
        try {
            return reply.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException) {
                return false;
            }
            throw new AssertionError(e.getCause());
        }
    }

    private boolean ask(int port, int prompt) throws IOException, InterruptedException {
        assertThat(completion(port, prompt).path("choices").path(0).path("text").asText())
                .isEqualTo(expected.get(prompt));
        return true;
    }

    private JsonNode completion(int port, int prompt) throws IOException, InterruptedException {
        JsonMapper mapper = new JsonMapper();
        String body = mapper.writeValueAsString(
                Map.of("model", "model", "prompt", prompts.get(prompt), "max_tokens", TOKENS, "temperature", 0));
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> reply = client.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/completions"))
                            .header("Content-Type", "application/json")
                            .POST(BodyPublishers.ofString(body))
                            .build(),
                    BodyHandlers.ofString());
            assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
            return mapper.readTree(reply.body());
        }
    }

    private record Server(Process process, int port) implements AutoCloseable {
        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    /** A server with memory for a few of the contexts, so that the others go to disk and come back. */
    private Server start() throws IOException, InterruptedException {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Yoco.class.getName(),
                "serve",
                model.toString(),
                "--port",
                "0",
                "--max-queue",
                "200",
                "--cache-memory",
                "12M",
                "--state-dir",
                states.toString());
        Path output = Files.createTempFile(temp, "server", ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        Pattern ready = Pattern.compile("Ready: http://127\\.0\\.0\\.1:([0-9]+)/ to try");
        while (process.isAlive()) {
            Matcher line = ready.matcher(Files.readString(output));
            if (line.find()) {
                return new Server(process, Integer.parseInt(line.group(1)));
            }
            Thread.sleep(50);
        }
        throw new AssertionError("the server did not start:\n" + Files.readString(output));
    }
}
