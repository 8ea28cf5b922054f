package io.yoco4j.cli;

import static io.yoco4j.cli.Run.yoco;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.checkpoint.AtomicFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole experiment through the commands: text, tokenizer, training, the engine's measurements, report. */
class ExperimentCommandTest {
    @TempDir
    Path temp;

    private Path file() throws IOException {
        for (int i = 0; i < 40; i++) {
            Path file = temp.resolve("text").resolve(i + ".txt");
            Files.createDirectories(file.getParent());
            Files.writeString(file, "Text " + i + ". " + "the cat sat on the mat. ".repeat(20));
        }
        Path held = Files.createDirectories(temp.resolve("held"));
        Files.writeString(held.resolve("a.txt"), "Held. " + "the dog lay on the mat. ".repeat(30));
        Files.writeString(held.resolve("b.txt"), "Out. " + "the cat lay on the rug. ".repeat(40));
        return Files.writeString(temp.resolve("nano.yaml"), """
                name: nano systems
                data: { train: ["%1$s/text"], held_out: { mats: ["%1$s/held"] }, vocabulary: 300 }
                shape: { layers: 2, hidden: 16, heads: 2, head_dim: 8, intermediate: 32, window: 8 }
                recipe: { batch_size: 2, sequence_length: 16, bf16: false, evaluate_every: 3 }
                budget: { steps: 6 }
                seeds: [1]
                systems:
                  transformer: { system: transformer }
                  yoco-u: { system: yoco-u, seeds: [1, 2] }
                sweep: { learning_rate: [1e-3, 8e-3], budget: { steps: 3 } }
                evaluate: { loops: [1, 5], prefix: { lengths: [16, 48], last: 16 } }
                compare: transformer
                """.formatted(temp));
    }

    @Test
    void runsReportsAndRunsNothingTwice() throws IOException {
        String file = file().toString();
        Path out = temp.resolve("out");
        Run run = yoco("experiment", "run", file, "--out", out.toString(), "--jobs", "2", "--threads", "2");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("7 jobs, 0 of them done before")
                .containsPattern("yoco-u-s2: mats [0-9.]+ bits per byte, measured in")
                .contains("7 of 7 jobs done, 100% of the work", "Done: 7 jobs have figures. Report: ");
        String report = Files.readString(out.resolve("report.md"));
        assertThat(report)
                .contains("# nano systems", "## Held out: mats", "## Quality over loops: mats", "## Long context: mats")
                .containsPattern("\\| yoco-u +\\| [0-9.]+ ± [0-9.]+ \\|");

        Run status = yoco("experiment", "status", out.toString());
        assertThat(status.code()).as(status.err()).isZero();
        assertThat(status.out())
                .containsPattern("\\| yoco-u-s2 +\\| +finished \\| +6 of 6 \\| +mats [0-9.]+ bits per byte \\|")
                .contains("7 of 7 jobs done", "no run is going on");

        String results = Files.readString(out.resolve("results.jsonl"));
        assertThat(results).hasLineCount(7).doesNotContain(temp.resolve("out").toString());
        AtomicFiles.deleteRecursively(out.resolve("jobs"));
        AtomicFiles.deleteRecursively(out.resolve("data"));
        Run again = yoco("experiment", "run", file, "--out", out.toString());
        assertThat(again.code()).isZero();
        assertThat(again.out()).contains("7 jobs, 7 of them done before").doesNotContain("measured in");
        assertThat(out.resolve("jobs")).doesNotExist();
        assertThat(out.resolve("results.jsonl")).hasContent(results);

        Run more = yoco("experiment", "report", file, "--out", out.toString());
        assertThat(more.code()).isZero();
        assertThat(out.resolve("report.md")).hasContent(report);
    }

    @Test
    void statusTellsWhatRunsFromWhatWasInterrupted() throws IOException {
        Path out = temp.resolve("out");
        Path file = file();
        Files.writeString(file, Files.readString(file).replaceFirst("sweep: .*\n", ""));
        yoco("experiment", "run", file.toString(), "--out", out.toString(), "--threads", "2");
        // As if it had been killed in the middle.
        Files.delete(out.resolve("results.jsonl"));
        for (String job : List.of("transformer-s1", "yoco-u-s1")) {
            Path folder = out.resolve("jobs").resolve(job);
            Files.delete(folder.resolve("result.json"));
            Files.writeString(folder.resolve("metrics.jsonl"), "{\"step\": 2}\n");
        }
        AtomicFiles.deleteRecursively(out.resolve("jobs").resolve("yoco-u-s2"));
        Files.writeString(out.resolve(".running"), "yoco-u-s1\n");
        try (FileChannel channel = FileChannel.open(out.resolve(".lock"), CREATE, WRITE);
                FileLock _ = channel.lock()) {
            assertThat(yoco("experiment", "status", out.toString()).out())
                    .containsPattern("\\| transformer-s1 +\\| +interrupted \\| +2 of 6 \\|")
                    .containsPattern("\\| yoco-u-s1 +\\| +running \\| +2 of 6 \\|")
                    .containsPattern("\\| yoco-u-s2 +\\| +waiting \\| +0 of 6 \\|")
                    .contains("; a run is going on");
        }
        assertThat(yoco("experiment", "status", out.toString()).out())
                .containsPattern("\\| yoco-u-s1 +\\| +interrupted \\| +2 of 6 \\|")
                .contains("no run is going on");
    }

    @Test
    void generatorsAreTrainedOnAndAskedAbout() throws IOException {
        Path file = Files.writeString(temp.resolve("hops.yaml"), """
                name: hops
                data: { synthetic: "hop:length=12,max_hops=1" }
                shape: { layers: 2, hidden: 16, heads: 2, head_dim: 8, intermediate: 32, window: 4 }
                recipe: { batch_size: 4, sequence_length: 12, bf16: false, evaluate_every: 3, evaluation_tokens: 96 }
                budget: { steps: 6 }
                seeds: [1]
                systems:
                  yoco: { system: yoco }
                  yoco-u: { system: yoco-u }
                sweep: { learning_rate: [1e-3, 8e-3], budget: { steps: 3 } }
                evaluate: { loops: [1, 2], tasks: ["hop:length=12,max_hops=1"], task_limit: 5 }
                compare: yoco
                """);
        Path out = temp.resolve("hops");
        Run run = yoco("experiment", "run", file.toString(), "--out", out.toString(), "--threads", "1");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("6 of 6 jobs done").containsPattern("yoco-u-s1: [0-9.]+ bits per label, hop");
        assertThat(Files.readString(out.resolve("report.md")))
                .contains("Trained on examples of hop:length=12,max_hops=1", "In bits per label of test examples after")
                .containsPattern("\\| yoco-u +\\| +hop:length=12,max_hops=1 \\| +acc[a-z]* \\| +[0-9.]+ \\| +1 ")
                .contains("## Tasks over loops")
                .containsPattern(
                        "\\| yoco-u +\\| hop:length=12,max_hops=1 \\| +acc \\| [0-9.]+ \\| [0-9.]+ \\| [0-9.]+ \\|")
                .doesNotContain("per byte");
        Run status = yoco("experiment", "status", out.toString());
        assertThat(status.code()).as(status.err()).isZero();
    }
}
