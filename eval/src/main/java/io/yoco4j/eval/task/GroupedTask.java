package io.yoco4j.eval.task;

import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.LanguageModel;
import io.yoco4j.eval.Metric;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.TaskResult;
import java.util.ArrayList;
import java.util.List;

/** Tasks under one name, such as MMLU's subjects: each by itself, and all by the number of their items. */
final class GroupedTask implements Task {
    private final String name;
    private final List<? extends Task> tasks;

    /** Tasks with the same metrics. */
    GroupedTask(String name, List<? extends Task> tasks) {
        this.name = name;
        this.tasks = tasks;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int items() {
        return tasks.stream().mapToInt(Task::items).sum();
    }

    @Override
    public int neededTokens() {
        return tasks.stream().mapToInt(Task::neededTokens).max().orElse(1);
    }

    @Override
    public TaskResult run(LanguageModel model, EvalOptions options, Progress progress) {
        List<TaskResult> results = new ArrayList<>();
        int before = 0;
        for (Task task : tasks) {
            int done = before;
            results.add(task.run(model, options, n -> progress.done(done + n)));
            before += task.items();
        }
        List<Metric> metrics = new ArrayList<>();
        for (int m = 0; m < results.getFirst().metrics().size(); m++) {
            metrics.add(pooled(results, m));
        }
        int items = results.stream().mapToInt(TaskResult::items).sum();
        int truncated = results.stream().mapToInt(TaskResult::truncated).sum();
        return new TaskResult(name, items, truncated, List.copyOf(metrics), List.copyOf(results));
    }

    /**
     * Weighted by items; the error is that of a sample with the variances of all, each by its degrees of freedom (as
     * lm-evaluation-harness pools them), so that a subject with a single item, which has no variance, adds none.
     */
    private static Metric pooled(List<TaskResult> results, int m) {
        double items = 0;
        double sum = 0;
        double squares = 0;
        double freedom = 0;
        for (TaskResult r : results) {
            Metric metric = r.metrics().get(m);
            items += r.items();
            sum += r.items() * metric.value();
            if (r.items() > 1) {
                double variance = r.items() * metric.standardError() * metric.standardError();
                squares += (r.items() - 1) * variance;
                freedom += r.items() - 1;
            }
        }
        double error = freedom == 0 ? Double.NaN : Math.sqrt(squares / freedom / items);
        return new Metric(results.getFirst().metrics().get(m).name(), sum / items, error);
    }
}
