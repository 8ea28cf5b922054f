package io.yoco4j.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Results of days of training count only as long as their fingerprints are the same: a change here is a decision. */
class FingerprintTest {
    @ParameterizedTest
    @CsvSource({"sweep-yoco-lr0.001-s1, 26e460316f41d47e", "yoco-s1, 35ad806dfdd6330f", "yoco-u-s1, 5567b4055c86316d"})
    void evaluationsWithoutTasksKeepTheirs(String id, String fingerprint) {
        Experiment e = ExperimentFile.read(Examples.yaml(Path.of("/corpus")));
        assertThat(of(e, id)).isEqualTo(fingerprint);
    }

    private static String of(Experiment e, String id) {
        Job job = e.jobs().stream().filter(j -> j.id().equals(id)).findFirst().orElseThrow();
        return Fingerprint.ofEvaluation(job, e.data(), e.evaluation());
    }

    private static Experiment withTasks(String tasks, Path folder) {
        return ExperimentFile.read(Examples.yaml(Path.of("/corpus"))
                .replace("loops: [1, 2]", "tasks: [" + tasks + "]\n  task_data: \"" + folder + "\""));
    }

    @Test
    void filesOfTasksCountAndTheirFolderDoesNot(@TempDir Path temp) throws IOException {
        Path one = Files.createDirectories(temp.resolve("one"));
        Path other = Files.createDirectories(temp.resolve("other"));
        for (Path folder : List.of(one, other)) {
            Files.writeString(folder.resolve("lambada.jsonl"), "{\"text\": \"two words\"}\n");
        }
        String before = of(withTasks("lambada", one), "yoco-s1");
        assertThat(of(withTasks("lambada", other), "yoco-s1")).isEqualTo(before);
        Files.writeString(other.resolve("piqa.jsonl"), "not asked for");
        assertThat(of(withTasks("lambada", other), "yoco-s1")).isEqualTo(before);
        Files.writeString(other.resolve("lambada.jsonl"), "{\"text\": \"three other words\"}\n");
        assertThat(of(withTasks("lambada", other), "yoco-s1")).isNotEqualTo(before);
        assertThat(of(withTasks("lambada", other), "sweep-yoco-lr0.001-s1"))
                .as("sweeps ask no task")
                .isEqualTo(of(withTasks("lambada", one), "sweep-yoco-lr0.001-s1"));
    }

    /** Needles in noise need no file, but are others where a text lies there. */
    @Test
    void tasksWithoutFilesKeepTheirs(@TempDir Path folder) throws IOException {
        String before = of(withTasks("niah", folder), "yoco-s1");
        assertThat(before).isEqualTo("55fe8350d1c25e6c");
        Files.writeString(folder.resolve("haystack.txt"), "A text. And more.");
        assertThat(of(withTasks("niah", folder), "yoco-s1")).isNotEqualTo(before);
    }
}
