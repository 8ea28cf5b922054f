package io.yoco4j.train;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ArchitectureJson;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.checkpoint.DType;
import io.yoco4j.core.checkpoint.GenerationConfig;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.train.TrainingListener.Evaluation;
import io.yoco4j.train.TrainingListener.Sample;
import io.yoco4j.train.TrainingListener.Step;
import io.yoco4j.train.data.Sequences;
import io.yoco4j.train.data.Shards;
import io.yoco4j.train.model.Parameters;
import io.yoco4j.train.model.Parameters.Initialization;
import io.yoco4j.train.model.StageExecutor;
import io.yoco4j.train.model.Torch;
import io.yoco4j.train.model.TorchLogits;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Trains one model: batches, loss, gradient, AdamW, evaluation, checkpoint. Every random choice is a function of the
 * seed and the step, so a run that is stopped and resumed continues as if it had not been (bit for bit in float32, for
 * a run bounded by steps).
 */
public final class Trainer {
    private static final System.Logger LOG = System.getLogger(Trainer.class.getName());

    private final Architecture architecture;
    private final TrainingOptions options;
    private final Dataset data;
    private final Path folder;
    private final TrainingListener listener;
    private final Deque<Double> recentSeconds = new ArrayDeque<>();
    private volatile boolean stopRequested;
    /** Step of the checkpoint in the folder, 0 for none. */
    private long saved;

    private boolean plotFailed;

    /** A trainer on text. */
    public Trainer(
            Architecture architecture,
            TrainingOptions options,
            Shards shards,
            Tokenizer tokenizer,
            Path folder,
            TrainingListener listener) {
        this(architecture, options, new TrainingData(tokenizer, shards), folder, listener);
    }

    /**
     * @param data stays the caller's, who closes it after the run
     * @param folder of the model; made where it is missing
     * @throws InvalidInputException when loops are to be drawn but nothing loops, the data has tokens that the model has
     *     not, or a sample prompt has none
     */
    public Trainer(
            Architecture architecture, TrainingOptions options, Dataset data, Path folder, TrainingListener listener) {
        requireLoops(architecture, options);
        if (data.vocabularySize() > architecture.vocabSize()) {
            throw new InvalidInputException("the data has a vocabulary of " + data.vocabularySize()
                    + " tokens, but the model one of " + architecture.vocabSize());
        }
        for (String prompt : options.samplePrompts()) {
            if (options.sampleTokens() > 0 && data.tokenizer().encode(prompt).length == 0) {
                throw new InvalidInputException(
                        "sample prompt \"" + prompt + "\" has no token to go on from: name another");
            }
        }
        this.architecture = architecture;
        this.options = options;
        this.data = data;
        this.folder = folder;
        this.listener = listener;
    }

    /**
     * Refuses loops to be drawn that the model cannot run.
     *
     * @throws InvalidInputException when nothing loops, or the most of them are too many
     */
    public static void requireLoops(Architecture architecture, TrainingOptions options) {
        if (!options.drawsLoops()) {
            return;
        }
        if (!architecture.looped()) {
            throw new InvalidInputException("loops are to be drawn from " + options.minLoops() + ".."
                    + options.maxLoops() + ", but the system has no looped stage: leave --loops out");
        }
        architecture.withLoops(options.maxLoops());
    }

    /** Asks the run to save and end, within a micro-batch; from any thread. */
    public void stop() {
        stopRequested = true;
    }

    /** How a run ended: the last step, and the last evaluation if there was one. */
    public record Result(long step, Optional<Evaluation> evaluation, boolean stopped) {}

    /**
     * Trains to the end of the budget, or until {@link #stop}.
     *
     * @param resume go on from the state in the folder
     * @param until save and end after this step though the budget goes on, e.g. for a night; {@link Long#MAX_VALUE} for
     *     none. The schedule is the budget's
     * @throws InvalidInputException when the state to resume from is missing or of another model
     * @throws TrainingDivergedException when loss or gradient is not finite; a checkpoint before is untouched
     * @throws java.io.UncheckedIOException when a checkpoint cannot be written; the one before is untouched
     */
    public Result run(boolean resume, long until) {
        try (Parameters parameters = new Parameters(architecture);
                AdamW optimizer = new AdamW(parameters, options);
                StageExecutor training = new StageExecutor(parameters, options.bf16(), options.dropout());
                StageExecutor evaluating = new StageExecutor(parameters, options.bf16(), 0)) {
            TrainingState state = new TrainingState(0, 0);
            if (resume) {
                state = TrainingState.read(folder, parameters, optimizer);
                saved = state.step();
            } else {
                parameters.initialize(new Initialization(options.linearInit(), options.outputInit()), options.seed());
            }
            writeDescription();
            double peak = PeakProbe.flops(options.bf16());
            listener.started(options, parameters.count(), peak, resume ? Optional.of(state.step()) : Optional.empty());
            return loop(state, until, new Run(parameters, optimizer, training, evaluating, peak));
        }
    }

    /** What lives as long as a run. */
    private record Run(
            Parameters parameters, AdamW optimizer, StageExecutor training, StageExecutor evaluating, double peak) {}

    private Result loop(TrainingState start, long until, Run run) {
        Sequences sequences = data.training(options);
        Sequences heldOut = data.heldOut(options);
        MetricsLog metrics = MetricsLog.open(folder, start.step());
        TrainingState state = start;
        Optional<Evaluation> last = Optional.empty();
        if (state.step() > 0 && (progress(state) >= 1 || due(state)) && !metrics.evaluated(state.step())) {
            // The run ended between the checkpoint and its evaluation, maybe before the checkpoint's model was written.
            save(state, run, metrics);
            last = Optional.of(evaluate(state, heldOut, run, metrics));
            sample(state, run);
        }
        while (progress(state) < 1 && !stopRequested && state.step() < until) {
            state = step(state, sequences, run, metrics);
            boolean done = progress(state) >= 1;
            if (done || due(state) && !stopRequested) {
                save(state, run, metrics);
                last = Optional.of(evaluate(state, heldOut, run, metrics));
                sample(state, run);
            }
        }
        boolean stopped = progress(state) < 1;
        if (stopped) {
            save(state, run, metrics);
        }
        plot(metrics);
        return new Result(state.step(), last, stopped);
    }

    private boolean due(TrainingState state) {
        return options.evaluateEvery() > 0 && state.step() % options.evaluateEvery() == 0;
    }

    /** Share of the run that is done, 0..1. */
    private double progress(TrainingState state) {
        return options.steps() > 0
                ? (double) state.step() / options.steps()
                : state.seconds() / (60 * options.minutes());
    }

    private TrainingState step(TrainingState state, Sequences sequences, Run run, MetricsLog metrics) {
        long begin = System.nanoTime();
        long step = state.step() + 1;
        Architecture a = drawnLoops(step);
        if (options.dropout() > 0) {
            torch.manual_seed(mix(step));
        }
        double learningRate = Schedule.of(options).at(progress(state));
        double loss = 0;
        int rows = options.batchSize();
        long[] ids = new long[rows * options.sequenceLength()];
        long[] targets = new long[ids.length];
        double[] shares = shares(state, sequences, ids, targets);
        for (int micro = 0; micro < options.accumulation(); micro++) {
            if (stopRequested) {
                // Weights and moments are those of the step before, which is where the run will go on.
                return state;
            }
            sequences.read((state.step() * options.accumulation() + micro) * rows, rows, ids, targets);
            try (PointerScope _ = new PointerScope()) {
                Tensor mean = run.training().loss(a, tensor(ids, rows), tensor(targets, rows));
                double share = shares[micro];
                mean.mul(new Scalar(share)).backward();
                loss += mean.item_float() * share;
            }
        }
        double norm = run.optimizer().step(step, learningRate);
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            throw new TrainingDivergedException("training diverged at step " + step + " (loss " + loss
                    + ", gradient norm " + norm + "): "
                    + (saved > 0
                            ? "the checkpoint of step " + saved + " in " + folder + " is untouched"
                            : "nothing was saved")
                    + "; start again with a lower --learning-rate and another --out");
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        TrainingState next = new TrainingState(step, state.seconds() + seconds);
        report(next, a, loss, norm, learningRate, seconds, run, metrics);
        return next;
    }

    /** Of a step's targets those in each micro-batch: they may have labels of different number. */
    private double[] shares(TrainingState state, Sequences sequences, long[] ids, long[] targets) {
        double[] shares = new double[options.accumulation()];
        if (shares.length == 1) {
            shares[0] = 1;
            return shares;
        }
        int rows = options.batchSize();
        for (int micro = 0; micro < shares.length; micro++) {
            sequences.read((state.step() * shares.length + micro) * rows, rows, ids, targets);
            shares[micro] =
                    Arrays.stream(targets).filter(t -> t != Sequences.IGNORED).count();
        }
        double all = Arrays.stream(shares).sum();
        return Arrays.stream(shares).map(s -> s / all).toArray();
    }

    private void report(
            TrainingState state,
            Architecture a,
            double loss,
            double norm,
            double learningRate,
            double seconds,
            Run run,
            MetricsLog metrics) {
        recentSeconds.addLast(seconds);
        if (recentSeconds.size() > 10) {
            recentSeconds.removeFirst();
        }
        double mean = recentSeconds.stream().mapToDouble(d -> d).average().orElseThrow();
        double tokensPerSecond = options.tokensPerStep() / mean;
        double flops =
                new Accounting(a).trainingFlopsPerToken(options.sequenceLength()) * options.tokensPerStep() / seconds;
        double left = options.steps() > 0
                ? (options.steps() - state.step()) * mean
                : Math.max(0, 60 * options.minutes() - state.seconds());
        int loops = a.stages().stream().mapToInt(s -> s.loops()).max().orElse(1);
        Step step = new Step(
                state.step(),
                state.step() * options.tokensPerStep(),
                loss,
                norm,
                learningRate,
                loops > 1 || options.drawsLoops() ? loops : 0,
                tokensPerSecond,
                flops / run.peak(),
                Math.min(1, progress(state)),
                left);
        metrics.add(step);
        listener.step(step);
    }

    /** The architecture at the number of loops that this step trains. */
    private Architecture drawnLoops(long step) {
        if (!options.drawsLoops()) {
            return architecture;
        }
        int loops = new SplittableRandom(mix(step)).nextInt(options.minLoops(), options.maxLoops() + 1);
        return architecture.withLoops(loops);
    }

    private long mix(long step) {
        return new SplittableRandom(options.seed() * 0x9e37_79b9_7f4a_7c15L + step).nextLong();
    }

    private Tensor tensor(long[] values, int rows) {
        return Torch.longs(values, rows, options.sequenceLength());
    }

    private void save(TrainingState state, Run run, MetricsLog metrics) {
        state.write(folder, run.parameters(), run.optimizer());
        SafetensorsWriter weights = new SafetensorsWriter(Map.of("format", "pt"));
        run.parameters().addTo(weights, DType.F32);
        weights.write(folder.resolve(Checkpoint.WEIGHTS));
        saved = state.step();
        plot(metrics);
        listener.saved(state.step(), folder);
    }

    private void plot(MetricsLog metrics) {
        try {
            LossPlot.write(title(), metrics.curve(), folder);
        } catch (RuntimeException | LinkageError | InternalError e) {
            // The graphics library does not start in a JVM that a signal is ending, nor where there are no fonts.
            if (!stopRequested && !plotFailed) {
                plotFailed = true;
                LOG.log(System.Logger.Level.WARNING, "{0} could not be drawn: {1}", LossPlot.FILE, e);
            }
        }
    }

    /** Everything of a model folder but the weights. */
    private void writeDescription() {
        AtomicFiles.writeString(
                folder.resolve(Checkpoint.TOKENIZER), data.tokenizer().json());
        AtomicFiles.writeString(
                folder.resolve(Checkpoint.GENERATION_CONFIG),
                new GenerationConfig(
                                OptionalInt.empty(),
                                data.endOfText().stream().boxed().toList())
                        .write());
        AtomicFiles.writeString(folder.resolve(OPTIONS), options.write());
        AtomicFiles.writeString(folder.resolve(Checkpoint.CONFIG), ArchitectureJson.write(architecture));
    }

    /** The file that holds a run's options. */
    public static final String OPTIONS = "training.json";

    private String title() {
        double millions = new Accounting(architecture).parameters() / 1e6;
        return String.format(Locale.ROOT, "%s, %.2fM parameters", folder.getFileName(), millions);
    }

    private Evaluation evaluate(TrainingState state, Sequences heldOut, Run run, MetricsLog metrics) {
        int n = options.sequenceLength();
        long sequences = Math.min(heldOut.count(), Math.max(1, options.evaluationTokens() / n));
        double nats = 0;
        // In sequences' worth of targets, where one without ignored targets counts 1.
        double weight = 0;
        double right = 0;
        for (long first = 0; first < sequences; first += options.batchSize()) {
            int rows = (int) Math.min(options.batchSize(), sequences - first);
            long[] ids = new long[rows * n];
            long[] targets = new long[ids.length];
            heldOut.read(first, rows, ids, targets);
            double share = (double) Arrays.stream(targets)
                            .filter(t -> t != Sequences.IGNORED)
                            .count()
                    / n;
            try (PointerScope _ = new PointerScope()) {
                TorchLogits.Prediction prediction =
                        TorchLogits.predict(run.evaluating(), architecture, tensor(ids, rows), tensor(targets, rows));
                nats += share * prediction.loss();
                weight += share;
                right += prediction.right();
            }
        }
        double loss = nats / weight;
        OptionalDouble bytes = data.bytesPerToken(options);
        Evaluation evaluation = new Evaluation(
                state.step(),
                state.step() * options.tokensPerStep(),
                loss,
                bytes.isPresent() ? loss / Math.log(2) / bytes.getAsDouble() : Double.NaN,
                right / (weight * n));
        metrics.add(evaluation);
        listener.evaluated(evaluation);
        return evaluation;
    }

    private void sample(TrainingState state, Run run) {
        if (options.sampleTokens() == 0) {
            return;
        }
        for (String prompt : options.samplePrompts()) {
            int[] ids = TorchLogits.greedy(
                    run.evaluating(),
                    architecture,
                    data.tokenizer().encode(prompt),
                    data.vocabularySize(),
                    options.sampleTokens(),
                    data.endOfText().orElse(-1));
            listener.sampled(new Sample(state.step(), prompt, data.tokenizer().decode(ids)));
        }
    }
}
