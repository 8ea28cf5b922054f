package io.yoco4j.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.experiment.ExperimentRunner.Outcome;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs of an experiment in a process of their own, which is killed: no handler runs there, no lock is given back. */
class KilledRunTest {
    private static final String READY = "in the middle of ";

    @TempDir
    Path temp;

    private Path file;
    private Path out;

    @BeforeEach
    void writeExperiment() throws IOException {
        Examples.text(temp);
        file = Files.writeString(temp.resolve("example.yaml"), Examples.yaml(temp));
        out = temp.resolve("out");
    }

    /** Runs until a job is in the middle of its training or measuring, says so and waits for the end that comes. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            Fakes fakes = new Fakes();
            fakes.stopsIn = args[2].equals("training") ? args[3] : "none";
            fakes.stop = () -> waitFor(args[3]);
            Models models = (folder, loops, threads) -> {
                if (args[2].equals("measuring")
                        && folder.getFileName().toString().equals(args[3])) {
                    waitFor(args[3]);
                }
                return fakes.open(folder, loops, threads);
            };
            new ExperimentRunner(
                            ExperimentFile.read(Path.of(args[0])),
                            Path.of(args[1]),
                            fakes,
                            models,
                            1,
                            1,
                            List.of(),
                            new ExperimentListener() {})
                    .run();
        }

        private static void waitFor(String job) {
            System.out.println(READY + job);
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private void kill(String what, String job) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        file.toString(),
                        out.toString(),
                        what,
                        job)
                .redirectErrorStream(true)
                .start();
        List<String> lines = new ArrayList<>();
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            String line = reader.readLine();
            while (line != null && !line.equals(READY + job)) {
                lines.add(line);
                line = reader.readLine();
            }
            assertThat(line).as(String.join("\n", lines)).isNotNull();
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private List<String> runAgain() {
        Fakes fakes = new Fakes();
        Experiment experiment = ExperimentFile.read(file);
        Outcome outcome =
                new ExperimentRunner(experiment, out, fakes, fakes, 1, 1, List.of(), new ExperimentListener() {}).run();
        assertThat(outcome).isEqualTo(new Outcome(10, 0, 0, 0));
        return fakes.begun;
    }

    @Test
    void nothingIsLostAndNothingFinishedIsRunAgain() throws Exception {
        Path never = out;
        runAgain();
        String figures = figures(never);
        out = temp.resolve("killed");

        kill("training", "sweep-yoco-u-lr0.001-s1");
        kill("measuring", "yoco-s1");
        // The first six jobs, the sweep, are finished; the killed one has its training behind it.
        assertThat(Files.readAllLines(out.resolve(Results.FILE))).hasSize(6);
        kill("training", "yoco-u-s1");
        Experiment experiment = ExperimentFile.read(file);
        assertThat(JobStates.read(experiment, out).running()).isFalse();

        assertThat(runAgain()).containsExactly("yoco-u-s1 resumed", "yoco-s2", "yoco-u-s2");
        assertThat(figures(out)).isEqualTo(figures);
        assertThat(runAgain()).isEmpty();
    }

    /** A kill between the two files that a result is written to loses neither. */
    @Test
    void aResultThatOnlyItsFolderHasCounts() throws Exception {
        kill("training", "yoco-s1");
        Path all = out.resolve(Results.FILE);
        List<String> lines = Files.readAllLines(all);
        Files.write(all, lines.subList(0, lines.size() - 1));
        assertThat(runAgain()).startsWith("yoco-s1 resumed").hasSize(4);
        assertThat(Files.readAllLines(all)).hasSize(10).containsAll(lines);
    }

    /** What a result says, but for how long measuring took. */
    private static String figures(Path folder) throws IOException {
        return Files.readString(folder.resolve(Results.FILE)).replaceAll("\"evaluation_seconds\":[^,]+", "");
    }
}
