package io.yoco4j.eval.task;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.LanguageModel;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.TaskResult;
import java.util.ArrayList;
import java.util.List;

/** {@link Needles} at growing lengths, up to the model's own. */
final class NeedleTask implements Task {
    private final String name;
    private final List<Integer> lengths;
    private final int perLength;
    private final String haystack;

    NeedleTask(String name, List<Integer> lengths, int perLength, String haystack) {
        this.name = name;
        this.lengths = lengths;
        this.perLength = perLength;
        this.haystack = haystack;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int items() {
        return lengths.size() * perLength;
    }

    @Override
    public int neededTokens() {
        return lengths.getFirst();
    }

    @Override
    public TaskResult run(LanguageModel model, EvalOptions options, Progress progress) {
        List<Task> tasks = new ArrayList<>();
        for (int length : lengths) {
            if (length <= model.maxTokens()) {
                tasks.add(new GenerationTask(
                        name + " " + length,
                        Needles.questions(model, length, perLength, haystack, length),
                        TextMetric.CONTAINS));
            }
        }
        if (tasks.isEmpty()) {
            throw new InvalidInputException("the shortest text of task " + name + " has " + lengths.getFirst()
                    + " tokens, but the model takes " + model.maxTokens() + ": leave the task out");
        }
        return new GroupedTask(name, tasks).run(model, options, progress);
    }
}
