package io.yoco4j.cli;

import static io.yoco4j.cli.Run.yoco;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.CheckpointWriter;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.Safetensors;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Golden;
import io.yoco4j.core.testing.ModelFolders;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.YocoModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The commands as a user meets them: what they print, what they leave, how they end. */
class CommandLineTest {
    @TempDir
    Path temp;

    private static String path(Path p) {
        return p.toString();
    }

    @ParameterizedTest
    @CsvSource({"transformer,320 MiB", "rins,640 MiB", "yoco,26 MiB", "yoco-u,46 MiB"})
    void inspectPrintsThePapersTable(String system, String cache) {
        Run run = yoco("inspect", "--system", system, "--size", "paper");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("KV cache grows as O(").containsPattern("\\| 8K +\\| +" + cache + " \\|");
    }

    @Test
    void inspectSpeaksJson() throws IOException {
        JsonNode json = yoco("inspect", "--system", "yoco-u", "--size", "paper", "--context", "256K", "--json")
                .json();
        assertThat(json.path("contexts").path(0).path("kv_bytes_bf16").asLong()).isEqualTo(542L << 20);
        assertThat(json.path("architecture")
                        .path("stages")
                        .path(0)
                        .path("loops")
                        .asInt())
                .isEqualTo(3);
    }

    /** Which picocli does not hand to its handler. */
    @Test
    void memoryThatIsShortIsOneSentence() {
        @CommandLine.Command(name = "hungry")
        class Hungry implements Runnable {
            @Override
            public void run() {
                throw new OutOfMemoryError("Java heap space");
            }
        }
        StringWriter err = new StringWriter();
        CommandLine line = new CommandLine(new Hungry()).setErr(new PrintWriter(err, true));
        assertThat(Yoco.execute(line, () -> false)).isOne();
        assertThat(err.toString().lines())
                .containsExactly("yoco: the JVM ran out of memory (Java heap space): give it more with"
                        + " YOCO_JAVA_OPTIONS=-Xmx8g");
    }

    @Test
    void versionNamesWhatIsInUse() throws IOException {
        JsonNode json = yoco("version", "--json").json();
        assertThat(json.path("kernels").asText()).startsWith("vector");
        assertThat(json.path("libtorch").asText()).doesNotContain("$").startsWith("2.");
    }

    static Stream<Golden> golden() {
        return Golden.all().filter(g -> g.logits().size() == 3);
    }

    @ParameterizedTest
    @MethodSource("golden")
    void logitsOfBothEnginesAreGolden(Golden golden) throws IOException {
        Path ids = temp.resolve("ids.txt");
        Files.writeString(
                ids, Arrays.stream(golden.ids()).mapToObj(String::valueOf).collect(Collectors.joining(" ,\n")));
        for (String engine : new String[] {"java", "torch"}) {
            for (String name : golden.logits().keySet()) {
                Path out = temp.resolve(engine + name + ".safetensors");
                String[] args = {
                    "logits",
                    path(golden.folder()),
                    "--ids-file",
                    path(ids),
                    "--out",
                    path(out),
                    "--engine",
                    engine,
                    "--chunk",
                    "7",
                    "--loops",
                    "" + Math.max(1, Golden.loops(name))
                };
                Run run = yoco(Golden.loops(name) == 0 ? Arrays.copyOf(args, args.length - 2) : args);
                assertThat(run.err()).isEmpty();
                assertThat(run.code()).isZero();
                try (Arena arena = Arena.ofConfined()) {
                    float[] logits =
                            Safetensors.open(out, arena).tensor("logits").toFloats();
                    float[] expected = Objects.requireNonNull(golden.logits().get(name));
                    assertThat(logits).hasSameSizeAs(expected);
                    for (int i = 0; i < logits.length; i++) {
                        assertThat(Math.abs(logits[i] - expected[i])).isLessThan(Golden.LOGIT_TOLERANCE);
                    }
                }
            }
        }
    }

    @Test
    void trainsResumesAndGenerates() throws IOException {
        Path text = Files.createDirectory(temp.resolve("text"));
        for (int i = 0; i < 60; i++) {
            Files.writeString(text.resolve(i + ".txt"), "Document " + i + ". " + "the cat sat on the mat. ".repeat(20));
        }
        Path out = temp.resolve("model");
        String[] train = {
            "train",
            "--system",
            "yoco-u",
            "--size",
            "nano",
            "--data",
            path(text),
            "--out",
            path(out),
            "--steps",
            "12",
            "--batch-size",
            "2",
            "--sequence-length",
            "32",
            "--loops",
            "1..3",
            "--until",
            "6",
            "--evaluate-every",
            "4"
        };
        Run first = yoco(train);
        assertThat(first.err()).isEmpty();
        assertThat(first.code()).isZero();
        assertThat(first.out())
                .contains("loss", "tokens/s", "% of peak", "left", "bits per byte", "Stopped and saved at step 6");

        Run again = yoco(train);
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).contains("holds a model already").contains("--resume");

        Run changed = yoco("train", "--out", path(out), "--resume", "--learning-rate", "1");
        assertThat(changed.code()).isEqualTo(2);
        assertThat(changed.err()).contains("keeps its recipe");

        Run resumed = yoco("train", "--out", path(out), "--resume", "--json");
        assertThat(resumed.code()).isZero();
        assertThat(resumed.json().path("step").asInt()).isEqualTo(12);
        assertThat(resumed.json().path("bits_per_byte").asDouble()).isPositive();
        assertThat(Files.readAllLines(out.resolve("metrics.jsonl")).stream().filter(l -> l.contains("\"loss\"")))
                .hasSize(12);
        assertThat(out.resolve("loss.png")).isNotEmptyFile();
        assertThat(yoco("train", "--out", path(out), "--resume", "--steps", "9").out())
                .contains("Nothing was left to do", "step 12")
                .doesNotContain("Done");

        Run generated = yoco("generate", path(out), "the cat", "--max-tokens", "6", "--loops", "2", "--stats");
        assertThat(generated.code()).isZero();
        assertThat(generated.out()).startsWith("the cat");
        assertThat(generated.err()).contains("prompt").contains("/s").contains("kernels vector");
        JsonNode json = yoco("generate", path(out), "the cat", "--max-tokens", "6", "--json")
                .json();
        assertThat(json.path("generated_tokens").asInt()).isEqualTo(6);
        assertThat(json.path("finish_reason").asText()).isEqualTo("LENGTH");
    }

    @Test
    void aConfigFileSetsWhatFlagsDoNot() throws IOException {
        Path text = Files.createDirectory(temp.resolve("text"));
        for (int i = 0; i < 60; i++) {
            Files.writeString(text.resolve(i + ".txt"), "Document " + i + ". " + "a b c d e f g h i j. ".repeat(20));
        }
        Path config = Files.writeString(
                temp.resolve("recipe.json"),
                "{\"batch_size\": 3, \"bf16\": false, \"sequence_length\": 16, \"schedule\": \"wsd\", \"steps\": 9}");
        Path out = temp.resolve("model");
        Run run = yoco(
                "train",
                "--config",
                path(config),
                "--size",
                "nano",
                "--data",
                path(text),
                "--out",
                path(out),
                "--steps",
                "2");
        assertThat(run.err()).isEmpty();
        JsonNode written =
                new JsonMapper().readTree(out.resolve("training.json").toFile());
        assertThat(written.path("batch_size").asInt()).isEqualTo(3);
        assertThat(written.path("schedule").asText()).isEqualToIgnoringCase("wsd");
        assertThat(written.path("steps").asInt()).isEqualTo(2);

        Files.writeString(config, "{\"batch_sise\": 3}");
        Run typo = yoco("train", "--config", path(config), "--data", path(text), "--out", path(temp.resolve("b")));
        assertThat(typo.code()).isEqualTo(2);
        assertThat(typo.err())
                .contains("recipe.json")
                .contains("batch_sise is not a training option: remove it, or name one of", "batch_size, ");
    }

    /** A model with random weights and a tokenizer of bytes. */
    private Path modelForText() {
        return modelForText("for-text", 1);
    }

    private Path modelForText(String name, int seed) {
        return ModelFolders.create(temp.resolve(name), "yoco-u", seed, "the cat sat on the mat");
    }

    @ParameterizedTest
    @ValueSource(strings = {"q8", "q4"})
    void quantizesAndTellsSizesAndQuality(String format) throws IOException {
        Path model = modelForText();
        Path text = Files.createDirectory(temp.resolve("held-out"));
        Files.writeString(text.resolve("a.txt"), "the cat sat on the mat. ".repeat(30));
        Files.writeString(text.resolve("b.txt"), "x");
        Path out = temp.resolve("quantized");
        Run run = yoco("quantize", path(model), "--to", format, "--out", path(out), "--text", path(text));
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .containsPattern("\\| attention +\\| +[0-9.]+K +\\| F32 +[0-9.]+ KiB \\| +" + format)
                .containsPattern("\\| embedding +\\| +[0-9.]+K +\\| F32 +[0-9.]+ KiB \\| +q8")
                .containsPattern("bits per byte of .*: [0-9.]+ before, [0-9.]+ after \\([0-9]+ tokens, 720 bytes");

        assertThat(yoco("inspect", path(out)).out()).contains("weights quantized to " + format + " in groups of 32");
        JsonNode weights = yoco("inspect", path(out), "--json").json().path("weights");
        assertThat(weights.path("quantization").asText()).isEqualTo(format);
        assertThat(weights.path("file_bytes").asLong()).isEqualTo(Files.size(out.resolve("model.safetensors")));
        assertThat(yoco("inspect", path(model), "--json")
                        .json()
                        .path("weights")
                        .path("quantization")
                        .asText())
                .isEqualTo("none");
        assertThat(yoco("generate", path(out), "the cat", "--max-tokens", "3").code())
                .isZero();

        Run again = yoco("quantize", path(out), "--to", "q8", "--out", path(temp.resolve("again")));
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).contains("is quantized already, to " + format);
    }

    @Test
    void quantizeSpeaksJsonAndMeasuresOnlyWhenAsked() throws IOException {
        Path model = modelForText();
        Path text = Files.writeString(temp.resolve("text.txt"), "the mat sat on the cat. ".repeat(40));
        Run plain = yoco("quantize", path(model), "--to", "q8", "--out", path(temp.resolve("plain")));
        assertThat(plain.out()).contains("has not been measured: --text FILE gives bits per byte");
        JsonNode json = yoco(
                        "quantize",
                        path(model),
                        "--to",
                        "q8",
                        "--out",
                        path(temp.resolve("json")),
                        "--text",
                        path(text),
                        "--json")
                .json();
        assertThat(json.path("text_bytes").asInt()).isEqualTo(960);
        double before = json.path("bits_per_byte_before").asDouble();
        assertThat(json.path("bits_per_byte_after").asDouble()).isBetween(before * 0.98, before * 1.02);
        assertThat(json.path("file_bytes_after").asLong())
                .isLessThan(json.path("file_bytes_before").asLong() / 3);
    }

    @Test
    void quantizeRefusesTextBeforeItWorks() throws IOException {
        Path model = modelForText();
        Path tooShort = Files.writeString(temp.resolve("short.txt"), "x");
        Path out = temp.resolve("out");
        for (Path text : new Path[] {tooShort, temp.resolve("missing"), Files.createDirectory(temp.resolve("none"))}) {
            Run run = yoco("quantize", path(model), "--to", "q8", "--out", path(out), "--text", path(text));
            assertThat(run.err()).startsWith("yoco: ").contains(path(text)).doesNotContain("Exception");
            assertThat(run.code()).isEqualTo(2);
            assertThat(out).doesNotExist();
        }
    }

    @Test
    void aQuantizedFileOfAnotherGroupSizeIsRefused() throws IOException {
        Path out = temp.resolve("out");
        yoco("quantize", path(modelForText()), "--to", "q4", "--out", path(out));
        Path config = out.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"group_size\" : 32", "\"group_size\" : 64"));
        Run run = yoco("generate", path(out), "the cat");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err())
                .contains("config.json: quantization.group_size is 64")
                .hasLineCount(1);
    }

    @Test
    void benchMeasuresWritesAndDraws() throws IOException {
        Path json = temp.resolve("results").resolve("bench.jsonl");
        Path plots = temp.resolve("plots");
        String[] args = {
            "bench",
            "--system",
            "transformer,yoco-u",
            "--size",
            "nano",
            "--context",
            "16,64",
            "--batch",
            "1,2",
            "--generate",
            "2",
            "--repeat",
            "2",
            "--threads",
            "1",
            "--json",
            path(json),
            "--plot",
            path(plots)
        };
        Run run = yoco(args);
        assertThat(run.err()).doesNotContain("yoco:");
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .startsWith("size nano, bf16 weights, f32 KV, 1 thread; the machine's limits are ")
                .containsPattern("\\| transformer \\| +16 \\| +1 \\| +[0-9.,]+ \\([0-9.,]+\\) \\| +[0-9]+% \\|")
                .containsPattern("\\| yoco-u +\\| +64 \\| +2 \\|");

        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(json)) {
            lines.add(new JsonMapper().readTree(line));
        }
        assertThat(lines).hasSize(2 * 2 * 2 + 1);
        assertThat(lines.subList(0, 8)).allSatisfy(p -> {
            assertThat(p.path("size").asText()).isEqualTo("nano");
            assertThat(p.path("weights").asText()).isEqualTo("bf16");
            assertThat(p.path("kv").asText()).isEqualTo("f32");
            assertThat(p.path("threads").asInt()).isEqualTo(1);
            assertThat(p.path("kv_bytes").asLong())
                    .isEqualTo(p.path("kv_bytes_predicted").asLong())
                    .isPositive();
            for (String field : List.of("prefill_tps", "decode_tps", "ttft_s")) {
                assertThat(p.path(field).asDouble())
                        .isPositive()
                        .isBetween(
                                p.path(field + "_min").asDouble(),
                                p.path(field + "_max").asDouble());
            }
            assertThat(p.path("kv_bytes_allocated").asLong())
                    .isGreaterThanOrEqualTo(p.path("kv_bytes").asLong());
            assertThat(p.path("flops_share").asDouble()).isPositive();
            assertThat(p.path("bandwidth_share").asDouble()).isPositive();
        });
        assertThat(lines.subList(0, 8))
                .extracting(p -> p.path("system").asText() + " "
                        + p.path("context").asInt() + " x" + p.path("batch").asInt())
                .containsExactly(
                        "transformer 16 x1",
                        "transformer 16 x2",
                        "yoco-u 16 x1",
                        "yoco-u 16 x2",
                        "transformer 64 x1",
                        "transformer 64 x2",
                        "yoco-u 64 x1",
                        "yoco-u 64 x2");
        JsonNode summary = lines.getLast();
        assertThat(new JsonMapper().readTree(run.out().lines().toList().getLast()))
                .isEqualTo(summary);
        assertThat(summary.path("command").asText()).isEqualTo("yoco " + String.join(" ", args));
        assertThat(summary.path("peak_gflops").asDouble()).isPositive();
        assertThat(summary.path("peak_gbytes_per_second").asDouble()).isPositive();
        assertThat(summary.path("kernels").asText()).startsWith("vector");
        assertThat(summary.path("processor").asText()).isNotEmpty();
        assertThat(json.resolveSibling("bench.jsonl.partial")).doesNotExist();
        for (String plot : List.of("prefill.png", "decode.png", "kv.png")) {
            assertThat(ImageIO.read(plots.resolve(plot).toFile()).getWidth()).isPositive();
        }
    }

    private static int[] contextOf(Path session, Path model, String kv) {
        EngineOptions options = EngineOptions.builder()
                .kv(KvFormat.valueOf(kv.toUpperCase(Locale.ROOT)))
                .build();
        try (YocoModel m = YocoModel.open(model, options);
                Session s = m.restore(session)) {
            return IntStream.concat(IntStream.of(s.tokens()), s.pending().stream())
                    .toArray();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"f32", "bf16", "q8"})
    void aSessionGoesOnWhereItWasSavedAndPrefillsNothingAgain(String kv) throws IOException {
        Path model = modelForText();
        Path whole = temp.resolve("whole");
        Path parts = temp.resolve("parts");
        String[] generate = {"generate", path(model), "--kv", kv, "--json", "--stats", "--session"};
        Run once = yoco(args(generate, path(whole), "--max-tokens", "9", "the cat sat"));
        assertThat(once.code()).as(once.err()).isZero();
        Run first = yoco(args(generate, path(parts), "--max-tokens", "4", "the cat sat"));
        int prompt = first.json().path("prompt_tokens").asInt();
        assertThat(first.json().path("restored_tokens").asInt()).isZero();
        assertThat(first.err()).contains("session restored 0 tokens, prefilled " + prompt + ", saved " + (prompt + 3));
        Run second = yoco(args(generate, path(parts), "--max-tokens", "5"));
        assertThat(second.json().path("restored_tokens").asInt()).isEqualTo(prompt + 3);
        assertThat(second.json().path("prompt_tokens").asInt())
                .as("the last token drawn")
                .isEqualTo(1);
        assertThat(contextOf(parts, model, kv)).isEqualTo(contextOf(whole, model, kv));
        assertThat(first.json().path("text").asText()
                        + second.json().path("text").asText())
                .isEqualTo(once.json().path("text").asText());

        // With more text: as one run on all ids.
        int[] before = contextOf(parts, model, kv);
        Run third = yoco(args(generate, path(parts), "--max-tokens", "5", " on the mat"));
        int[] after = contextOf(parts, model, kv);
        int added = third.json().path("prompt_tokens").asInt() - 1;
        assertThat(third.json().path("restored_tokens").asInt()).isEqualTo(before.length - 1);
        assertThat(added).isPositive();
        assertThat(after).startsWith(before).hasSize(before.length + added + 5);
        try (YocoModel m = YocoModel.open(
                model,
                EngineOptions.builder()
                        .kv(KvFormat.valueOf(kv.toUpperCase(Locale.ROOT)))
                        .build())) {
            int[] ids = Arrays.copyOf(after, after.length - 5);
            assertThat(Arrays.copyOfRange(ids, before.length, ids.length))
                    .isEqualTo(m.tokenizer().orElseThrow().encode(" on the mat"));
            List<Integer> expected = new ArrayList<>();
            m.session()
                    .generate(ids, GenerationOptions.builder().maxTokens(5).build())
                    .forEach(t -> expected.add(t.id()));
            assertThat(IntStream.of(after).skip(ids.length)).containsExactlyElementsOf(expected);
        }
    }

    private static String[] args(String[] first, String... more) {
        return Stream.concat(Arrays.stream(first), Arrays.stream(more)).toArray(String[]::new);
    }

    @Test
    void aSessionThatDoesNotFitIsRefusedAndLeftAsItIs() throws IOException {
        Path model = modelForText();
        Path other = modelForText("other", 2);
        Path session = temp.resolve("session");
        assertThat(yoco("generate", path(model), "the cat", "--max-tokens", "3", "--session", path(session))
                        .code())
                .isZero();
        byte[] saved = Files.readAllBytes(session);
        requireRefused(session, path(other), "was saved from another model");
        requireRefused(session, path(model), "has 2,1: give it the same loops", "--loops", "2");
        requireRefused(session, path(model), "open it with kv f32", "--kv", "q8");
        assertThat(session).hasBinaryContent(saved);
        saved[saved.length / 2] ^= 4;
        Files.write(session, saved);
        requireRefused(session, path(model), "the file is damaged");
        Files.write(session, Arrays.copyOf(saved, saved.length / 2));
        requireRefused(session, path(model), "truncated");
        Files.writeString(session, "my notes");
        requireRefused(session, path(model), "safetensors");
        assertThat(session).hasContent("my notes");
    }

    /** Before anything is generated. */
    @Test
    void aSessionMustHaveAPlaceToBeSaved() throws IOException {
        Path model = modelForText();
        Path folder = Files.createDirectory(temp.resolve("folder"));
        Path file = Files.writeString(temp.resolve("file"), "");
        for (Path session : List.of(folder, file.resolve("session"))) {
            Run run = yoco("generate", path(model), "the cat", "--session", path(session));
            assertThat(run.code()).as(run.err()).isEqualTo(2);
            assertThat(run.out()).isEmpty();
            assertThat(run.err().lines()).hasSize(1);
        }
    }

    private static void requireRefused(Path session, String model, String message, String... more) {
        Run run = yoco(args(new String[] {"generate", model, "on", "--session", path(session)}, more));
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.err()).startsWith("yoco: " + session).contains(message).hasLineCount(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "inspect",
                "inspect --system nope --size tiny",
                "inspect --system yoco --size huge",
                "inspect --system transformer --size tiny --loops 2",
                "inspect --system yoco --size tiny --context 3X",
                "inspect MODEL --convergence EMPTY",
                "inspect MODEL --plot o",
                "generate MISSING text",
                "generate EMPTY text",
                "generate MODEL text",
                "generate MODEL text --threads 0",
                "generate MODEL text --temperature -1",
                "generate MODEL text --session EMPTY",
                "generate MODEL text --kv q4",
                "generate MODEL text --exit-threshold 2",
                "logits MODEL --out o",
                "logits MODEL --ids 1 --ids-file f --out o",
                "logits MODEL --ids 1,2,x --out o",
                "logits MODEL --ids 99999 --out o",
                "logits MODEL --ids 99999 --out o --engine torch",
                "logits MODEL --ids -1 --out o",
                "logits MODEL --ids 1 --out o --chunk -2",
                "logits MODEL --ids 1 --out o --loops 0",
                "logits MODEL --ids 1 --out o --kv q8 --engine torch",
                "logits MODEL --ids-file MISSING --out o",
                "import MISSING --out o",
                "quantize MODEL --to q5 --out o",
                "quantize MODEL --to bf16 --out o",
                "quantize MODEL --to q8",
                "quantize MODEL --out o",
                "quantize MODEL --to q8 --out MODEL",
                "quantize MODEL --to q8 --out o --text EMPTY",
                "quantize MODEL --to q8 --out o --threads 0",
                "quantize MISSING --to q8 --out o",
                "quantize EMPTY --to q8 --out o",
                "train --data MISSING --steps 1 --size nano --out NEW",
                "train --data EMPTY --steps 1 --size nano --out NEW",
                "train --steps 1 --size nano --out NEW",
                "train --resume --out NEW",
                "train --synthetic hops --steps 1 --out NEW",
                "train --synthetic hop:colour=3 --steps 1 --out NEW",
                "train --synthetic mqar:min_length=31 --steps 1 --out NEW",
                "train --synthetic hop --data EMPTY --steps 1 --out NEW",
                "train --synthetic hop --sequence-length 99 --steps 1 --out NEW",
                "train --synthetic hop --out NEW",
                "train --synthetic hop --shape width=3 --steps 1 --out NEW",
                "train --synthetic hop --shape layers=1 --steps 1 --out NEW",
                "inspect --system yoco --size tiny --shape heads=x",
                "eval MODEL --tasks hop:colour=3",
                "eval MODEL --tasks hop,piqa",
                "eval MODEL --tasks piqa",
                "eval MODEL --tasks nope --data EMPTY",
                "eval MODEL --tasks hop --shots 1",
                "eval MODEL --tasks piqa --data EMPTY",
                "eval MODEL --tasks piqa --data MISSING",
                "eval MODEL --tasks niah --data EMPTY --limit 0",
                "eval MODEL --tasks niah --data EMPTY --batch 0",
                "eval MODEL --tasks niah --data EMPTY --max-tokens 1",
                "eval MODEL --tasks hop --max-tokens 1000001",
                "eval MODEL --tasks niah --data EMPTY --exit-threshold 2",
                "eval MISSING --tasks niah --data EMPTY",
                "eval MODEL --data EMPTY",
                "experiment",
                "experiment run MISSING --out o",
                "experiment run CONFIG --out o",
                "experiment run CONFIG --out o --jobs 0",
                "experiment run CONFIG --out o --threads 0",
                "experiment run CONFIG",
                "experiment status EMPTY",
                "experiment status MISSING",
                "experiment status EMPTY --out o",
                "experiment report CONFIG --out MISSING",
                "bench --system nope",
                "bench --size huge",
                "bench --weights int3",
                "bench --kv f16",
                "bench --engine cuda",
                "bench --threads 0",
                "bench --threads 9999",
                "bench --generate 0",
                "bench --repeat 0",
                "bench --batch 0",
                "bench --batch 1,x",
                "bench --context 0",
                "bench --context 3X",
                "bench --context 128K",
                "bench --context 9999999M",
                "bench --size paper --context 250K --batch 64",
                "bench --size nano --system yoco-u --loops 0",
                "bench --size nano --system transformer,yoco --loops 3",
                "bench-training --size nano --shape hidden=60,heads=7",
                "bench --size nano --json EMPTY",
                "bench --size nano --json CONFIG/o",
                "bench --size nano --plot CONFIG",
                "quickstart --minutes 0",
                "quickstart --minutes -1",
                "quickstart --out MODEL",
                "nonsense",
                "generate"
            })
    void mistakesEndInOneSentenceAndExitTwo(String line) throws IOException {
        Path empty = Files.createDirectories(temp.resolve("empty"));
        var a = Presets.architecture("yoco-u", "nano");
        SafetensorsWriter weights = new SafetensorsWriter();
        RandomWeights.of(a, WeightFormat.F32, 1).values().forEach(weights::add);
        new CheckpointWriter(a, weights).create(temp.resolve("model"));
        String[] args = Arrays.stream(line.split(" "))
                .map(w -> switch (w) {
                    case "MISSING" -> path(temp.resolve("missing"));
                    case "EMPTY" -> path(empty);
                    case "MODEL" -> path(temp.resolve("model"));
                    case "CONFIG" -> path(temp.resolve("model").resolve("config.json"));
                    case "CONFIG/o" ->
                        path(temp.resolve("model").resolve("config.json").resolve("o"));
                    case "NEW" -> path(temp.resolve("new"));
                    case "o" -> path(temp.resolve("o"));
                    default -> w;
                })
                .toArray(String[]::new);
        Run run = yoco(args);
        assertThat(run.err()).startsWith("yoco: ").doesNotContain("Exception").doesNotContain("\tat ");
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(temp.resolve("o")).doesNotExist();
    }

    @Test
    void helpIsThereForEveryCommand() {
        for (String command : new String[] {
            "quickstart",
            "train",
            "generate",
            "inspect",
            "import",
            "quantize",
            "logits",
            "bench",
            "bench-training",
            "experiment",
            "version"
        }) {
            Run run = yoco(command, "--help");
            assertThat(run.code()).isZero();
            assertThat(run.out()).contains("Usage: yoco " + command);
        }
        assertThat(yoco("--help").out()).contains("quickstart").contains("Start with");
    }
}
