package io.yoco4j.cli;

import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.CheckpointWriter;
import io.yoco4j.core.checkpoint.FolderLock;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.report.Table;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.Generation;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.Sampling;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.engine.bench.BenchmarkListener;
import io.yoco4j.engine.bench.BenchmarkOptions;
import io.yoco4j.engine.bench.BenchmarkPoint;
import io.yoco4j.engine.bench.BenchmarkResult;
import io.yoco4j.engine.bench.EngineBenchmark;
import io.yoco4j.train.PeakProbe;
import io.yoco4j.train.Trainer;
import io.yoco4j.train.TrainingData;
import io.yoco4j.train.TrainingOptions;
import io.yoco4j.train.data.Sources;
import io.yoco4j.train.data.WeightedSource;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "quickstart",
        description =
                "Train a small YOCO-U on Java source, generate from it, hold it against a Transformer and a YOCO.",
        mixinStandardHelpOptions = true)
final class QuickstartCommand implements Runnable {
    private static final String SYSTEM = "yoco-u";
    private static final List<String> COMPARED = List.of("transformer", "yoco", SYSTEM);
    private static final String SIZE = "tiny";
    private static final long TEXT_BYTES = 12 << 20;
    private static final int CONTEXT = 4096;
    private static final String SHIPPED = "yoco-u-java";
    private static final String SHIPPED_PROMPT = "public final class ";
    private static final List<Integer> SHIPPED_LOOPS = List.of(1, 3, 5);
    private static final List<String> PROMPTS = List.of(
            "    public static int max(int a, int b) {\n        ",
            "    /**\n     * Returns ",
            "        if (index < 0 || index >= size) {\n            throw new ");

    @Spec
    private CommandSpec spec;

    @Option(names = "--minutes", defaultValue = "3", description = "Minutes of training (${DEFAULT-VALUE}).")
    private double minutes;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "yoco-quickstart",
            description = "Where to (${DEFAULT-VALUE}).")
    private Path out;

    @SuppressWarnings("NullAway.Init") // picocli sets them
    QuickstartCommand() {}

    @Override
    public void run() {
        PrintWriter console = spec.commandLine().getOut();
        TrainingOptions options = TrainingOptions.builder()
                .minutes(minutes)
                .bf16(PeakProbe.bf16Pays())
                .batchSize(8)
                .evaluateEvery(150)
                .evaluationTokens(32_768)
                .build();
        CheckpointWriter.requireFree(out);
        Path folder = out.resolve(SYSTEM);
        int threads = Runtime.getRuntime().availableProcessors();
        Architecture architecture = Presets.architecture(SYSTEM, SIZE);
        console.println("1. Collecting Java source, training a tokenizer");
        console.flush();
        try (FolderLock _ = FolderLock.take(folder);
                TrainingData data = prepare(folder, threads)) {
            console.printf(
                    "   %,d tokens to train on, %,d held out, %.2f bytes per token%n%n",
                    data.shards().train().tokens(),
                    data.shards().validation().tokens(),
                    data.shards().train().bytesPerToken());
            console.printf(
                    Locale.ROOT,
                    "2. Training a YOCO-U of %s parameters, %d layers applied as %d, for %s%n",
                    Units.count(new Accounting(architecture).parameters()),
                    architecture.layers(),
                    architecture.effectiveDepth(),
                    Units.duration(60 * minutes));
            console.flush();
            Trainer.Result result;
            try (TrainingReporter reporter = new TrainingReporter(console, TrainingReporter.onTerminal())) {
                Trainer trainer = new Trainer(architecture, options, data.shards(), data.tokenizer(), folder, reporter);
                result = TrainingRun.run(trainer, false, Long.MAX_VALUE, threads, _ -> {});
            }
            if (result.stopped()) {
                return;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
        EngineOptions engine = EngineOptions.builder().threads(threads).build();
        try (YocoModel trained = YocoModel.open(folder, engine)) {
            complete(console, trained);
        }
        compare(console, threads);
        Optional<Path> shipped = shipped();
        if (shipped.isPresent()) {
            try (YocoModel model = YocoModel.open(shipped.get(), engine)) {
                console.println(
                        "5. The model that comes along, trained for longer, depth drawn from 1 to 5: " + shipped.get());
                depths(console, model);
            }
        }
        String yoco = Yoco.command();
        console.println("6. What is there now, and what to try next");
        console.println("   " + folder + "            the model: weights, tokenizer, config, training state");
        console.println("   " + folder + "/loss.png   the loss as it fell");
        console.println("   " + yoco + " generate " + folder + " \"public final class \" --temperature 0.7 --stats");
        console.println("   " + yoco + " generate " + folder
                + " \"public final class \" --loops 1     another depth, same weights");
        shipped.ifPresent(m -> console.println(
                "   " + yoco + " generate " + m + " \"public final class \" --loops 2 --temperature 0.9"));
        console.println("   " + yoco + " serve " + folder + "     OpenAI's API, and a page to try it on");
        console.println("   " + yoco + " train --resume --out " + folder + " --minutes "
                + (long) Math.ceil(minutes * 10) + "     go on training");
        console.println("   " + yoco + " inspect --system yoco-u --size paper       what the paper's size costs");
        console.flush();
    }

    private static TrainingData prepare(Path folder, int threads) throws IOException {
        return TrainingData.prepare(
                sources(),
                folder,
                new TrainingData.Options(
                        Presets.size(SIZE).vocabulary(),
                        Optional.empty(),
                        TEXT_BYTES,
                        TEXT_BYTES,
                        threads,
                        (_, _) -> {}));
    }

    /** The JDK's own sources, else two sources jars from Maven. */
    private static List<WeightedSource> sources() {
        if (Files.exists(Path.of(System.getProperty("java.home"), "lib", "src.zip"))) {
            return Sources.parse(List.of("jdk!java.base/java/**.java"));
        }
        return Sources.parse(List.of(
                "maven:org.apache.commons:commons-lang3:3.17.0!**/*.java",
                "maven:com.google.guava:guava:33.5.0-jre!**/*.java"));
    }

    private static void complete(PrintWriter console, YocoModel model) {
        console.println();
        console.println("3. Completing Java (temperature 0.6, top-p 0.9, seed 1); > marks where the model goes on");
        GenerationOptions options = GenerationOptions.builder()
                .maxTokens(40)
                .sampling(Sampling.builder().temperature(0.6).topP(0.9).seed(1).build())
                .build();
        for (String prompt : PROMPTS) {
            try (Generation generation = model.generate(prompt, options)) {
                console.println("   ----");
                console.println((prompt + ">" + generation.join()).indent(3).stripTrailing());
                console.flush();
            }
        }
        console.println();
    }

    /** The model beside the launcher, relative where that is shorter; empty where yoco was started without it. */
    private static Optional<Path> shipped() {
        String home = System.getProperty("yoco.home", "");
        if (home.isEmpty()) {
            return Optional.empty();
        }
        Path folder = Path.of(home).resolve("models").resolve(SHIPPED);
        Path here = Path.of("").toAbsolutePath();
        return Optional.of(folder.startsWith(here) ? here.relativize(folder) : folder)
                .filter(Files::isDirectory);
    }

    /** One prompt at several depths. */
    private static void depths(PrintWriter console, YocoModel model) {
        for (int loops : SHIPPED_LOOPS) {
            GenerationOptions options = GenerationOptions.builder()
                    .maxTokens(60)
                    .sampling(Sampling.builder()
                            .temperature(0.9)
                            .topP(0.95)
                            .seed(1)
                            .build())
                    .session(SessionOptions.builder().loops(loops).build())
                    .build();
            try (Generation generation = model.generate(SHIPPED_PROMPT, options)) {
                console.println("   ---- --loops " + loops);
                console.println(
                        (SHIPPED_PROMPT + ">" + generation.join()).indent(3).stripTrailing());
                console.flush();
            }
        }
        console.println();
    }

    private static void compare(PrintWriter console, int threads) {
        console.println(
                "4. Beside a Transformer and a YOCO of the same size (random weights: speed does not depend on them)");
        console.flush();
        BenchmarkResult measured = new EngineBenchmark(BenchmarkOptions.builder()
                        .systems(COMPARED)
                        .sizes(List.of(SIZE))
                        .weights(List.of(WeightFormat.F32))
                        .kv(List.of(KvFormat.F32))
                        .contexts(List.of(CONTEXT))
                        .threads(threads)
                        .build())
                .run(BenchmarkListener.NONE);
        Table table = new Table(
                "system",
                "parameters",
                "layers applied",
                "KV at 8K",
                "at 32K",
                "at 128K",
                "prefill 4K, tokens/s",
                "decode at 4K");
        for (BenchmarkPoint p : measured.points()) {
            Architecture a = Presets.architecture(p.system(), SIZE);
            Accounting costs = new Accounting(a);
            table.row(
                    p.system(),
                    Units.count(costs.parameters()),
                    "" + a.effectiveDepth(),
                    Units.bytes(costs.cacheBytes(8 << 10, KvFormat.F32)),
                    Units.bytes(costs.cacheBytes(32 << 10, KvFormat.F32)),
                    Units.bytes(costs.cacheBytes(128 << 10, KvFormat.F32)),
                    String.format(Locale.ROOT, "%,.0f", p.prefill().median()),
                    String.format(Locale.ROOT, "%,.0f", p.decode().median()));
        }
        console.println(table);
    }
}
