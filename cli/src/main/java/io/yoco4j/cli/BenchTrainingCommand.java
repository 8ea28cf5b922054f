package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.train.TrainingBenchmark;
import io.yoco4j.train.model.Torch;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "bench-training",
        description = "Tokens per second of training steps on random ids; the median step counts.",
        mixinStandardHelpOptions = true)
final class BenchTrainingCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Mixin
    private SystemOptions preset = new SystemOptions();

    @Option(names = "--dtype", defaultValue = "bf16", description = "${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
    private TrainingFlags.Dtype dtype;

    @Option(names = "--batch-size", defaultValue = "16", description = "Sequences per step (${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(names = "--sequence-length", defaultValue = "256", description = "Tokens per sequence (${DEFAULT-VALUE}).")
    private int sequenceLength;

    @Option(
            names = "--steps",
            defaultValue = "12",
            description = "Steps that count, after three that do not (${DEFAULT-VALUE}).")
    private int steps;

    @Mixin
    private ThreadsOption threads = new ThreadsOption();

    @Mixin
    private JsonOption json = new JsonOption();

    @SuppressWarnings("NullAway.Init") // picocli sets them
    BenchTrainingCommand() {}

    @Override
    public void run() {
        if (steps < 1) {
            throw new InvalidInputException("--steps is " + steps + ", but must be at least 1");
        }
        Architecture a = preset.architecture();
        Torch.threads(threads.training());
        TrainingBenchmark.Result result;
        try (HaltOnSignal _ = new HaltOnSignal()) {
            result = TrainingBenchmark.run(a, dtype == TrainingFlags.Dtype.BF16, batchSize, sequenceLength, steps);
        }
        double flops = new Accounting(a).trainingFlopsPerToken(sequenceLength) * result.tokensPerSecond();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("system", preset.system());
        facts.put("size", preset.label());
        facts.put("dtype", dtype.name().toLowerCase(Locale.ROOT));
        facts.put("batch_size", batchSize);
        facts.put("sequence_length", sequenceLength);
        facts.put("threads", threads.count());
        facts.put("tokens_per_second", result.tokensPerSecond());
        facts.put("fastest", result.fastest());
        facts.put("slowest", result.slowest());
        facts.put("gflops", flops / 1e9);
        facts.put("peak_gflops", result.peakFlops() / 1e9);
        facts.put("peak_share", flops / result.peakFlops());
        PrintWriter out = spec.commandLine().getOut();
        if (!json.wanted()) {
            out.printf(
                    Locale.ROOT,
                    "%s %s, %s, %d x %d tokens, %d threads: %,.0f tokens/s (%,.0f..%,.0f), %.0f of %.0f GFLOP/s%n",
                    preset.system(),
                    preset.label(),
                    facts.get("dtype"),
                    batchSize,
                    sequenceLength,
                    threads.count(),
                    result.tokensPerSecond(),
                    result.slowest(),
                    result.fastest(),
                    flops / 1e9,
                    result.peakFlops() / 1e9);
        }
        out.println(Json.line(facts));
    }
}
