package io.yoco4j.cli;

import static io.yoco4j.cli.Run.yoco;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.testing.ModelFolders;
import io.yoco4j.core.text.WordVocabulary;
import io.yoco4j.eval.synthetic.Generators;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --exit-threshold} where models run, and {@code inspect --convergence}. */
class EarlyExitCommandsTest {
    private static final String TEXT = "the cat sat on the mat. ".repeat(30);

    @TempDir
    Path temp;

    private String model = "";
    private String text = "";

    /** A YOCO-U whose self-decoder, 2 layers, has 3 loops before 2 cross layers. */
    @BeforeEach
    void makeModel() throws IOException {
        ModelFolders.create(temp.resolve("model"), "yoco-u", 1, TEXT);
        model = temp.resolve("model").toString();
        Path folder = Files.createDirectories(temp.resolve("data").resolve("perplexity"));
        text = Files.writeString(folder.resolve("a.txt"), TEXT).toString();
    }

    @Test
    void generateWithAThresholdOfOneIsOneLoop() throws IOException {
        Run exit = yoco("generate", model, "the cat", "--max-tokens", "5", "--exit-threshold", "1", "--stats");
        assertThat(exit.code()).as(exit.err()).isZero();
        assertThat(exit.err()).contains(", 1.00 loops per token, kernels ");
        Run one = yoco("generate", model, "the cat", "--max-tokens", "5", "--loops", "1", "--stats");
        assertThat(exit.out()).isEqualTo(one.out());
        assertThat(one.err()).contains("kernels ").doesNotContain("loops");
        Run all = yoco("generate", model, "the cat", "--max-tokens", "5", "--json");
        assertThat(all.json().path("mean_loops").asDouble()).isEqualTo(3);
    }

    @Test
    void evalTellsQualityAndMeanLoops() throws IOException {
        JsonNode exit = perplexity("--exit-threshold", "1");
        assertThat(exit.path("mean_loops").asDouble()).isEqualTo(1);
        assertThat(exit.path("exit_threshold").asDouble()).isEqualTo(1);
        JsonNode one = perplexity("--loops", "1");
        JsonNode all = perplexity();
        assertThat(all.path("mean_loops").asDouble()).isEqualTo(3);
        for (JsonNode line : List.of(exit, one, all)) {
            ((ObjectNode) line).remove(List.of("seconds", "exit_threshold", "mean_loops"));
        }
        assertThat(exit).isEqualTo(one).isNotEqualTo(all);
        Run run = yoco("eval", model, "--tasks", "perplexity", "--data", data(), "--exit-threshold", "1");
        assertThat(run.out()).contains("Tokens of perplexity took 1.00 loops on average.");
    }

    private String data() {
        return temp.resolve("data").toString();
    }

    private JsonNode perplexity(String... more) throws IOException {
        Path json = temp.resolve("eval.jsonl");
        List<String> args = new ArrayList<>(
                List.of("eval", model, "--tasks", "perplexity", "--data", data(), "--json", json.toString()));
        args.addAll(List.of(more));
        Run run = yoco(args.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).doesNotContain(more.length > 0 && more[0].equals("--exit-threshold") ? "!" : "loops");
        return new JsonMapper().readTree(Files.readString(json));
    }

    /** Its tokens are asked for one sequence at a time, not scored or generated. */
    @Test
    void evalTellsMeanLoopsOfSyntheticTasks() throws IOException {
        String words = new WordVocabulary(Generators.of("hop").words()).json();
        Files.writeString(Path.of(model, "tokenizer.json"), words);
        Path json = temp.resolve("hop.jsonl");
        Run run = yoco(
                "eval",
                model,
                "--tasks",
                "hop:length=20",
                "--limit",
                "2",
                "--exit-threshold",
                "1",
                "--json",
                json.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("Tokens of hop:length=20 took 1.00 loops on average.");
        assertThat(new JsonMapper()
                        .readTree(Files.readString(json))
                        .path("mean_loops")
                        .asDouble())
                .isEqualTo(1);
    }

    @Test
    void inspectPrintsAndDrawsHowLoopsConverge() throws IOException {
        Path plot = temp.resolve("plot.png");
        Run run = yoco("inspect", model, "--convergence", text, "--plot", plot.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .containsPattern("\\| 0 +\\| +3 \\| +1 \\| +0\\.[0-9]{5} \\|")
                .containsPattern("\\| 1 +\\| +1 \\| +1 \\| +0\\.[0-9]{5} \\|")
                .containsPattern("\\| 0 +\\| +2 \\| +0\\.[0-9]{5} \\| +0\\.[0-9]{5} \\|");
        assertThat(ImageIO.read(plot.toFile()).getWidth()).isEqualTo(960);
        JsonNode json = yoco("inspect", model, "--convergence", text, "--json").json();
        assertThat(json.path("tokens").asInt()).isPositive();
        assertThat(json.path("layers")).hasSize(3 * 2 + 2);
        assertThat(json.path("iterations")).hasSize(4);
        for (JsonNode iteration : json.path("iterations")) {
            double sum = 0;
            int layers = 0;
            for (JsonNode layer : json.path("layers")) {
                if (layer.path("stage").equals(iteration.path("stage"))
                        && layer.path("iteration").equals(iteration.path("iteration"))) {
                    sum += layer.path("distance").asDouble();
                    layers++;
                }
            }
            assertThat(layers).isEqualTo(2);
            assertThat(iteration.path("layers_mean").asDouble()).isCloseTo(sum / layers, within(1e-9));
            assertThat(iteration.path("across").asDouble()).isBetween(1e-4, sum);
        }
        assertThat(yoco("inspect", model, "--convergence", text, "--loops", "5", "--json")
                        .json()
                        .path("layers"))
                .hasSize(5 * 2 + 2);
    }

    /** The distance that inspect shows is the one that the threshold is compared with. */
    @Test
    void tokensLeaveBelowTheLargestDistanceAndNotBelowTheSmallest() throws IOException {
        JsonNode first = yoco("inspect", model, "--convergence", text, "--json")
                .json()
                .path("iterations")
                .path(0);
        double mean = first.path("across").asDouble();
        assertThat(perplexity("--exit-threshold", "" + mean / 1000)
                        .path("mean_loops")
                        .asDouble())
                .isEqualTo(3);
        assertThat(perplexity("--exit-threshold", "" + mean).path("mean_loops").asDouble())
                .isBetween(1.0, 2.99);
    }

    @Test
    void mistakesEndInOneSentenceAndExitTwo() throws IOException {
        String empty = Files.writeString(temp.resolve("empty.txt"), "").toString();
        requireMistake(
                "exit threshold is 1.5, but must lie in 0..1", "generate", model, "x", "--exit-threshold", "1.5");
        requireMistake("exit threshold is NaN", "generate", model, "x", "--exit-threshold", "NaN");
        requireMistake(
                "exit threshold is -0.1",
                "eval",
                model,
                "--tasks",
                "perplexity",
                "--data",
                data(),
                "--exit-threshold=-0.1");
        requireMistake("--exit-threshold", "generate", model, "x", "--exit-threshold", "half");
        requireMistake("--context has no effect", "inspect", model, "--convergence", text, "--context", "4K");
        requireMistake("--plot draws what --convergence measures", "inspect", model, "--plot", empty);
        requireMistake("name a model folder", "inspect", "--system", "yoco-u", "--size", "nano", "--convergence", text);
        requireMistake(
                "", "inspect", model, "--convergence", temp.resolve("missing").toString());
        requireMistake("", "inspect", model, "--convergence", empty);
        requireMistake("loops is 0", "inspect", model, "--convergence", text, "--loops", "0");
        Files.delete(Path.of(model, "tokenizer.json"));
        requireMistake("has no tokenizer.json, which text needs", "inspect", model, "--convergence", text);
    }

    private static void requireMistake(String message, String... args) {
        Run run = yoco(args);
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.err()).startsWith("yoco: ").contains(message).doesNotContain("Exception");
        assertThat(run.out()).isEmpty();
    }
}
