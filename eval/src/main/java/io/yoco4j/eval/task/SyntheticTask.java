package io.yoco4j.eval.task;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.GreedyRequest;
import io.yoco4j.eval.LanguageModel;
import io.yoco4j.eval.Metric;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.TaskResult;
import io.yoco4j.eval.synthetic.Example;
import io.yoco4j.eval.synthetic.SequenceGenerator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The first test examples of a generator, for a model that was trained on its tokens. {@code acc} is the share of an example's labels
 * that the model finds likeliest among all tokens, {@code exact} the share of examples with all of them; for an answer whose
 * tokens follow each other, such as a number, that is what greedy generation would get right.
 */
final class SyntheticTask implements Task {
    private final String name;
    private final SequenceGenerator generator;
    private final int items;

    SyntheticTask(String name, SequenceGenerator generator, int items) {
        this.name = name;
        this.generator = generator;
        this.items = items;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int items() {
        return items;
    }

    @Override
    public TaskResult run(LanguageModel model, EvalOptions options, Progress progress) {
        if (generator.maxLength() > model.maxTokens()) {
            throw new InvalidInputException(
                    "task " + name + " has examples of " + generator.maxLength() + " tokens, but the model takes "
                            + model.maxTokens() + ": give the task shorter ones, or leave it out");
        }
        requireVocabulary(model);
        List<Double> shares = new ArrayList<>();
        Map<Example.Group, List<Double>> groups = new TreeMap<>();
        for (int from = 0; from < items; from += options.batch()) {
            int end = Math.min(items, from + options.batch());
            List<Example> examples =
                    IntStream.range(from, end).mapToObj(generator::test).toList();
            List<int[]> answers = model.greedy(examples.stream()
                    .map(e -> new GreedyRequest(e.ids(), e.firstLabel()))
                    .toList());
            for (int i = 0; i < examples.size(); i++) {
                double share = shareRight(examples.get(i), answers.get(i));
                shares.add(share);
                for (Example.Group group : examples.get(i).groups()) {
                    groups.computeIfAbsent(group, _ -> new ArrayList<>()).add(share);
                }
            }
            progress.done(end);
        }
        List<TaskResult> parts = groups.entrySet().stream()
                .map(g -> result(g.getKey().toString(), g.getValue(), List.of()))
                .toList();
        return result(name, shares, parts);
    }

    /** Ids of another vocabulary mean something else, so that figures would mean nothing. */
    private void requireVocabulary(LanguageModel model) {
        List<String> words = generator.words();
        for (int id = 0; id < words.size(); id++) {
            int[] ids = model.encode(words.get(id));
            if (ids.length != 1 || ids[0] != id) {
                throw new InvalidInputException("task " + name + " has \"" + words.get(id) + "\" as token " + id
                        + ", but the model's tokenizer makes " + Arrays.toString(ids)
                        + " of it: take a model of yoco train --synthetic " + name + ", or leave the task out");
            }
        }
    }

    private static double shareRight(Example example, int[] answers) {
        int first = example.firstLabel();
        int right = 0;
        int all = 0;
        for (int i = first; i < example.labels().length; i++) {
            if (example.labels()[i] != Example.NONE) {
                all++;
                right += example.labels()[i] == answers[i - first] ? 1 : 0;
            }
        }
        return (double) right / all;
    }

    private static TaskResult result(String name, Collection<Double> shares, List<TaskResult> groups) {
        double[] right = shares.stream().mapToDouble(s -> s).toArray();
        double[] exact = shares.stream().mapToDouble(s -> s == 1 ? 1 : 0).toArray();
        return new TaskResult(
                name, right.length, 0, List.of(Metric.mean("acc", right), Metric.mean("exact", exact)), groups);
    }
}
