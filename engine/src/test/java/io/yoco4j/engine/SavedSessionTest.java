package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a saved session keeps, and which files are refused. That it goes on to the bit is in {@link SystemContract}. */
class SavedSessionTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u"));
    private static final int[] PROMPT = {3, 1, 4, 1, 5, 9, 2, 6};

    @TempDir
    Path temp;

    private static YocoModel model(Architecture a, KvFormat kv, int seed) {
        return YocoModel.of(
                a,
                RandomWeights.of(a, WeightFormat.F32, seed),
                EngineOptions.builder().kv(kv).build());
    }

    private static YocoModel model() {
        return model(A, KvFormat.BF16, 1);
    }

    private Path saved(SessionOptions options) {
        Path file = temp.resolve("session");
        try (YocoModel model = model()) {
            Session session = model.session(options);
            session.prefill(PROMPT, Logits.NONE);
            session.save(file);
        }
        return file;
    }

    private static void requireRefused(YocoModel model, Path file, SessionOptions options, String message) {
        assertThatThrownBy(() -> model.restore(file, options))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }

    private static void requireRefused(YocoModel model, Path file, String message) {
        requireRefused(model, file, SessionOptions.defaults(), message);
    }

    @Test
    void refusesWhatWasSavedFromAnotherModelLoopCountOrFormat() {
        Path file = saved(SessionOptions.defaults());
        Path deep = temp.resolve("deep");
        SessionOptions four = SessionOptions.builder().loops(4).build();
        try (YocoModel model = model();
                YocoModel otherWeights = model(A, KvFormat.BF16, 2);
                YocoModel otherShape = model(A.toBuilder().ropeTheta(5).build(), KvFormat.BF16, 1);
                YocoModel otherFormat = model(A, KvFormat.Q8, 1)) {
            requireRefused(otherWeights, file, "was saved from another model");
            requireRefused(otherShape, file, "was saved from another model");
            requireRefused(
                    otherFormat,
                    file,
                    "keys and values in bf16, but the model stores them in q8: open it with kv bf16");
            requireRefused(model, file, four, "was saved with 3,1 loops of the stages, but the session has 4,1");
            requireRefused(
                    model,
                    file,
                    SessionOptions.builder().loops(1).build(),
                    "but the session has 1,1: give it the same");
            requireRefused(
                    model,
                    file,
                    SessionOptions.builder().maxPositions(7).build(),
                    "has a context of 8 tokens, but the session may have 7");
            Session session = model.session(four);
            session.prefill(PROMPT, Logits.NONE);
            session.save(deep);
            requireRefused(model, deep, "was saved with 4,1 loops of the stages, but the session has 3,1");
            Session restored = model.restore(deep, four);
            assertThat(restored.decode(1)).isEqualTo(session.decode(1));
        }
    }

    @Test
    void refusesFilesThatAreNoSessions() throws IOException {
        Path file = saved(SessionOptions.defaults());
        byte[] bytes = Files.readAllBytes(file);
        try (YocoModel model = model()) {
            requireRefused(model, temp.resolve("missing"), "is missing");
            requireRefused(model, temp, "not a file");
            Path other = temp.resolve("other");
            Files.writeString(other, "some text that is no safetensors file");
            requireRefused(model, other, "not a safetensors file");
            new SafetensorsWriter().add("x", new long[] {1}, new float[1]).write(other);
            requireRefused(model, other, "is not a session file");
            new SafetensorsWriter(Map.of("kind", "yoco4j session", "version", "2"))
                    .add("x", new long[] {1}, new float[1])
                    .write(other);
            requireRefused(model, other, "of version 2");
            Files.write(other, Arrays.copyOf(bytes, bytes.length - 1));
            requireRefused(model, other, "truncated");
            // A bit of the last cached row: only the checksum can tell.
            bytes[bytes.length - 12] ^= 1;
            Files.write(other, bytes);
            requireRefused(model, other, "its checksum is not that of its content: the file is damaged");
        }
    }

    @Test
    void refusesAContextThatDoesNotFitMemory() {
        Path file = saved(SessionOptions.defaults());
        AtomicLong room = new AtomicLong(1000);
        EngineOptions options = EngineOptions.builder().kv(KvFormat.BF16).build();
        try (YocoModel model = YocoModel.of(A, RandomWeights.of(A, WeightFormat.F32, 1), options, room::get)) {
            assertThatThrownBy(() -> model.restore(file))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("a context of 8 tokens needs");
            room.set(1 << 24);
            assertThat(model.restore(file).position()).isEqualTo(8);
        }
    }

    @Test
    void aFileThatCannotBeWrittenIsAFailureAndTheSessionGoesOn() throws IOException {
        try (YocoModel model = model()) {
            Session session = model.session();
            session.prefill(PROMPT, Logits.NONE);
            Path inTheWay = Files.writeString(temp.resolve("file"), "");
            assertThatThrownBy(() -> session.save(inTheWay.resolve("session")))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("could not be written");
            session.decode(1);
            session.close();
            assertThatThrownBy(() -> session.save(temp.resolve("session"))).hasMessageContaining("session is closed");
            assertThat(temp.resolve("session")).doesNotExist();
        }
    }

    @Test
    void aGenerationGoesOnWithTheTokenThatTheOneBeforeDrewLast() {
        Path file = temp.resolve("session");
        GenerationOptions eight = GenerationOptions.builder().maxTokens(8).build();
        GenerationOptions four = GenerationOptions.builder().maxTokens(4).build();
        int[] more = {7, 7};
        try (YocoModel model = model()) {
            List<Integer> whole = ids(model.session().generate(PROMPT, eight));
            Session session = model.session();
            List<Integer> first = ids(session.generate(PROMPT, four));
            assertThat(session.pending()).hasValue(first.getLast());
            session.save(file);
            Session restored = model.restore(file);
            assertThat(restored.pending()).hasValue(first.getLast());
            Session fork = restored.fork();
            Generation second = restored.generate(new int[0], four);
            first.addAll(ids(second));
            assertThat(first).isEqualTo(whole);
            assertThat(second.stats().promptTokens())
                    .as("no more than the pending token")
                    .isEqualTo(1);
            // With a prompt: as one run on all of the text.
            int[] text = IntStream.concat(
                            IntStream.of(PROMPT),
                            IntStream.concat(first.stream().limit(4).mapToInt(i -> i), IntStream.of(more)))
                    .toArray();
            assertThat(ids(fork.generate(more, four)))
                    .isEqualTo(ids(model.session().generate(text, four)));
            assertThat(fork.tokens()).startsWith(text).hasSize(text.length + 3);
            // Whoever goes on by hand takes in what is given, and nothing is pending then.
            session.decode(1);
            assertThat(session.pending()).isEmpty();
            assertThatThrownBy(() -> session.generate(new int[0], four)).hasMessageContaining("no token");
            session.save(file);
            assertThat(model.restore(file).pending()).isEmpty();
            fork.reset();
            fork.prefill(new int[text.length + 3], Logits.NONE);
            assertThat(fork.pending()).isEmpty();
        }
    }

    @Test
    void recentTokensOfTheContextCountForTheRepetitionPenalty() {
        GenerationOptions options = GenerationOptions.builder()
                .maxTokens(6)
                .sampling(Sampling.builder().repetitionPenalty(3).build())
                .build();
        try (YocoModel model = model()) {
            Session session = model.session();
            session.prefill(Arrays.copyOf(PROMPT, 5), Logits.NONE);
            assertThat(ids(session.generate(Arrays.copyOfRange(PROMPT, 5, 8), options)))
                    .isEqualTo(ids(model.session().generate(PROMPT, options)));
        }
    }

    private static List<Integer> ids(Generation generation) {
        List<Integer> ids = new ArrayList<>();
        generation.forEach(t -> ids.add(t.id()));
        return ids;
    }

    @Test
    void theHeaderSaysWhatItIs() throws IOException {
        String text = new String(Files.readAllBytes(saved(SessionOptions.defaults())), StandardCharsets.ISO_8859_1);
        assertThat(text)
                .contains("\"kind\":\"yoco4j session\"", "\"kv\":\"bf16\"", "\"position\":\"8\"", "\"loops\":\"3,1\"")
                .contains("\"global\"", "\"stages.0.loops.2.layers.1\"", "\"tokens\"");
    }

    @Test
    void tellsItsTokensWithoutItsStates() throws IOException {
        Path file = saved(SessionOptions.defaults());
        assertThat(YocoModel.savedTokens(file)).containsExactly(PROMPT);

        byte[] bytes = Files.readAllBytes(file);
        Path cut = Files.write(temp.resolve("cut"), Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> YocoModel.savedTokens(cut))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(cut.toString());
    }

    @Test
    void memoryInUseCountsSharedBlocksOnce() {
        try (YocoModel model = model();
                Session session = model.session()) {
            assertThat(model.cacheUsage()).isEqualTo(new CacheUsage(0, 0, 0));
            session.prefill(PROMPT, Logits.NONE);
            CacheUsage one = model.cacheUsage();
            assertThat(one.bytes()).isEqualTo(session.allocatedBytes()).isPositive();
            try (Session fork = session.fork()) {
                assertThat(model.cacheUsage()).isEqualTo(one);
                long more = fork.bytesToGrow(1);
                fork.decode(1);
                assertThat(model.cacheUsage().bytes()).isEqualTo(one.bytes() + more);
            }
            assertThat(model.cacheUsage().bytes()).isEqualTo(one.bytes());
        }
    }
}
