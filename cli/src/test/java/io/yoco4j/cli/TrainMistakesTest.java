package io.yoco4j.cli;

import static io.yoco4j.cli.Run.yoco;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.checkpoint.FolderLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code train} refuses, though its text is sound: each option by its name, and before anything is written. */
class TrainMistakesTest {
    @TempDir
    Path temp;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = Files.createDirectory(temp.resolve("text"));
        for (int i = 0; i < 60; i++) {
            Files.writeString(text.resolve(i + ".txt"), "Document " + i + ". " + "a b c d e f g h i j. ".repeat(20));
        }
    }

    private Run train(String options) {
        String line = "train --size nano --data " + text + " --out " + temp.resolve("new") + " " + options;
        return yoco(Arrays.stream(line.split(" "))
                .map(word -> word.equals("''") ? "" : word)
                .toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--system yoco-u | a run is bounded by steps (or tokens) or by minutes",
                "--steps 1 --tokens 5 | a run has one bound",
                "--steps 1 --dropout 1 | dropout is 1.0",
                "--steps 1 --loops 5..1 | max_loops is 1",
                "--steps 1 --loops x | --loops is not a number or a range",
                "--steps 1 --loops 3x | --loops is not a number or a range",
                "--steps 1 --loops 1..5000 | loops is 5000, but must lie in 1..1024",
                "--steps 1 --loops 5000 | loops is 5000, but must lie in 1..1024",
                "--steps 1 --system yoco --loops 1..2 | the system has no looped stage",
                "--steps 1 --system yoco --loops 3 | loop",
                "--steps 1 --threads 0 | --threads is 0, but must lie in 1..",
                "--steps 1 --threads 9999 | --threads is 9999, but must lie in 1..",
                "--steps 1 --until 0 | --until is 0",
                "--steps 1 --max-bytes 0 | --max-bytes is 0",
                "--tokens 15M --batch-size 0 | batch_size is 0",
                "--tokens 15M --accumulation 2000000000 | accumulation is 2000000000",
                "--steps 1 --sequence-length 20000000 | sequence_length is 20000000, but must lie in 2..",
                "--steps 1 --batch-size 65536 --sequence-length 65536 | batch_size x sequence_length is 4294967296",
                "--steps 1 --sample '' | --sample is empty",
                "--steps 1 --sample-tokens 3 | --sample-tokens goes with --sample"
            })
    void eachOptionByItsName(String options, String message) {
        Run run = train(options);
        assertThat(run.err()).startsWith("yoco: ").contains(message);
        assertThat(run.code()).isEqualTo(2);
        assertThat(temp.resolve("new")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource({"config.json", "model.safetensors", "model.safetensors.index.json", "state.safetensors"})
    void aFolderThatHoldsAModel(String file) throws IOException {
        Path out = Files.createDirectory(temp.resolve("new"));
        Files.writeString(out.resolve(file), "mine");
        Run run = train("--steps 1");
        assertThat(run.err()).contains("holds a model already");
        assertThat(run.code()).isEqualTo(2);
        assertThat(out.resolve(file)).hasContent("mine");
        assertThat(out).isDirectoryContaining(f -> f.equals(out.resolve(file)));
        assertThat(out.toFile().list()).hasSize(1);
    }

    @Test
    void aFolderThatAnotherRunWorksIn() throws IOException {
        Path out = temp.resolve("new");
        try (FolderLock _ = FolderLock.take(out)) {
            Run run = train("--steps 1");
            assertThat(run.err())
                    .isEqualTo("yoco: " + out + " is in use by another run: wait for it, or name another --out\n");
            assertThat(run.code()).isEqualTo(2);
        }
    }

    @Test
    void aFileForAFolder() throws IOException {
        Path out = Files.writeString(temp.resolve("new"), "mine");
        Run run = train("--steps 1");
        assertThat(run.err()).isEqualTo("yoco: " + out + " is a file: name a folder\n");
        assertThat(run.code()).isEqualTo(2);
    }

    @Test
    void textInTheWayOfShards() throws IOException {
        Path out = Files.createDirectory(temp.resolve("new"));
        Path corpus = Files.createDirectory(out.resolve("data"));
        Files.writeString(corpus.resolve("book.txt"), "all that I have");
        Run run = train("--steps 1");
        assertThat(run.err()).contains(corpus + " is in the way");
        assertThat(run.code()).isEqualTo(2);
        assertThat(corpus.resolve("book.txt")).hasContent("all that I have");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"batch_size\": 16.9}",
                "{\"bf16\": 0}",
                "{\"dropout\": \"0.1\"}",
                "{\"steps\": 5, \"steps\": 9}",
                "{\"steps\": 5} {\"steps\": 9}",
                "{\"schedule\": null}",
                "{\"sample_prompts\": null}"
            })
    void looseOptionFiles(String json) throws IOException {
        Path config = Files.writeString(temp.resolve("recipe.json"), json);
        Run run = train("--steps 1 --config " + config);
        assertThat(run.err()).startsWith("yoco: " + config + ": ").doesNotContain("Exception");
        assertThat(run.code()).as(run.err()).isEqualTo(2);
    }

    @Test
    void aFixedNumberOfLoopsWinsOverARangeInTheFile() throws IOException {
        Path config = Files.writeString(
                temp.resolve("recipe.json"),
                "{\"min_loops\": 1, \"max_loops\": 5, \"bf16\": false, \"batch_size\": 2, \"sequence_length\": 16}");
        Run run = train("--steps 1 --system yoco-u --loops 2 --config " + config);
        assertThat(run.code()).as(run.err()).isZero();
        Path out = temp.resolve("new");
        assertThat(new JsonMapper()
                        .readTree(out.resolve("training.json").toFile())
                        .path("max_loops")
                        .asInt())
                .isZero();
        assertThat(Checkpoint.readArchitecture(out).stages().getFirst().loops()).isEqualTo(2);
    }
}
