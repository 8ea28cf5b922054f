package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.CheckpointWriter;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.text.BpeTrainer;
import io.yoco4j.core.text.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples in the Javadoc do what they say. */
class EngineSnippetsTest {
    @TempDir
    static Path temp;

    private static Path folder;
    private static YocoModel model;
    private static Tokenizer tokenizer;

    @BeforeAll
    static void open() {
        String json = BpeTrainer.builder()
                .vocabularySize(280)
                .build()
                .train(Stream.of("class A { int a; } class B { int b; }"))
                .json();
        Architecture a;
        try (Tokenizer t = Tokenizer.parse(json)) {
            // As many tokens as the tokenizer knows, so that each is text.
            a = Presets.architecture("yoco-u", "nano").toBuilder()
                    .vocabSize(t.vocabularySize())
                    .build();
        }
        SafetensorsWriter weights = new SafetensorsWriter();
        RandomWeights.of(a, WeightFormat.F32, 1).values().forEach(weights::add);
        folder = temp.resolve("model");
        new CheckpointWriter(a, weights).tokenizer(json).create(folder);
        model = YocoModel.open(folder);
        tokenizer = model.tokenizer().orElseThrow();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static String greedy(String prompt, int maxTokens) {
        GenerationOptions options =
                GenerationOptions.builder().maxTokens(maxTokens).build();
        try (Generation text = model.generate(prompt, options)) {
            return text.join();
        }
    }

    @Test
    void openingAndGenerating() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        EngineSnippets.open(folder, new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(out.toString(StandardCharsets.UTF_8))
                .startsWith(greedy("public static ", 64))
                .contains("generated 64");
        assertThat(EngineSnippets.engine(folder)).isEqualTo(1);
        assertThat(EngineSnippets.sampled(model)).isEqualTo(EngineSnippets.sampled(model));
        assertThat(EngineSnippets.deeper(model)).isNotEmpty();
    }

    @Test
    void streamsThatArePulledAndCancelled() {
        String whole = greedy("class A {", 256);
        String cancelled = EngineSnippets.until(model, text -> text.length() >= 5);
        assertThat(cancelled).hasSizeGreaterThanOrEqualTo(5).hasSizeLessThan(whole.length());
        assertThat(whole).startsWith(cancelled);
    }

    @Test
    void streamsThatAreRequested() throws Exception {
        try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
            String whole =
                    EngineSnippets.publish(model, executor, new Semaphore(100)).get(60, TimeUnit.SECONDS);
            assertThat(whole).isEqualTo(greedy("class A {", 32));
        }
    }

    @Test
    void sessions(@TempDir Path files) {
        int[] prompt = tokenizer.encode("class A {");
        List<Integer> ids = new ArrayList<>();
        assertThat(EngineSnippets.likeliest(model, prompt, 8, ids)).isEqualTo(prompt.length + 8);
        int[] drawn = ids.stream().mapToInt(Integer::intValue).toArray();
        assertThat(tokenizer.decode(drawn)).isEqualTo(greedy("class A {", 8));
        assertThat(EngineSnippets.saved(model, prompt, files.resolve("context")))
                .isEqualTo(continued(concat(prompt, tokenizer.encode(" int x")), 256));
    }

    @Test
    void branchesGoOnFromTheTrunkAsIfTheyHadReadItThemselves() {
        String context = "class A { int a; } ";
        Map<String, String> answers = EngineSnippets.branches(model, context, List.of("class B", "int"));
        assertThat(answers).hasSize(2);
        answers.forEach((question, answer) -> assertThat(answer)
                .isEqualTo(continued(concat(tokenizer.encode(context), tokenizer.encode(question)), 16)));
    }

    private static int[] concat(int[] a, int[] b) {
        return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
    }

    private static String continued(int[] prompt, int maxTokens) {
        GenerationOptions options =
                GenerationOptions.builder().maxTokens(maxTokens).build();
        try (Session session = model.session();
                Generation text = session.generate(prompt, options)) {
            return text.join();
        }
    }

    @Test
    void batchesAndLoopsOfOnesOwn() {
        int[] first = tokenizer.encode("class A");
        int[] second = tokenizer.encode("int b;");
        List<float[]> next = EngineSnippets.together(model, first, second);
        assertThat(next).hasSize(2);
        double score = EngineSnippets.score(model, first, 7);
        assertThat(LogSoftmax.of(next.getFirst()).at(7)).isCloseTo(score, offset(1e-3));
        String text = EngineSnippets.loop(model, first);
        String whole = continued(first, 32);
        assertThat(text).isEqualTo(whole.contains("}") ? whole.substring(0, whole.indexOf('}')) : whole);
    }

    @Test
    void measures() {
        assertThat(EngineSnippets.loss(model, "class C { int c; }")).isPositive();
        // yoco-u: a stage of three iterations, and the cross-decoder.
        assertThat(EngineSnippets.convergence(model, "class C { int c; }")).hasSize(4);
    }
}
