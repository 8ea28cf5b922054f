package io.yoco4j.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.eval.synthetic.Generators;
import io.yoco4j.experiment.Experiment.SystemPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExperimentFileTest {
    private static final String YAML = Examples.yaml(Path.of("/corpus"));

    private static Experiment with(String from, String to) {
        assertThat(YAML).contains(from);
        return ExperimentFile.read(YAML.replace(from, to));
    }

    @Test
    void readsWhatItSays() {
        Experiment e = ExperimentFile.read(YAML);
        assertThat(e.name()).isEqualTo("example");
        assertThat(e.data().heldOut()).containsOnlyKeys("held");
        assertThat(e.baseline()).contains("yoco");
        assertThat(e.systems()).extracting(SystemPlan::name).containsExactly("yoco", "yoco-u");
        SystemPlan s = e.system("yoco-u");
        assertThat(s.architecture().vocabSize()).isEqualTo(300);
        assertThat(s.architecture().stages().getFirst().loops()).isEqualTo(3);
        assertThat(s.options().sequenceLength()).isEqualTo(32);
        assertThat(s.options().bf16()).isFalse();
        assertThat(s.options().steps()).isEqualTo(4);
        assertThat(s.sweep()).containsExactly(1e-3, 2e-3, 4e-3);
        assertThat(s.sweepOptions().steps()).isEqualTo(2);
        assertThat(s.learningRateOf()).contains("yoco-u");
        assertThat(e.evaluation().loops()).containsExactly(1, 2);
        assertThat(e.evaluation().prefix().orElseThrow().lengths()).containsExactly(16, 64);
    }

    /** 128 tokens are 2 steps of 2 x 32, and 1 of 4 x 32. */
    @Test
    void aSweepsBudgetIsThatOfItsOwnRecipe() {
        assertThat(with("128 }, seed: 1", "128 }, seed: 1, recipe: { batch_size: 4 }")
                        .system("yoco")
                        .sweepOptions()
                        .steps())
                .isEqualTo(1);
    }

    @Test
    void aSweepMayHaveARecipeOfItsOwn() {
        SystemPlan s = with("128 }, seed: 1", "128 }, seed: 1, recipe: { warmup: 0.5, weight_decay: 0 }")
                .system("yoco");
        assertThat(s.sweepOptions().warmup()).isEqualTo(0.5);
        assertThat(s.sweepOptions().weightDecay()).isZero();
        assertThat(s.sweepOptions().sequenceLength()).isEqualTo(32);
        assertThat(s.sweepOptions().steps()).isEqualTo(2);
        assertThat(s.options().warmup()).isEqualTo(0.05);
    }

    @Test
    void theDocumentsExampleIsOne() throws IOException {
        String text = Files.readString(Path.of("..", "docs", "experiments", "FORMAT.md"));
        String yaml = text.substring(text.indexOf("```yaml") + 8);
        Experiment e = ExperimentFile.read(yaml.substring(0, yaml.indexOf("```")));
        assertThat(e.systems()).hasSize(5);
        assertThat(e.system("yoco-flops").trainingFlops())
                .isCloseTo(e.system("yoco-u").trainingFlops(), withinPercentage(0.1));
    }

    @Test
    void sweepsComeFirstAndThenSeedBySeed() {
        assertThat(ExperimentFile.read(YAML).jobs())
                .extracting(Job::id)
                .containsExactly(
                        "sweep-yoco-lr0.001-s1",
                        "sweep-yoco-lr0.002-s1",
                        "sweep-yoco-lr0.004-s1",
                        "sweep-yoco-u-lr0.001-s1",
                        "sweep-yoco-u-lr0.002-s1",
                        "sweep-yoco-u-lr0.004-s1",
                        "yoco-s1",
                        "yoco-u-s1",
                        "yoco-s2",
                        "yoco-u-s2");
    }

    @Test
    void aSystemsOwnSettingsWin() {
        SystemPlan s = with(
                        "{ system: yoco }",
                        "{ system: yoco, shape: { window: 4 }, recipe: { learning_rate: 5e-4 }, budget: { tokens: 1K },"
                                + " seeds: [7] }")
                .system("yoco");
        assertThat(s.architecture().stages().getFirst().attention().toString()).contains("4");
        assertThat(s.options().learningRate()).isEqualTo(5e-4);
        assertThat(s.options().sequenceLength()).as("the file's").isEqualTo(32);
        assertThat(s.options().steps()).isEqualTo(16);
        assertThat(s.seeds()).containsExactly(7L);
        assertThat(s.sweep()).as("its rate is given").isEmpty();
        assertThat(s.learningRateOf()).isEmpty();
    }

    @Test
    void stagesAreThoseOfConfigJson() {
        SystemPlan s = with(
                        "{ system: yoco }",
                        "{ learning_rate_of: yoco-u, stages: [ {layers: 1, attention: sliding_window, window: 8, position:"
                                + " rope, loops: 3, loop_input: inject}, {layers: 1, attention: cross, position: nope} ] }")
                .system("yoco");
        Stage first = s.architecture().stages().getFirst();
        assertThat(first.loopInput()).isEqualTo(Stage.LoopInput.INJECT);
        assertThat(first.loops()).isEqualTo(3);
        assertThat(s.architecture().embeddingMultiplier()).isEqualTo(4);
        assertThat(s.learningRateOf()).contains("yoco-u");
        assertThat(s.sweep()).isEmpty();
    }

    private static String synthetic(String data) {
        return """
                name: hops
                data: { %s }
                shape: { layers: 2, hidden: 16, heads: 2, head_dim: 8, intermediate: 32, window: 8 }
                recipe: { batch_size: 2, sequence_length: 20, bf16: false }
                budget: { steps: 4 }
                seeds: [1]
                systems: { yoco: { system: yoco } }
                evaluate: { tasks: ["hop:length=20,max_hops=1"], task_limit: 3 }
                """.formatted(data);
    }

    @Test
    void generatorsTakeThePlaceOfText() {
        Experiment e = ExperimentFile.read(synthetic("synthetic: \"hop:length=20,max_hops=1\""));
        assertThat(e.data().train()).isEmpty();
        assertThat(e.system("yoco").architecture().vocabSize())
                .isEqualTo(e.data().vocabulary())
                .isEqualTo(Generators.of("hop:length=20,max_hops=1").vocabulary());
        Job job = e.jobs().getFirst();
        Experiment other = ExperimentFile.read(synthetic("synthetic: \"hop:length=20,max_hops=2\""));
        assertThat(Fingerprint.ofTraining(job, e.data())).isNotEqualTo(Fingerprint.ofTraining(job, other.data()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "synthetic: hip | data.synthetic: generator \"hip\" is unknown",
                "synthetic: hop | system yoco trains on sequences of 20 tokens, but data.synthetic has examples of 100",
                "synthetic: \"hop:length=20\", vocabulary: 9 | data.synthetic makes all sequences itself",
                "synthetic: \"hop:length=20\", train: [x] | remove data.train",
            })
    void mistakesWithGeneratorsAreNamed(String data, String message) {
        assertThatThrownBy(() -> ExperimentFile.read(synthetic(data)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hop:colour=3 | evaluate.tasks: hop: colour is unknown",
                "hop:min_hops=3,max_hops=1 | evaluate.tasks: hop: hops are drawn from 3..1",
                "hop:length=500 | hop:length=500 with examples of 500 tokens, but system yoco takes 400: raise shape.max",
                "hop:letters=5,length=20 | but data.synthetic is hop:length=20, which has other words",
                "mqar:min_length=64,max_length=64 | which has other words",
                "niah | niah with examples of 512 tokens, but system yoco takes 400",
                "piqa | evaluate.tasks: TEMP has no file for task piqa (piqa.jsonl, piqa.csv, piqa.parquet)",
                "lambada | lambada.jsonl line 2 is not a JSON object",
            })
    void tasksAreReadBeforeAnythingIsTrained(String task, String message, @TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("lambada.jsonl"), "{\"text\": \"two words\"}\nbroken\n");
        String yaml = synthetic("synthetic: \"hop:length=20\"")
                .replace("window: 8", "window: 8, max_positions: 400")
                .replace("hop:length=20,max_hops=1", task)
                .replace("task_limit", "task_data: " + folder + ", task_limit");
        assertThatThrownBy(() -> ExperimentFile.read(yaml))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message.replace("TEMP", folder.toString()));
    }

    @Test
    void foldersOfTasksMustBeThere() {
        assertThatThrownBy(() -> with("loops: [1, 2]", "tasks: [piqa]\n  task_data: /nowhere"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(
                        "evaluate.task_data is /nowhere, which is missing or no folder: name the folder of the files"
                                + " that piqa reads");
        assertThatThrownBy(() -> with("loops: [1, 2]", "tasks: [hop]"))
                .hasMessageContaining("hop, which asks models of its own vocabulary: set data.synthetic");
    }

    @Test
    void theDocumentsExperimentsAreSome() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("..", "docs", "experiments"))) {
            List<Path> experiments =
                    files.filter(f -> f.toString().endsWith(".yaml")).toList();
            assertThat(experiments).isNotEmpty();
            for (Path file : experiments) {
                assertThat(ExperimentFile.read(file).jobs()).isNotEmpty();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"transformer", "sparse", "universal", "rins", "yoco", "yoco-gret", "layer-recursion"})
    void parametersAreMatchedWithinAPercent(String system) {
        Presets.Size size = new Presets.Size(8, 96, 4, 4, 24, 256, 1024, 64, true, 4096);
        long wanted = new Accounting(Presets.architecture("yoco-u", size)).nonEmbeddingParameters();
        var matched = Widths.matched(Presets.architecture(system, size), wanted, "systems.x");
        assertThat((double) new Accounting(matched).nonEmbeddingParameters()).isCloseTo(wanted, within(0.01 * wanted));
        assertThat(matched.stages())
                .isEqualTo(Presets.architecture(system, size).stages());
    }

    @Test
    void budgetsInFlopsComeFromAccounting() {
        Experiment e =
                with("yoco-u: { system: yoco-u }", "yoco-u: { system: yoco-u, budget: { training_flops: 1e9 } }");
        SystemPlan s = e.system("yoco-u");
        double perStep = new Accounting(s.architecture()).trainingFlopsPerToken(32) * 64;
        assertThat(s.options().steps()).isEqualTo((long) Math.ceil(1e9 / perStep));
        assertThat(s.trainingFlops()).isBetween(1e9, 1e9 + perStep);
    }

    @Test
    void aBudgetMayFollowAnotherSystems() {
        Experiment e = with("yoco: { system: yoco }", "yoco: { system: yoco, budget: { training_flops_of: yoco-u } }");
        double wanted = e.system("yoco-u").trainingFlops();
        double perStep =
                e.system("yoco").trainingFlops() / e.system("yoco").options().steps();
        assertThat(e.system("yoco").trainingFlops()).isBetween(wanted - 1, wanted + perStep);
        assertThat(e.system("yoco").options().steps()).isGreaterThan(4);
        Experiment same =
                with("yoco: { system: yoco }", "yoco: { system: yoco-u, budget: { training_flops_of: yoco-u } }");
        assertThat(same.system("yoco").options().steps()).isEqualTo(4);
    }

    @Test
    void drawnLoopsCountAtTheirMean() {
        SystemPlan s = with(
                        "yoco-u: { system: yoco-u }",
                        "yoco-u: { system: yoco-u, recipe: { min_loops: 1, max_loops: 3 } }")
                .system("yoco-u");
        double twice = new Accounting(s.architecture().withLoops(2)).trainingFlopsPerToken(32);
        assertThat(Experiment.flopsPerToken(s.architecture(), s.options())).isCloseTo(twice, within(1e-6 * twice));
    }

    @Test
    void tokensPerParameterCountThoseOutsideEmbeddings() {
        SystemPlan s = with("budget: { steps: 4 }", "budget: { tokens_per_parameter: 2 }")
                .system("yoco-u");
        long parameters = new Accounting(s.architecture()).nonEmbeddingParameters();
        assertThat(s.options().steps()).isEqualTo(Math.ceilDiv(2 * parameters, 64));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "name: example | nam: example | nam is not a key",
                "name: example | x: 1 | x is not a key",
                "vocabulary: 300 | vocabulary: many | data.vocabulary is \"many\"",
                "vocabulary: 300 | vocabulary: 300, sise: 2 | line 5",
                "seeds: [1, 2] | seeds: [] | seeds must be a list of integers of at least 0 with at least one",
                "seeds: [1, 2] | seeds: [1, 1] | seeds has the entry 1 twice",
                "seeds: [1, 2] | seeds: [1, x] | seeds has the entry \"x\"",
                "seeds: [1, 2] | seeds: [1, 2]\\nseeds: [3] | Duplicate field 'seeds'",
                "seeds: [1, 2] | seeds: | seeds has no value",
                "budget: { steps: 4 } | budget: { steps: 0 } | budget.steps is 0",
                "budget: { steps: 4 } | budget: { tokens: 63 } | budget comes to 63 tokens, fewer than the 64 of one step",
                "budget: { steps: 4 } | budget: { training_flops: 5 } | fewer than the 64 of one step",
                "budget: { steps: 4 } | budget: { steps: 4, tokens: 15M } | budget has steps and tokens: give one of",
                "budget: { steps: 4 } | budget: {} | budget has no bound",
                "budget: { steps: 4 } | budget: { tokens: 1.5 } | must be a whole number",
                "{ system: yoco } | { system: yoko } | systems.yoco: system \"yoko\" is unknown",
                "{ system: yoco } | { } | systems.yoco has neither system nor stages",
                "{ system: yoco } | { system: yoco, stages: [] } | systems.yoco has both system and stages",
                "{ system: yoco } | { stages: [ { layers: 1, attention: full, positon: rope } ] } | stages[0].positon",
                "{ system: yoco } | { stages: [ { layers: 1, attention: cross, position: rope } ] } | systems.yoco: ",
                "{ system: yoco } | { system: yoco, loops: 3 } | systems.yoco.loops: loops 3 was asked for",
                "{ system: yoco } | { system: yoco, recipe: { batch_sise: 3 } } | systems.yoco.recipe: batch_sise is not",
                "{ system: yoco } | { system: yoco, recipe: { seed: 3 } } | systems.yoco.recipe.seed does not belong",
                "{ system: yoco } | { system: yoco, recipe: { min_loops: 1, max_loops: 2 } } | draws loops",
                "{ system: yoco } | { system: yoco, learning_rate_of: x } | learning_rate_of is x, which is no system",
                "{ system: yoco } | { system: yoco, budget: { training_flops_of: yoco } } | whose own budget follows",
                "{ system: yoco } | { system: yoco, budget: { tokens: 2, steps: 3 } } | systems.yoco.budget has steps and",
                "{ system: yoco } | { system: yoco, shape: { hidden: 200 } } | cannot have the",
                "yoco: { system: yoco } | ../x: { system: yoco } | systems has the name \"../x\"",
                "yoco: { system: yoco } | yoco-u: { system: yoco } | Duplicate field 'yoco-u'",
                "/corpus/held | /corpus/text | data.held_out.held has the source /corpus/text, which data.train has, too",
                "/corpus/held | 2*/corpus/text | data.held_out.held has the source 2*/corpus/text, which data.train has, too",
                "window: 8 | window: 8, max_positions: 16 | trains on sequences of 32 tokens, but takes 16",
                "{ tokens: 128 }, seed: 1 | { steps: 2 }, recipe: { sequence_length: 262144 } | of 262144 tokens, but takes 131072",
                "layers: 2, | | shape.layers is missing",
                "layers: 2, | layers: 0, | shape.layers is 0",
                "batch_size: 2 | batch_size: 0 | recipe: batch_size is 0",
                "match_parameters: yoco-u | match_parameters: x | match_parameters is x, which is no system",
                "compare: yoco | compare: x | compare is x, which is no system of this file: take one of yoco, yoco-u",
                "[1e-3, 2e-3, 4e-3] | [1e-3, -2] | sweep.learning_rate has the entry -2",
                "[1e-3, 2e-3, 4e-3] | [20] | sweep.learning_rate: learning_rate is 20.0",
                "128 }, seed: 1 | 128 }, recipe: { warmup: 2 } | sweep.recipe: warmup is 2",
                "128 }, seed: 1 | 128 }, recipe: { steps: 2 } | sweep.recipe.steps does not belong there",
                "128 }, seed: 1 | 128 }, recipe: { learning_rate: 2 } | sweep.recipe.learning_rate does not belong there",
                "loops: [1, 2] | loops: [0] | evaluate.loops has the entry 0",
                "segments: 3 | held_out: english | evaluate.prefix.held_out is english, but data.held_out has held",
                "[16, 64] | [16, 640000] | evaluate.prefix needs contexts of 640032 tokens",
                "loops: [1, 2] | tasks: [nope] | evaluate.tasks has nope, but tasks are hellaswag",
            })
    void mistakesAreNamed(String from, String to, String message) {
        String replacement = to == null ? "" : to.replace("\\n", "\n");
        String yaml = YAML.replace(from, replacement);
        assertThat(yaml).isNotEqualTo(YAML);
        assertThatThrownBy(() -> ExperimentFile.read(yaml))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void theFileIsNamedToo(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("broken.yaml");
        for (String text : List.of("", "[1]", "a: [", "just text", "name: x")) {
            Files.writeString(file, text);
            assertThatThrownBy(() -> ExperimentFile.read(file))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageStartingWith(file + ": ");
        }
        assertThatThrownBy(() -> ExperimentFile.read(folder)).hasMessageContaining("missing or no file");
    }

    @Test
    void withoutASweepTheRecipesRateHolds() {
        String line = "sweep: { learning_rate: [1e-3, 2e-3, 4e-3], budget: { tokens: 128 }, seed: 1 }\n";
        SystemPlan s = with(line, "").system("yoco");
        assertThat(s.learningRateOf()).isEqualTo(Optional.empty());
        assertThat(s.options().learningRate()).isEqualTo(2e-3);
    }
}
