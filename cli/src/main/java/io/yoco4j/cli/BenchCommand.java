package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.bench.BenchmarkListener;
import io.yoco4j.engine.bench.BenchmarkOptions;
import io.yoco4j.engine.bench.BenchmarkPoint;
import io.yoco4j.engine.bench.BenchmarkResult;
import io.yoco4j.engine.bench.EngineBenchmark;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "bench",
        description = {
            "Prefill and decode speed and KV bytes of systems over growing contexts, on random weights.",
            "Every combination of the lists is measured; systems take turns, medians count."
        },
        mixinStandardHelpOptions = true)
final class BenchCommand implements Runnable {
    /** What multiplies many rows; each constant's name in lower case is that of the products. */
    enum Engine {
        JAVA,
        ONEDNN
    }

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--system",
            split = ",",
            paramLabel = "S",
            defaultValue = "transformer,yoco,yoco-u",
            completionCandidates = SystemOptions.Systems.class,
            description = "Some of ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
    private List<String> systems;

    @Option(
            names = "--size",
            split = ",",
            paramLabel = "Z",
            defaultValue = "tiny",
            completionCandidates = SystemOptions.Sizes.class,
            description = "Some of ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
    private List<String> sizes;

    @Option(
            names = "--weights",
            split = ",",
            paramLabel = "F",
            defaultValue = "bf16",
            description = "Formats of matrices: some of ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
    private List<WeightFormat> weights;

    @Option(
            names = "--kv",
            split = ",",
            paramLabel = "F",
            defaultValue = "f32",
            description = "Formats of caches: some of ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
    private List<KvFormat> kv;

    @Option(
            names = "--context",
            paramLabel = "N,..",
            defaultValue = "512,2K,8K",
            description = "Tokens of the prompts; 8K is 8,192 (${DEFAULT-VALUE}).")
    private String contexts;

    @Option(
            names = "--generate",
            paramLabel = "N",
            defaultValue = "32",
            description = "Tokens decoded after each prompt (${DEFAULT-VALUE}).")
    private int generate;

    @Option(
            names = "--batch",
            split = ",",
            paramLabel = "B",
            defaultValue = "1",
            description = "How many contexts are decoded together (${DEFAULT-VALUE}).")
    private List<Integer> batches;

    @Option(names = "--repeat", defaultValue = "3", description = "Measurements of each point (${DEFAULT-VALUE}).")
    private int repeat;

    @Mixin
    private ThreadsOption threads = new ThreadsOption();

    @Mixin
    private LoopsOption loops = new LoopsOption();

    @Option(names = "--full-prefill", description = "Compute the logits of every token of a prompt, not of the last.")
    private boolean fullPrefill;

    @Option(
            names = "--engine",
            defaultValue = "java",
            description =
                    "What multiplies many rows: ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}); generate and serve take oneDNN where it runs.")
    private Engine engine;

    @Option(
            names = "--prepack",
            description = "Let that engine keep copies of the weights, 2 bytes for each, as it reads them fastest.")
    private boolean prepack;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Write a line of JSON per point, and a summary; FILE.partial has them as they come.")
    private @Nullable Path json;

    @Option(names = "--plot", paramLabel = "DIR", description = "Draw prefill.png, decode.png and kv.png.")
    private @Nullable Path plot;

    @SuppressWarnings("NullAway.Init") // picocli sets them
    BenchCommand() {}

    @Override
    public void run() {
        BenchmarkOptions options = options();
        EngineBenchmark benchmark = new EngineBenchmark(options);
        Optional<JsonLines> lines = Optional.ofNullable(json).map(JsonLines::new);
        if (plot != null) {
            requireFolder(plot);
        }
        BenchReport report = new BenchReport(options);
        BenchProgress progress = new BenchProgress(spec.commandLine().getErr(), repeat);
        BenchmarkResult result = benchmark.run(new BenchmarkListener() {
            @Override
            public void measuring(Step step) {
                progress.measuring(step);
            }

            @Override
            public void measured(BenchmarkPoint point) {
                lines.ifPresent(l -> l.add(report.line(point)));
            }
        });
        var summary = report.summary(
                result, spec.root().commandLine().getParseResult().originalArgs());
        lines.ifPresent(l -> {
            l.add(summary);
            l.finish();
        });
        if (plot != null) {
            new BenchPlots(report).write(result.points(), plot);
        }
        PrintWriter err = spec.commandLine().getErr();
        report.warnings(result).forEach(warning -> err.println("yoco: " + warning));
        err.flush();
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                Locale.ROOT,
                "%s; the machine's limits are %.0f GFLOP/s and %.1f GB/s%n%n",
                report.common(),
                result.limits().flops() / 1e9,
                result.limits().bytesPerSecond() / 1e9);
        out.println(report.table(result));
        out.println(Json.line(summary));
        out.flush();
    }

    private BenchmarkOptions options() {
        BenchmarkOptions.Builder options = BenchmarkOptions.builder()
                .systems(systems)
                .sizes(sizes)
                .weights(weights)
                .kv(kv)
                .contexts(Units.contexts(contexts).stream()
                        .map(n -> (int) Math.min(n, Integer.MAX_VALUE))
                        .toList())
                .batches(batches)
                .generate(generate)
                .threads(threads.count())
                .repeat(repeat)
                .products(engine.name().toLowerCase(Locale.ROOT))
                .prepack(prepack)
                .fullPrefill(fullPrefill);
        loops.given().ifPresent(options::loops);
        return options.build();
    }

    private static void requireFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new InvalidInputException("no plots can be written to " + folder + ": " + AtomicFiles.reason(e), e);
        }
        if (!Files.isWritable(folder)) {
            throw new InvalidInputException("no plots can be written to " + folder + ": it is read-only");
        }
    }
}
