package io.yoco4j.eval.task;

import io.yoco4j.eval.ContinuationScore;
import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.LanguageModel;
import io.yoco4j.eval.Metric;
import io.yoco4j.eval.ScoreRequest;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.TaskResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Multiple choice: an item is right when its gold choice has the greatest sum of log-probabilities ({@code acc}), or the
 * greatest divided by its length in characters ({@code acc_norm}). The first of equals counts.
 */
final class ChoiceTask implements Task {
    private final String name;
    private final List<ChoiceItem> items;
    private final String prompt;
    private final boolean normalized;

    /**
     * A task.
     *
     * @param items what is scored
     * @param header what stands before the examples
     * @param examples solved in front of each item
     * @param normalized whether acc_norm is reported
     */
    ChoiceTask(String name, List<ChoiceItem> items, String header, List<ChoiceItem> examples, boolean normalized) {
        this.name = name;
        this.items = items;
        this.normalized = normalized;
        StringBuilder text = new StringBuilder(header);
        for (ChoiceItem example : examples) {
            text.append(example.solved()).append("\n\n");
        }
        prompt = text.toString();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int items() {
        return items.size();
    }

    @Override
    public TaskResult run(LanguageModel model, EvalOptions options, Progress progress) {
        Prompting prompting = new Prompting(model);
        double[] right = new double[items.size()];
        double[] rightNormalized = new double[items.size()];
        int truncated = 0;
        for (int from = 0; from < items.size(); from += options.batch()) {
            int end = Math.min(items.size(), from + options.batch());
            List<ChoiceItem> batch = items.subList(from, end).stream()
                    .map(item -> item.after(prompt))
                    .toList();
            List<Group> groups = groups(batch, prompting);
            truncated += truncated(groups);
            List<double[]> sums = sums(model, groups, batch);
            for (int i = 0; i < batch.size(); i++) {
                ChoiceItem item = batch.get(i);
                double[] sum = sums.get(i);
                double[] perCharacter = new double[sum.length];
                Arrays.setAll(
                        perCharacter, c -> sum[c] / characters(item.choices().get(c)));
                right[from + i] = best(sum) == item.gold() ? 1 : 0;
                rightNormalized[from + i] = best(perCharacter) == item.gold() ? 1 : 0;
            }
            progress.done(end);
        }
        List<Metric> metrics = new ArrayList<>(List.of(Metric.mean("acc", right)));
        if (normalized) {
            metrics.add(Metric.mean("acc_norm", rightNormalized));
        }
        return new TaskResult(name, items.size(), truncated, List.copyOf(metrics), List.of());
    }

    /** As Python counts them. */
    private static int characters(Choice choice) {
        return Math.max(1, choice.text().codePointCount(0, choice.text().length()));
    }

    private static int best(double[] scores) {
        int best = 0;
        for (int i = 1; i < scores.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        return best;
    }

    /**
     * Choices of an item that have the same prefix.
     *
     * @param truncated whether it has lost tokens
     */
    private record Group(int item, List<Integer> choices, ScoreRequest request, boolean truncated) {}

    /** Items whose context has lost tokens, whether they have one context for all choices or one for each. */
    private static int truncated(List<Group> groups) {
        return (int) groups.stream()
                .filter(Group::truncated)
                .mapToInt(Group::item)
                .distinct()
                .count();
    }

    /** Sums of log-probabilities by item and choice. */
    private static List<double[]> sums(LanguageModel model, List<Group> groups, List<ChoiceItem> batch) {
        List<double[]> sums = new ArrayList<>();
        for (ChoiceItem item : batch) {
            sums.add(new double[item.choices().size()]);
        }
        List<List<ContinuationScore>> scores =
                model.score(groups.stream().map(Group::request).toList());
        for (int g = 0; g < groups.size(); g++) {
            Group group = groups.get(g);
            for (int c = 0; c < group.choices().size(); c++) {
                sums.get(group.item())[group.choices().get(c)] =
                        scores.get(g).get(c).logProbability();
            }
        }
        return sums;
    }

    private static List<Group> groups(List<ChoiceItem> batch, Prompting prompting) {
        List<Group> groups = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            groups.addAll(groups(i, batch.get(i), prompting));
        }
        return groups;
    }

    private static List<Group> groups(int index, ChoiceItem item, Prompting prompting) {
        Map<List<Integer>, Group> byPrefix = new LinkedHashMap<>();
        for (int c = 0; c < item.choices().size(); c++) {
            Choice choice = item.choices().get(c);
            Prompting.Pair pair = prompting.pair(choice.context(), choice.continuation(), item.place());
            Group group = byPrefix.computeIfAbsent(
                    Arrays.stream(pair.prefix()).boxed().toList(),
                    _ -> new Group(
                            index,
                            new ArrayList<>(),
                            new ScoreRequest(pair.prefix(), new ArrayList<>()),
                            pair.truncated()));
            group.choices().add(c);
            group.request().continuations().add(pair.continuation());
        }
        return List.copyOf(byPrefix.values());
    }
}
