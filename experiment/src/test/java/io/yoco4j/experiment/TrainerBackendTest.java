package io.yoco4j.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.experiment.ExperimentRunner.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real training of nano systems: what is beside it, and what interrupts it, changes no bit of it. */
class TrainerBackendTest {
    @TempDir
    Path temp;

    private final Fakes fakes = new Fakes();

    /** Scores as a fake does: what is tested is the training. */
    private EvaluatedModel open(Path folder, OptionalInt loops, int threads) {
        try {
            Files.writeString(folder.resolve("model"), "0.002 1");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return fakes.open(folder, loops, threads);
    }

    private Experiment experiment() throws IOException {
        Examples.text(temp);
        return ExperimentFile.read(Examples.yaml(temp)
                .replace("sweep: { learning_rate: [1e-3, 2e-3, 4e-3], budget: { tokens: 128 }, seed: 1 }\n", ""));
    }

    private static byte[] weights(Path out, String job) throws IOException {
        return Files.readAllBytes(out.resolve("jobs").resolve(job).resolve("model.safetensors"));
    }

    private static final class StopsInTheMiddle implements ExperimentListener {
        private Runnable stop = () -> {};

        @Override
        public void step(JobStep step, Overall overall) {
            if (step.job().equals("yoco-u-s1") && step.step() == 3) {
                stop.run();
            }
        }
    }

    @Test
    void neitherNeighboursNorInterruptionsChangeAModel() throws IOException {
        Experiment experiment = experiment();
        Path alone = temp.resolve("alone");
        Path beside = temp.resolve("beside");
        Path stopped = temp.resolve("stopped");
        TrainerBackend backend = new TrainerBackend((_, _) -> {});
        Outcome all = new Outcome(4, 0, 0, 0);
        assertThat(new ExperimentRunner(
                                experiment, alone, backend, this::open, 1, 1, List.of(), ExperimentListener.NONE)
                        .run())
                .isEqualTo(all);
        assertThat(new ExperimentRunner(
                                experiment, beside, backend, this::open, 2, 2, List.of(), ExperimentListener.NONE)
                        .run())
                .isEqualTo(all);

        StopsInTheMiddle middle = new StopsInTheMiddle();
        ExperimentRunner runner =
                new ExperimentRunner(experiment, stopped, backend, this::open, 1, 1, List.of(), middle);
        middle.stop = runner::stop;
        assertThat(runner.run()).isEqualTo(new Outcome(1, 0, 0, 3));
        assertThat(JobStates.read(experiment, stopped).jobs())
                .filteredOn(s -> s.state() == JobStates.State.BEGUN)
                .singleElement()
                .satisfies(s -> assertThat(s.step()).isEqualTo(3));
        assertThat(new ExperimentRunner(
                                experiment, stopped, backend, this::open, 1, 1, List.of(), ExperimentListener.NONE)
                        .run())
                .isEqualTo(all);

        for (Job job : experiment.jobs()) {
            assertThat(weights(beside, job.id())).as(job.id()).isEqualTo(weights(alone, job.id()));
            assertThat(weights(stopped, job.id())).as(job.id()).isEqualTo(weights(alone, job.id()));
            JobResult result = Results.open(stopped).of(job.id()).orElseThrow();
            assertThat(result.curve()).extracting(JobResult.CurvePoint::tokens).containsExactly(128L, 256L);
            assertThat(result.tokensPerSecond()).isPositive();
        }
    }
}
