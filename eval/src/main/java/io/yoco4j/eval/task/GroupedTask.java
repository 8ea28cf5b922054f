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
        int truncated = results.stream().mapToInt(TaskResult::truncated).sum();
        return new TaskResult(name, items(), truncated, List.copyOf(metrics), List.copyOf(results));
    }

    /** Weighted by items; the error of a weighted sum of independent means. */
    private static Metric pooled(List<TaskResult> results, int m) {
        double items = results.stream().mapToInt(TaskResult::items).sum();
        double value = 0;
        double variance = 0;
        for (TaskResult r : results) {
            double weight = r.items() / items;
            Metric metric = r.metrics().get(m);
            value += weight * metric.value();
            variance += weight * weight * metric.standardError() * metric.standardError();
        }
        return new Metric(results.getFirst().metrics().get(m).name(), value, Math.sqrt(variance));
    }
}
