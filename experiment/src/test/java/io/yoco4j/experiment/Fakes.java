package io.yoco4j.experiment;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.eval.ContinuationScore;
import io.yoco4j.eval.GreedyRequest;
import io.yoco4j.eval.ScoreRequest;
import io.yoco4j.experiment.Experiment.Data;
import io.yoco4j.experiment.JobResult.CurvePoint;
import io.yoco4j.train.TrainingDivergedException;
import io.yoco4j.train.TrainingListener;
import io.yoco4j.train.TrainingOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Training and models without any arithmetic: a model is a file with its options, and its loss a formula of them. */
final class Fakes implements TrainingBackend, Models {
    /** Ids are characters. */
    static final int END = 0;

    final List<String> begun = new ArrayList<>();
    String tokenizerHash = "tokenizer-1";
    /** Jobs with this in their name diverge. */
    String diverges = "none";
    /** Jobs with this in their name break. */
    String breaks = "none";
    /** Jobs with this in their name ask for a stop in the middle. */
    String stopsIn = "none";

    Runnable stop = () -> {};

    @Override
    public Prepared prepare(Data data, Path folder, int threads) {
        return new Prepared() {
            @Override
            public String tokenizerHash() {
                return tokenizerHash;
            }

            @Override
            public TrainingRun run(
                    Architecture a, TrainingOptions options, Path folder, int threads, TrainingListener listener) {
                return new Run(options, folder, listener);
            }

            @Override
            public int[] encode(String text) {
                return text.chars().toArray();
            }

            @Override
            public String decode(int[] ids) {
                return new String(ids, 0, ids.length);
            }

            @Override
            public void close() {}
        };
    }

    private final class Run implements TrainingRun {
        private final TrainingOptions options;
        private final Path folder;
        private final TrainingListener listener;
        private volatile boolean stopped;

        Run(TrainingOptions options, Path folder, TrainingListener listener) {
            this.options = options;
            this.folder = folder;
            this.listener = listener;
        }

        @Override
        public Optional<Trained> train() {
            String name = folder.getFileName().toString();
            Path state = folder.resolve("state");
            synchronized (begun) {
                begun.add(name + (Files.exists(state) ? " resumed" : ""));
            }
            if (name.contains(diverges)) {
                throw new TrainingDivergedException("training diverged at step 3 (loss NaN): the checkpoint is whole");
            }
            if (name.contains(breaks)) {
                throw new UncheckedIOException("the disk is full", new IOException());
            }
            listener.step(new TrainingListener.Step(1, 64, 2, 1, options.learningRate(), 0, 1000, 0.5, 0.5, 1));
            try {
                Files.writeString(state, "1");
                if (name.contains(stopsIn)) {
                    stop.run();
                }
                if (stopped) {
                    return Optional.empty();
                }
                Files.writeString(folder.resolve("model"), options.learningRate() + " " + options.seed());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            long tokens = options.steps() * options.tokensPerStep();
            double end = bitsPerToken(options.learningRate(), options.seed());
            return Optional.of(
                    new Trained(List.of(new CurvePoint(tokens / 2, end + 1), new CurvePoint(tokens, end)), 1000));
        }

        @Override
        public void stop() {
            stopped = true;
        }
    }

    /** Best at a rate of 0.002; a seed adds a little. */
    static double bitsPerToken(double rate, long seed) {
        return 2 + Math.abs(Math.log(rate / 0.002)) + 0.01 * seed;
    }

    @Override
    public EvaluatedModel open(Path folder, OptionalInt loops, int threads) {
        String[] model;
        try {
            model = Files.readString(folder.resolve("model")).split(" ");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        double bits = bitsPerToken(Double.parseDouble(model[0]), Long.parseLong(model[1])) + 0.1 * loops.orElse(0);
        return new EvaluatedModel() {
            @Override
            public int[] encode(String text) {
                return text.chars().toArray();
            }

            @Override
            public String decode(int[] ids) {
                return new String(ids, 0, ids.length);
            }

            @Override
            public int startToken() {
                return END;
            }

            @Override
            public int maxTokens() {
                return Integer.MAX_VALUE;
            }

            @Override
            public List<List<ContinuationScore>> score(List<ScoreRequest> requests) {
                return requests.stream()
                        .map(r -> r.continuations().stream()
                                .map(c -> new ContinuationScore(-bits * Math.log(2) * c.length, false))
                                .toList())
                        .toList();
            }

            @Override
            public List<int[]> greedy(List<GreedyRequest> requests) {
                throw new UnsupportedOperationException("no task here asks for it");
            }

            @Override
            public String generate(int[] prompt, int maxNewTokens, List<String> stop) {
                return "";
            }

            @Override
            public void close() {}
        };
    }
}
