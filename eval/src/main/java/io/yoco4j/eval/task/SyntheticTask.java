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
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The first test examples of a generator, for a model that was trained on its tokens. {@code acc} is the share of an example's labels
 * that the model finds likeliest among all tokens, {@code exact} the share of examples with all of them; for an answer whose
 * tokens follow each other, such as a number, that is what greedy generation would get right.
 *
 * <p>Where a label can say that there is no answer, {@code undefined} is the share of such labels, which is the {@code acc} of a
 * model that says nothing else, and {@code acc_defined} the share of the other labels that the model finds, over examples that
 * have any.
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
    public int neededTokens() {
        return generator.maxLength();
    }

    @Override
    public TaskResult run(LanguageModel model, EvalOptions options, Progress progress) {
        if (generator.maxLength() > model.maxTokens()) {
            throw new InvalidInputException(
                    "task " + name + " has examples of " + generator.maxLength() + " tokens, but the model takes "
                            + model.maxTokens() + ": give the task shorter ones, or leave it out");
        }
        requireVocabulary(model);
        List<Answered> all = new ArrayList<>();
        Map<Example.Group, List<Answered>> groups = new TreeMap<>();
        for (int from = 0; from < items; from += options.batch()) {
            int end = Math.min(items, from + options.batch());
            List<Example> examples =
                    IntStream.range(from, end).mapToObj(generator::test).toList();
            List<int[]> answers = model.greedy(examples.stream()
                    .map(e -> new GreedyRequest(e.ids(), e.firstLabel()))
                    .toList());
            for (int i = 0; i < examples.size(); i++) {
                Answered answered = answered(examples.get(i), answers.get(i));
                all.add(answered);
                for (Example.Group group : examples.get(i).groups()) {
                    groups.computeIfAbsent(group, _ -> new ArrayList<>()).add(answered);
                }
            }
            progress.done(end);
        }
        List<TaskResult> parts = groups.entrySet().stream()
                .map(g -> result(g.getKey().toString(), g.getValue(), List.of()))
                .toList();
        return result(name, all, parts);
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

    /**
     * Labels of an example.
     *
     * @param defined those that are an answer
     * @param rightDefined those of them that the model found
     */
    private record Answered(int labels, int right, int defined, int rightDefined) {}

    private Answered answered(Example example, int[] answers) {
        int first = example.firstLabel();
        int noAnswer = generator.noAnswer().orElse(Example.NONE);
        int labels = 0;
        int right = 0;
        int defined = 0;
        int rightDefined = 0;
        for (int i = first; i < example.labels().length; i++) {
            int label = example.labels()[i];
            if (label == Example.NONE) {
                continue;
            }
            int found = label == answers[i - first] ? 1 : 0;
            labels++;
            right += found;
            if (label != noAnswer) {
                defined++;
                rightDefined += found;
            }
        }
        return new Answered(labels, right, defined, rightDefined);
    }

    private TaskResult result(String of, List<Answered> examples, List<TaskResult> groups) {
        List<Metric> metrics = new ArrayList<>(List.of(
                mean("acc", examples, e -> (double) e.right() / e.labels()),
                mean("exact", examples, e -> e.right() == e.labels() ? 1 : 0)));
        if (generator.noAnswer().isPresent()) {
            List<Answered> withAny =
                    examples.stream().filter(e -> e.defined() > 0).toList();
            if (!withAny.isEmpty()) {
                metrics.add(mean("acc_defined", withAny, e -> (double) e.rightDefined() / e.defined()));
            }
            metrics.add(mean("undefined", examples, e -> 1 - (double) e.defined() / e.labels()));
        }
        return new TaskResult(of, examples.size(), 0, List.copyOf(metrics), groups);
    }

    private static Metric mean(String name, List<Answered> examples, ToDoubleFunction<Answered> value) {
        return Metric.mean(name, examples.stream().mapToDouble(value).toArray());
    }
}
