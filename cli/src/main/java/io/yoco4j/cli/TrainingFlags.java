package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.train.Schedule;
import io.yoco4j.train.TrainingOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The training recipe as flags; what is not given comes from {@code --config}, else from the defaults. */
final class TrainingFlags {
    /** Number formats of matrix products. */
    enum Dtype {
        BF16,
        F32
    }

    @Option(
            names = "--loops",
            paramLabel = "T|A..B",
            description = "Iterations of looped stages: a number, or a range to"
                    + " draw from at each step, so that depth stays a choice at run time.")
    private @Nullable String loops;

    @Option(
            names = "--steps",
            description =
                    "Optimizer steps to run to, from the run's beginning. One of --steps, --tokens and --minutes is required.")
    private @Nullable Long steps;

    @Option(
            names = "--tokens",
            description = "Tokens to run to, such as 15M, which is 15,000,000; rounded up to whole steps.")
    private @Nullable String tokens;

    @Option(names = "--minutes", description = "Minutes of training to run to, from the run's beginning.")
    private @Nullable Double minutes;

    @Option(names = "--dtype", description = "Of matrix products: ${COMPLETION-CANDIDATES} (default: bf16).")
    private @Nullable Dtype dtype;

    @Option(names = "--batch-size", description = "Sequences per micro-batch (default: 16).")
    private @Nullable Integer batchSize;

    @Option(names = "--sequence-length", description = "Tokens per sequence (default: 256).")
    private @Nullable Integer sequenceLength;

    @Option(names = "--accumulation", description = "Micro-batches per step (default: 1).")
    private @Nullable Integer accumulation;

    @Option(names = "--learning-rate", description = "Peak learning rate (default: 2e-3).")
    private @Nullable Double learningRate;

    @Option(names = "--schedule", description = "${COMPLETION-CANDIDATES} (default: cosine).")
    private Schedule.@Nullable Shape schedule;

    @Option(names = "--warmup", description = "Share of the run in which the rate rises (default: 0.05).")
    private @Nullable Double warmup;

    @Option(names = "--weight-decay", description = "Decoupled; not on norms and embeddings (default: 0.1).")
    private @Nullable Double weightDecay;

    @Option(names = "--clip", description = "Largest gradient norm (default: 1).")
    private @Nullable Double clip;

    @Option(
            names = "--dropout",
            description =
                    "Probability with which what a layer adds to the residual stream is dropped, entry by entry (default: 0).")
    private @Nullable Double dropout;

    @Option(names = "--seed", description = "Of weights, data order, dropout, drawn loops (default: 1).")
    private @Nullable Long seed;

    @Option(
            names = "--evaluate-every",
            description = "Steps between evaluations, each after a checkpoint (default: 250).")
    private @Nullable Long evaluateEvery;

    @Option(names = "--evaluation-tokens", description = "Held-out tokens per evaluation, at most (default: 65536).")
    private @Nullable Long evaluationTokens;

    @Option(
            names = "--sample",
            paramLabel = "PROMPT",
            description = "Continue this after each evaluation; may be repeated.")
    private List<String> samples = List.of();

    @Option(names = "--sample-tokens", description = "Tokens per sample (default: 48).")
    private @Nullable Integer sampleTokens;

    /** A fixed number of loops that was asked for, or 0. */
    int fixedLoops() {
        return loops == null || loops.contains("..") ? 0 : loop(loops);
    }

    /** Defaults, overlaid with the config file, overlaid with the flags. */
    TrainingOptions options(TrainingOptions.Builder defaults, @Nullable Path config) {
        TrainingOptions.Builder b = defaults;
        if (config != null) {
            try {
                b = TrainingOptions.overlay(b, Files.readString(config));
            } catch (InvalidInputException e) {
                throw e.in(config + ": ");
            } catch (IOException e) {
                if (!Files.isRegularFile(config)) {
                    throw new InvalidInputException(config + " is missing or not a file", e);
                }
                throw new UncheckedIOException(config + " could not be read: " + e.getMessage(), e);
            }
        }
        return withSamples(apply(b).build());
    }

    private TrainingOptions withSamples(TrainingOptions options) {
        if (sampleTokens != null && options.samplePrompts().isEmpty()) {
            throw new InvalidInputException("--sample-tokens goes with --sample, which names what to go on with");
        }
        return options;
    }

    /** A run's own options, run to another bound where one is given. */
    TrainingOptions resumed(TrainingOptions earlier) {
        boolean recipe = loops != null
                || dtype != null
                || batchSize != null
                || sequenceLength != null
                || accumulation != null
                || learningRate != null
                || schedule != null
                || warmup != null
                || weightDecay != null
                || clip != null
                || dropout != null
                || seed != null;
        if (recipe) {
            throw new InvalidInputException(
                    "a resumed run keeps its recipe: leave out all options but --steps, --tokens,"
                            + " --minutes, --evaluate-every, --evaluation-tokens, --sample and --sample-tokens");
        }
        return withSamples(apply(earlier.toBuilder()).build());
    }

    private TrainingOptions.Builder apply(TrainingOptions.Builder b) {
        if (loops != null && loops.contains("..")) {
            String[] range = loops.split("\\.\\.", 2);
            b.loops(loop(range[0]), loop(range[1]));
        } else if (loops != null) {
            loop(loops);
            b.loops(0, 0);
        }
        set(dtype, d -> b.bf16(d == Dtype.BF16));
        set(batchSize, b::batchSize);
        set(sequenceLength, b::sequenceLength);
        set(accumulation, b::accumulation);
        set(learningRate, b::learningRate);
        set(schedule, b::schedule);
        set(warmup, b::warmup);
        set(weightDecay, b::weightDecay);
        set(clip, b::clip);
        set(dropout, b::dropout);
        set(seed, b::seed);
        set(evaluateEvery, b::evaluateEvery);
        set(evaluationTokens, b::evaluationTokens);
        if (samples.contains("")) {
            throw new InvalidInputException("--sample is empty: name a text to go on with, or leave it out");
        }
        if (!samples.isEmpty()) {
            b.samplePrompts(samples).sampleTokens(48);
        }
        set(sampleTokens, b::sampleTokens);
        bound(b);
        return b;
    }

    private void bound(TrainingOptions.Builder b) {
        int given = (steps != null ? 1 : 0) + (tokens != null ? 1 : 0) + (minutes != null ? 1 : 0);
        if (given > 1) {
            throw new InvalidInputException("a run has one bound: give one of --steps, --tokens and --minutes");
        }
        if (given == 1) {
            b.steps(0).minutes(0);
        }
        set(steps, b::steps);
        set(minutes, b::minutes);
        if (tokens != null) {
            // A size that is none is refused by its name when the options are built.
            long perStep = Math.max(1, b.tokensPerStep());
            b.steps(Math.ceilDiv(Units.budget(tokens), perStep));
        }
    }

    private static int loop(String text) {
        try {
            int value = Integer.parseInt(text.strip());
            if (value < 1) {
                throw new NumberFormatException();
            }
            return value;
        } catch (NumberFormatException e) {
            throw new InvalidInputException(
                    "--loops is not a number or a range, such as 3 or 1..5: \"" + text + "\"", e);
        }
    }

    private static <T> void set(@Nullable T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }
}
