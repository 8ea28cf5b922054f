package io.yoco4j.cli;

import static io.yoco4j.cli.Run.yoco;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a generator to a model that is scored on it. */
class SyntheticCommandsTest {
    private static final String HOP = "hop:max_hops=1,length=20";

    @TempDir
    Path temp;

    @Test
    void trainsResumesAndScores() throws IOException {
        String out = temp.resolve("model").toString();
        Run first = yoco(
                "train",
                "--synthetic",
                HOP,
                "--system",
                "yoco-u",
                "--shape",
                "layers=2,hidden=32,heads=2,window=8",
                "--dtype",
                "f32",
                "--learning-rate",
                "1e-2",
                "--steps",
                "60",
                "--until",
                "30",
                "--evaluation-tokens",
                "1000",
                "--out",
                out);
        assertThat(first.err()).isEmpty();
        assertThat(first.out()).contains("sequences of " + HOP + ", up to 20 of 23 tokens", "saved at step 30");
        Architecture a = Checkpoint.readArchitecture(temp.resolve("model"));
        assertThat(List.of(a.layers(), a.hiddenSize(), a.headDim(), a.keyValueHeads(), a.intermediateSize()))
                .containsExactly(2, 32, 16, 2, 88);
        assertThat(a.vocabSize()).isEqualTo(23);

        Run more = yoco("train", "--resume", "--out", out, "--synthetic", "mqar");
        assertThat(more.code()).isEqualTo(2);
        assertThat(more.err()).contains("keeps its model, data and recipe");
        Run resumed = yoco("train", "--resume", "--out", out, "--json");
        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(resumed.err()).contains("\nstep 31, loss");
        JsonNode trained = new JsonMapper().readTree(resumed.out());
        assertThat(trained.path("step").asInt()).isEqualTo(60);
        assertThat(trained.has("bits_per_byte")).isFalse();

        // The first 50 test examples are those that training evaluates on.
        Path json = temp.resolve("results.jsonl");
        Run scored = yoco(
                "eval",
                out,
                "--tasks",
                HOP + ",hop:length=30",
                "--limit",
                "50",
                "--batch",
                "7",
                "--json",
                json.toString());
        assertThat(scored.err()).isEmpty();
        assertThat(scored.code()).isZero();
        assertThat(scored.out()).contains("- k 0", "- k 16", "hop:length=30");
        JsonNode result = new JsonMapper().readTree(Files.readAllLines(json).getFirst());
        assertThat(result.path("task").asText()).isEqualTo(HOP);
        assertThat(result.path("items").asInt()).isEqualTo(50);
        double accuracy = trained.path("accuracy").asDouble();
        // Repeating the letter, all that k = 0 asks for, is soon learned; chance is one in 23.
        assertThat(accuracy).isGreaterThan(0.3);
        // One label of 950 may fall to the other side of a rounding.
        assertThat(result.path("acc").asDouble()).isCloseTo(accuracy, within(1.5 / 950));
        assertThat(result.path("groups").path(0).path("task").asText()).isEqualTo("k 0");
    }

    @Test
    void examplesAreRefusedWhereNoneArePut() {
        Run run = yoco(
                "eval",
                "nowhere",
                "--tasks",
                "piqa,lambada,hop:max_hops=1,length=9",
                "--data",
                temp.toString(),
                "--shots",
                "2");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err())
                .isEqualToIgnoringNewLines("yoco: --shots is 2, but no examples stand in front of items of lambada,"
                        + " hop:max_hops=1,length=9: leave --shots or these tasks out");
    }

    @Test
    void aModelOfAnotherVocabularyIsRefused() {
        String out = temp.resolve("model").toString();
        Run trained = yoco(
                "train",
                "--synthetic",
                "far_pairs:max_distance=64",
                "--batch-size",
                "1",
                "--steps",
                "1",
                "--evaluation-tokens",
                "1",
                "--out",
                out);
        assertThat(trained.code()).as(trained.err()).isZero();
        Run scored = yoco("eval", out, "--tasks", "mqar", "--limit", "1");
        assertThat(scored.code()).isEqualTo(2);
        // What was scored before is not lost, and what cannot be scored at all is told before anything is.
        Run partly = yoco("eval", out, "--tasks", "far_pairs:max_distance=64,mqar", "--limit", "1");
        assertThat(partly.code()).isEqualTo(2);
        assertThat(partly.out()).contains("far_pairs:max_distance=64");
        assertThat(partly.err()).isEqualTo(scored.err());
        Run longer = yoco("eval", out, "--tasks", "far_pairs:max_distance=64,niah", "--max-tokens", "500");
        assertThat(longer.code()).isEqualTo(2);
        assertThat(longer.out()).isEmpty();
        assertThat(longer.err()).contains("task niah_1 needs 512 tokens, but the model takes 500");
        assertThat(scored.err())
                .startsWith("yoco: task mqar has \"k1\" as token 1, but")
                .hasLineCount(1);
        assertThat(yoco("generate", out, "k1 v2 f3 k1", "--max-tokens", "2").out())
                .startsWith("k1 v2 f3 k1");
    }
}
