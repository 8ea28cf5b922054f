package io.yoco4j.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.checkpoint.FolderLock;
import io.yoco4j.experiment.ExperimentRunner.Outcome;
import io.yoco4j.experiment.JobStates.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.assertj.core.util.DoubleComparator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is run, in which order, and what is never run again; training itself is faked. */
class ExperimentRunnerTest {
    @TempDir
    Path temp;

    private final Fakes fakes = new Fakes();
    private final List<String> notes = new ArrayList<>();
    private Experiment experiment;
    private Path out;
    private List<Path> reused = List.of();

    @BeforeEach
    void text() throws IOException {
        Examples.text(temp);
        experiment = ExperimentFile.read(Examples.yaml(temp));
        out = temp.resolve("out");
    }

    private Outcome run() {
        return run(1);
    }

    private Outcome run(int jobs) {
        fakes.begun.clear();
        ExperimentRunner runner =
                new ExperimentRunner(experiment, out, fakes, fakes, jobs, 2, reused, new ExperimentListener() {
                    @Override
                    public void note(String sentence) {
                        notes.add(sentence);
                    }
                });
        fakes.stop = runner::stop;
        return runner.run();
    }

    private void change(String from, String to) {
        String yaml = Examples.yaml(temp);
        assertThat(yaml).contains(from);
        experiment = ExperimentFile.read(yaml.replace(from, to));
    }

    @Test
    void runsEachJobOnceAndNoneAgain() {
        assertThat(run()).isEqualTo(new Outcome(10, 0, 0, 0));
        assertThat(fakes.begun)
                .containsExactlyElementsOf(
                        experiment.jobs().stream().map(Job::id).toList());
        assertThat(run()).isEqualTo(new Outcome(10, 0, 0, 0));
        assertThat(fakes.begun).isEmpty();
    }

    /** Of another name, but the same systems: sweeps, then main jobs, since these have the rate that sweeps chose. */
    @Test
    void takesOverWhatAnotherExperimentRanAlike() {
        run();
        reused = List.of(out);
        out = temp.resolve("second");
        experiment = ExperimentFile.read(Examples.yaml(temp)
                .replace("yoco-u: { system", "renamed: { system")
                .replace("match_parameters: yoco-u", "match_parameters: renamed"));
        assertThat(run()).isEqualTo(new Outcome(10, 0, 0, 0));
        assertThat(fakes.begun).isEmpty();
        assertThat(notes).hasSize(10).contains("renamed-s1 is yoco-u-s1 of " + reused.getFirst() + ": not run again");
        JobResult taken = Results.open(out).of("renamed-s1").orElseThrow();
        JobResult original = Results.open(reused.getFirst()).of("yoco-u-s1").orElseThrow();
        assertThat(taken.system()).isEqualTo("renamed");
        assertThat(taken.heldOut()).isEqualTo(original.heldOut());
        // Its own lines are enough from here on.
        reused = List.of();
        run();
        assertThat(fakes.begun).isEmpty();
    }

    @Test
    void takesNothingOverThatDiffers() {
        run();
        reused = List.of(out);
        out = temp.resolve("second");
        change("seeds: [1, 2]", "seeds: [1, 3]");
        assertThat(run()).isEqualTo(new Outcome(10, 0, 0, 0));
        assertThat(fakes.begun).containsExactly("yoco-s3", "yoco-u-s3");
        reused = List.of(temp.resolve("nowhere"));
        assertThatThrownBy(this::run)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("nowhere has no results.jsonl");
    }

    /** Its ids mean other words, and what was refused must not stay. */
    @Test
    void takesNothingOverOfAnotherTokenizer() {
        run();
        fakes.tokenizerHash = "tokenizer-2";
        for (String loops : List.of("loops: [1, 2]", "loops: [1, 5]")) {
            change("loops: [1, 2]", loops);
            reused = List.of(temp.resolve("out"));
            out = temp.resolve("second" + loops.charAt(11));
            assertThatThrownBy(this::run)
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("has another tokenizer than data.train gives here");
            reused = List.of();
            assertThat(run()).isEqualTo(new Outcome(10, 0, 0, 0));
            assertThat(fakes.begun).hasSize(10).noneMatch(b -> b.endsWith(" resumed"));
        }
    }

    @Test
    void takesOverModelsThatAreMeasuredOtherwise() throws IOException {
        run();
        reused = List.of(out);
        change("loops: [1, 2]", "loops: [1, 5]");
        out = temp.resolve("second");
        assertThat(run()).isEqualTo(new Outcome(10, 0, 0, 0));
        assertThat(fakes.begun).containsExactly("yoco-u-s1 resumed", "yoco-u-s2 resumed");
        assertThat(notes)
                .contains("yoco-u-s2 is the model of yoco-u-s2 of " + reused.getFirst()
                        + ", but measured otherwise: not trained again");
        assertThat(Results.open(out).of("yoco-u-s2").orElseThrow().heldOut())
                .extracting(JobResult.HeldOutScore::loops)
                .containsExactly(3, 1, 5);
        // A report has lines and no models.
        AtomicFiles.deleteRecursively(reused.getFirst().resolve(Results.JOBS));
        out = temp.resolve("third");
        run();
        assertThat(fakes.begun).containsExactly("yoco-u-s1", "yoco-u-s2");
    }

    /** Main jobs have a rate only once the sweeps are measured. */
    @Test
    void takesOverModelsOfMainJobsThoughTheirSweepsAreMeasuredOtherwise() {
        run();
        reused = List.of(out);
        change("evaluate:\n", "evaluate:\n  held_out_tokens: 60\n");
        out = temp.resolve("second");
        assertThat(run()).isEqualTo(new Outcome(10, 0, 0, 0));
        assertThat(fakes.begun).hasSize(10).allMatch(b -> b.endsWith(" resumed"));
        assertThat(notes)
                .contains("yoco-u-s2 is the model of yoco-u-s2 of " + reused.getFirst()
                        + ", but measured otherwise: not trained again");
    }

    @Test
    void whatOtherSettingsReachedIsNoProgress() throws IOException {
        run();
        change("{ system: yoco }", "{ system: yoco, budget: { steps: 5 } }");
        for (Job job : experiment.jobs()) {
            Files.writeString(out.resolve(Results.JOBS).resolve(job.id()).resolve("metrics.jsonl"), "{\"step\": 4}\n");
        }
        assertThat(states()).containsEntry("yoco-s1", State.WAITING).containsEntry("yoco-u-s1", State.FINISHED);
        assertThat(JobStates.read(experiment, out).jobs())
                .filteredOn(s -> s.state() == State.WAITING)
                .hasSize(2)
                .allMatch(s -> s.step() == 0);
    }

    /** What a job here has reached under these settings is not given up for another's state, nor is another's for these. */
    @Test
    void goesOnWithItsOwnModelsFirst() throws IOException {
        run();
        Path first = out;
        change("loops: [1, 2]", "loops: [1, 5]");
        out = temp.resolve("second");
        run();
        Files.delete(out.resolve(Results.FILE));
        Path own = out.resolve(Results.JOBS).resolve("yoco-u-s1");
        Files.delete(own.resolve(Results.RESULT));
        Files.writeString(own.resolve("own"), "");
        Path foreign = first.resolve(Results.JOBS).resolve("yoco-u-s2");
        AtomicFiles.deleteRecursively(out.resolve(Results.JOBS).resolve("yoco-u-s2"));
        Files.writeString(foreign.resolve("fingerprint.txt"), "another\n");
        reused = List.of(first);
        run();
        assertThat(own.resolve("own")).exists();
        assertThat(fakes.begun).containsExactly("yoco-u-s1 resumed", "yoco-u-s2");
    }

    @Test
    void dropoutAllowsNoNeighbours() {
        change("bf16: false,", "bf16: false, dropout: 0.1,");
        assertThatThrownBy(() -> run(2))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("example has dropout")
                .hasMessageContaining("--jobs 1");
        assertThat(run()).isEqualTo(new Outcome(10, 0, 0, 0));
    }

    @Test
    void theSweepDecides() {
        run();
        JobResult main = Results.open(out).of("yoco-s1").orElseThrow();
        assertThat(main.learningRate()).isEqualTo(0.002);
        assertThat(main.curve()).hasSize(2);
        assertThat(main.heldOut().getFirst().bitsPerByte()).isCloseTo(2.01, within(1e-9));
        assertThat(main.heldOut().getFirst().documents()).hasSize(4);
        assertThat(main.prefix()).extracting(JobResult.PrefixScore::length).containsExactly(16, 64);
        JobResult looped = Results.open(out).of("yoco-u-s1").orElseThrow();
        assertThat(looped.heldOut()).extracting(JobResult.HeldOutScore::loops).containsExactly(3, 1, 2);
    }

    @Test
    void whatIsStoppedGoesOnWithoutLossOrRepetition() {
        fakes.stopsIn = "yoco-u-s1";
        change("learning_rate: [1e-3, 2e-3, 4e-3]", "learning_rate: [2e-3]");
        // "sweep-yoco-u-lr..." has no "yoco-u-s1" in its name.
        Outcome stopped = run();
        assertThat(stopped).isEqualTo(new Outcome(3, 0, 0, 3));
        assertThat(fakes.begun).endsWith("yoco-s1", "yoco-u-s1").hasSize(4);
        assertThat(JobStates.read(experiment, out).jobs())
                .extracting(JobStates.JobState::state)
                .startsWith(State.FINISHED, State.FINISHED, State.FINISHED);
        fakes.stopsIn = "none";
        assertThat(run()).isEqualTo(new Outcome(6, 0, 0, 0));
        assertThat(fakes.begun).containsExactly("yoco-u-s1 resumed", "yoco-s2", "yoco-u-s2");
    }

    @Test
    void othersSeeWhatRunsNow() throws IOException {
        fakes.stopsIn = "yoco-s1";
        run();
        fakes.stopsIn = "none";
        interrupt("yoco-u-s2");
        // An earlier run was killed in the middle of it.
        Files.writeString(out.resolve(".running"), "yoco-u-s2\n");
        assertThat(states()).containsEntry("yoco-u-s2", State.BEGUN).doesNotContainValue(State.RUNNING);
        List<Map<String, State>> seen = new ArrayList<>();
        ExperimentListener looks = new ExperimentListener() {
            @Override
            public void step(JobStep step, Overall overall) {
                look(step.job(), "yoco-s1");
            }

            @Override
            public void evaluating(String job) {
                look(job, "yoco-s1");
            }

            @Override
            public void failed(String job, String reason, Overall overall) {
                throw new AssertionError(job + ": " + reason);
            }

            private void look(String now, String wanted) {
                if (now.equals(wanted)) {
                    seen.add(states());
                }
            }
        };
        new ExperimentRunner(experiment, out, fakes, fakes, 1, 2, List.of(), looks).run();
        assertThat(seen)
                .hasSize(2)
                .allSatisfy(s -> assertThat(s)
                        .containsEntry("sweep-yoco-lr0.001-s1", State.FINISHED)
                        .containsEntry("yoco-s1", State.RUNNING)
                        .containsEntry("yoco-s2", State.WAITING)
                        .containsEntry("yoco-u-s2", State.BEGUN));
        assertThat(states()).allSatisfy((_, state) -> assertThat(state).isEqualTo(State.FINISHED));
    }

    private void interrupt(String job) throws IOException {
        Path folder = Files.createDirectories(out.resolve(Results.JOBS).resolve(job));
        Files.writeString(folder.resolve("metrics.jsonl"), "{\"step\": 1}\n");
        LearningRates rates = new LearningRates(experiment, Results.open(out));
        Job planned = experiment.jobs().stream()
                .filter(j -> j.id().equals(job))
                .findFirst()
                .orElseThrow();
        TrainedWith.write(folder, rates.ready(planned).orElseThrow(), experiment.data());
    }

    private Map<String, State> states() {
        return JobStates.read(experiment, out).jobs().stream()
                .collect(Collectors.toMap(s -> s.job().id(), JobStates.JobState::state));
    }

    @Test
    void theFileOfResultsIsEnough() throws IOException {
        run();
        List<String> lines = Files.readAllLines(out.resolve(Results.FILE));
        assertThat(lines).hasSize(10);
        AtomicFiles.deleteRecursively(out.resolve(Results.JOBS));
        Files.write(out.resolve(Results.FILE), lines.subList(0, 8));
        assertThat(run()).isEqualTo(new Outcome(10, 0, 0, 0));
        assertThat(fakes.begun).containsExactly("yoco-s2", "yoco-u-s2");
        assertThat(Files.readAllLines(out.resolve(Results.FILE))).hasSize(10).containsAll(lines.subList(0, 8));
    }

    @Test
    void whatMeasuringTookIsExpectedOfTheRest() throws IOException {
        run();
        AtomicFiles.deleteRecursively(out.resolve(Results.JOBS));
        List<String> lines = Files.readAllLines(out.resolve(Results.FILE)).stream()
                .filter(l -> !l.contains("\"job\":\"yoco-s2\""))
                .map(l -> l.replaceFirst("(\"evaluation_seconds\"):[^,]+", "$1:1000"))
                .toList();
        Files.write(out.resolve(Results.FILE), lines);
        double training = experiment.system("yoco").options().steps() * 64 / 1000.0;
        assertThat(JobStates.read(experiment, out).overall().secondsLeft()).isCloseTo(1000 + training, within(1e-6));
        List<Double> left = new ArrayList<>();
        new ExperimentRunner(experiment, out, fakes, fakes, 1, 2, List.of(), new ExperimentListener() {
                    @Override
                    public void started(Overall overall) {
                        left.add(overall.secondsLeft());
                    }

                    @Override
                    public void finished(JobResult result, Overall overall) {
                        left.add(overall.secondsLeft());
                    }
                })
                .run();
        assertThat(left).hasSize(2);
        assertThat(left.getFirst()).isCloseTo(1000 + training, within(1e-6));
        assertThat(left.getLast()).isZero();
    }

    @Test
    void otherSettingsAreRunAnewAndSaidSo() {
        run();
        change("{ system: yoco }", "{ system: yoco, budget: { steps: 5 } }");
        assertThat(run()).isEqualTo(new Outcome(10, 0, 0, 0));
        assertThat(fakes.begun).containsExactly("yoco-s1", "yoco-s2");
        assertThat(notes)
                .allMatch(n -> n.contains("has a result for other settings"))
                .hasSize(2);
    }

    @Test
    void anotherEvaluationTrainsNothingAnew() {
        run();
        change("loops: [1, 2]", "loops: [1, 5]");
        run();
        assertThat(fakes.begun).containsExactly("yoco-u-s1 resumed", "yoco-u-s2 resumed");
        assertThat(Results.open(out).of("yoco-u-s1").orElseThrow().heldOut())
                .extracting(JobResult.HeldOutScore::loops)
                .containsExactly(3, 1, 5);
    }

    @Test
    void tasksAreMeasuredAtEveryDepthOfALoopedModel() throws IOException {
        Path documents = Files.createDirectories(temp.resolve("tasks").resolve("perplexity"));
        Files.writeString(documents.resolve("a.txt"), "ten bytes.");
        change("loops: [1, 2]\n", "loops: [1, 3, 2]\n  tasks: [perplexity]\n  task_data: " + temp + "/tasks\n");
        run();
        Results results = Results.open(out);
        assertThat(bitsPerByte(results.of("yoco-u-s1").orElseThrow()))
                .extracting(JobResult.TaskScore::loops)
                .containsExactly(3, 1, 2);
        // A fake is worse by 0.1 with each loop that was asked for.
        assertThat(bitsPerByte(results.of("yoco-u-s2").orElseThrow()))
                .extracting(JobResult.TaskScore::value)
                .usingComparatorForType(new DoubleComparator(1e-9), Double.class)
                .containsExactly(2.02, 2.12, 2.22);
        assertThat(bitsPerByte(results.of("yoco-s1").orElseThrow()))
                .singleElement()
                .satisfies(s -> assertThat(s.loops()).isZero());
        assertThat(results.of("sweep-yoco-u-lr0.001-s1").orElseThrow().tasks()).isEmpty();
        assertThat(Files.readString(Report.write(experiment, out)))
                .containsPattern("\\| yoco-u +\\| perplexity \\| +bits_per_byte \\| +2.0150 ± 0.0071 \\| +2 \\|")
                .containsPattern("\\| system +\\| +task \\| +metric \\| +1 \\| +2 \\| +3 \\|")
                .containsPattern(
                        "\\| yoco-u +\\| perplexity \\| +bits_per_byte \\| +2.1150 ± 0.0071 \\| +2.2150 ± 0.0071"
                                + " \\| +2.0150 ± 0.0071 \\|")
                .doesNotContainPattern("\\| yoco +\\| perplexity \\| +bits_per_byte \\| [0-9.± ]+ \\| +[0-9.]+ ±");
        run();
        assertThat(fakes.begun).isEmpty();
    }

    private static List<JobResult.TaskScore> bitsPerByte(JobResult result) {
        return result.tasks().stream()
                .filter(s -> s.metric().equals("bits_per_byte"))
                .toList();
    }

    @Test
    void resultsOfAnotherTokenizerAreNotMixedIn() {
        run();
        change("seeds: [1, 2]", "seeds: [1, 2, 3]");
        fakes.tokenizerHash = "tokenizer-2";
        assertThatThrownBy(this::run)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("was measured with another tokenizer");
    }

    @Test
    void aDivergedRateIsPassedOver() {
        fakes.diverges = "lr0.002";
        assertThat(run()).isEqualTo(new Outcome(8, 2, 0, 0));
        JobResult diverged = Results.open(out).of("sweep-yoco-lr0.002-s1").orElseThrow();
        assertThat(diverged.failure()).isEqualTo("training diverged at step 3 (loss NaN)");
        assertThat(Results.open(out).of("yoco-s1").orElseThrow().learningRate()).isEqualTo(0.001);
        run();
        assertThat(fakes.begun).as("it would diverge again").isEmpty();
    }

    @Test
    void whereAllRatesDivergeTheOthersGoOn() {
        fakes.diverges = "sweep-yoco-lr";
        assertThat(run()).isEqualTo(new Outcome(5, 5, 0, 0));
        assertThat(JobStates.read(experiment, out).jobs())
                .filteredOn(s -> s.job().id().equals("yoco-s1"))
                .singleElement()
                .satisfies(s -> assertThat(s.detail()).contains("every learning rate of its sweep diverged"));
    }

    @Test
    void aBrokenJobStopsNoOtherAndIsTriedAgain() {
        fakes.breaks = "yoco-u-s1";
        assertThat(run()).isEqualTo(new Outcome(9, 0, 1, 0));
        assertThat(JobStates.read(experiment, out).jobs())
                .filteredOn(s -> s.state() == State.FAILED)
                .singleElement()
                .satisfies(s -> assertThat(s.detail()).isEqualTo("the disk is full"));
        fakes.breaks = "none";
        assertThat(run()).isEqualTo(new Outcome(10, 0, 0, 0));
        assertThat(fakes.begun).containsExactly("yoco-u-s1");
    }

    @Test
    void severalAtATimeGiveTheSameResults() {
        run();
        List<Double> alone = figures();
        out = temp.resolve("parallel");
        assertThat(run(2)).isEqualTo(new Outcome(10, 0, 0, 0));
        assertThat(figures()).isEqualTo(alone);
    }

    private List<Double> figures() {
        Results results = Results.open(out);
        return experiment.jobs().stream()
                .map(j -> results.of(j.id()).orElseThrow().heldOut().getFirst().bitsPerByte())
                .toList();
    }

    @Test
    void twoRunsDoNotShareAFolder() throws IOException {
        try (FolderLock _ = FolderLock.take(out)) {
            assertThatThrownBy(this::run)
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("is in use by another run");
        }
        assertThat(run().finished()).isEqualTo(10);
    }

    @Test
    void heldOutTextMustBeThere() throws IOException {
        Files.createDirectories(temp.resolve("none"));
        change("/held\"]", "/none\"]");
        assertThatThrownBy(this::run).isInstanceOf(InvalidInputException.class).hasMessageContaining("none");
        change("[16, 64]", "[16, 64000]");
        assertThatThrownBy(this::run)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("no document of held-out set held has 64032 tokens");
        assertThat(fakes.begun).as("said before hours of training").isEmpty();
    }

    @Test
    void damagedResultsAreNamed() throws IOException {
        run();
        Files.writeString(out.resolve(Results.FILE), "{\"job\": 3}\n");
        assertThatThrownBy(this::run)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("results.jsonl line 1: is no result of a job");
    }

    @Test
    void theReportSaysWhatIsThere() throws IOException {
        fakes.diverges = "lr0.001";
        run();
        String report = Files.readString(Report.write(experiment, out));
        assertThat(report)
                .startsWith("# example\n")
                .contains("## Learning rates", "diverged", "**2.0100**")
                .contains("2.0150 ± 0.0071")
                .containsPattern("\\| yoco-u +\\| 2.0150 ± 0.0071 \\| +2 \\| +[+-]0.0000 \\| +1.0000 \\| +1.0000 \\|")
                .contains("## Quality over loops: held", "![Long context: held](prefix.png)")
                .contains("Training sequences have 32 tokens, so that contexts beyond, prefix and predicted tokens")
                .contains("tokens to reach")
                .contains("* sweep-yoco-lr0.001-s1: training diverged at step 3 (loss NaN)")
                .doesNotContain("no result yet");
        for (String plot : List.of("loss.png", "loops-held.png", "prefix.png")) {
            assertThat(ImageIO.read(out.resolve(plot).toFile()).getWidth()).isPositive();
        }
    }

    /** A fake's seeds differ and its systems do not. */
    @Test
    void documentsAreComparedOverTheSeedsThatBothHave() throws IOException {
        change("yoco-u: { system: yoco-u }", "yoco-u: { system: yoco-u, seeds: [1] }");
        run();
        assertThat(Files.readString(Report.write(experiment, out)))
                .containsPattern("\\| yoco-u +\\| +2.0100 \\| +1 \\| +[+-]0.0000 \\| +- \\| +1.0000 \\|");
    }

    @Test
    void aReportOfNothingIsOne() throws IOException {
        Files.createDirectories(out);
        assertThat(Files.readString(Report.write(experiment, out)))
                .contains("## Systems", "10 of 10 jobs have no result yet");
    }
}
