package io.yoco4j.experiment;

import io.yoco4j.eval.ContinuationScore;
import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.LanguageModel;
import io.yoco4j.eval.Metric;
import io.yoco4j.eval.ScoreRequest;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.TaskResult;
import io.yoco4j.eval.task.Tasks;
import io.yoco4j.experiment.Experiment.Evaluation;
import io.yoco4j.experiment.HeldOut.Segment;
import io.yoco4j.experiment.HeldOut.Tokens;
import io.yoco4j.experiment.JobResult.HeldOutScore;
import io.yoco4j.experiment.JobResult.PrefixScore;
import io.yoco4j.experiment.JobResult.TaskScore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Measures a model. Documents are cut into windows that predict every token once, the first from the start token, all others
 * from the token before the window; the last reaches back as far as a window is long (the rolling windows of
 * lm-evaluation-harness). A window is as long as the training sequences.
 */
final class Evaluator {
    /** Windows that a model takes in together. */
    private static final int BATCH = 8;

    private static final double ROUNDING = 1e6;

    private final LanguageModel model;
    private final HeldOut heldOut;
    private final int window;

    Evaluator(LanguageModel model, HeldOut heldOut, int window) {
        this.model = model;
        this.heldOut = heldOut;
        this.window = window;
    }

    /**
     * Bits per byte of a held-out set.
     *
     * @param loops to note with it
     * @param each whether to keep the documents' own figures
     */
    HeldOutScore heldOut(String set, int loops, boolean each) {
        List<Tokens> documents = heldOut.sets().getOrDefault(set, List.of());
        List<ScoreRequest> requests = new ArrayList<>();
        List<Integer> owners = new ArrayList<>();
        for (int d = 0; d < documents.size(); d++) {
            for (ScoreRequest window : windows(documents.get(d).ids())) {
                requests.add(window);
                owners.add(d);
            }
        }
        double[] scores = score(requests);
        double[] logProbability = new double[documents.size()];
        for (int i = 0; i < scores.length; i++) {
            logProbability[owners.get(i)] += scores[i];
        }
        long bytes = documents.stream().mapToLong(Tokens::bytes).sum();
        long tokens = documents.stream().mapToLong(d -> d.ids().length).sum();
        List<Double> figures = new ArrayList<>();
        for (int d = 0; each && d < documents.size(); d++) {
            double bits = bits(logProbability[d], documents.get(d).bytes());
            figures.add(Math.rint(bits * ROUNDING) / ROUNDING);
        }
        return new HeldOutScore(
                set, loops, tokens, bytes, bits(Arrays.stream(logProbability).sum(), bytes), figures);
    }

    private List<ScoreRequest> windows(int[] ids) {
        List<ScoreRequest> windows = new ArrayList<>();
        for (int from = 0; from < ids.length; from += window) {
            int end = Math.min(ids.length, from + window);
            // The last token is predicted and needs no room, so as many tokens fit before it.
            int start = Math.max(0, end - window - 1);
            int[] prefix = from == 0
                    ? new int[] {model.startToken()}
                    : Arrays.copyOfRange(ids, Math.min(start, from - 1), from);
            windows.add(new ScoreRequest(prefix, List.of(Arrays.copyOfRange(ids, from, end))));
        }
        return windows;
    }

    /** Bits per byte of the same tokens after each length of prefix. */
    List<PrefixScore> prefixes(List<Integer> lengths) {
        long bytes = heldOut.segments().stream().mapToLong(Segment::bytes).sum();
        List<PrefixScore> out = new ArrayList<>();
        for (int length : lengths) {
            List<ScoreRequest> requests = heldOut.segments().stream()
                    .map(s -> new ScoreRequest(
                            Arrays.copyOfRange(s.prefix(), s.prefix().length - length, s.prefix().length),
                            List.of(s.last())))
                    .toList();
            out.add(new PrefixScore(length, bits(Arrays.stream(score(requests)).sum(), bytes)));
        }
        return out;
    }

    /**
     * Metrics of the tasks.
     *
     * @param loops to note with them
     */
    List<TaskScore> tasks(Evaluation evaluation, int loops) {
        EvalOptions options = new EvalOptions(evaluation.taskLimit(), 0, BATCH);
        List<TaskScore> out = new ArrayList<>();
        for (String name : evaluation.tasks()) {
            TaskResult result = Tasks.of(name, evaluation.taskData(), options).run(model, options, Task.Progress.NONE);
            for (Metric metric : result.metrics()) {
                out.add(new TaskScore(name, loops, metric.name(), metric.value()));
            }
        }
        return out;
    }

    private double[] score(List<ScoreRequest> requests) {
        double[] out = new double[requests.size()];
        for (int from = 0; from < out.length; from += BATCH) {
            int end = Math.min(out.length, from + BATCH);
            List<List<ContinuationScore>> scores = model.score(requests.subList(from, end));
            for (int i = from; i < end; i++) {
                out[i] = scores.get(i - from).getFirst().logProbability();
            }
        }
        return out;
    }

    private static double bits(double logProbability, long bytes) {
        return -logProbability / bytes / Math.log(2);
    }
}
