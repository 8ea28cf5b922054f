package io.yoco4j.eval.task;

import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.LanguageModel;
import io.yoco4j.eval.Metric;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.TaskResult;
import io.yoco4j.eval.data.EvalRecord;
import java.util.List;

/**
 * Answers in free words, drawn greedily and compared with those expected (as of LongBench, Bai et al. 2023). Contexts that are
 * too long lose their beginning.
 */
final class GenerationTask implements Task {
    private final String name;
    private final List<Question> questions;
    private final TextMetric metric;

    /**
     * What is asked.
     *
     * @param prompt with all of its context
     * @param answers at least one
     * @param maxNewTokens the longest answer
     * @param stop texts that end an answer
     */
    record Question(String prompt, List<String> answers, int maxNewTokens, List<String> stop) {
        private static final int MAX_NEW_TOKENS = 64;

        /** From {@code context} (may be missing), {@code input} and {@code answers}, a list or a text. */
        static Question of(EvalRecord record) {
            String context = record.has("context") ? record.text("context") + "\n\n" : "";
            List<String> answers = record.isList("answers") ? record.texts("answers") : List.of(record.text("answers"));
            return new Question(context + record.text("input"), answers, MAX_NEW_TOKENS, List.of("\n"));
        }
    }

    GenerationTask(String name, List<Question> questions, TextMetric metric) {
        this.name = name;
        this.questions = questions;
        this.metric = metric;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int items() {
        return questions.size();
    }

    @Override
    public TaskResult run(LanguageModel model, EvalOptions options, Progress progress) {
        Prompting prompting = new Prompting(model);
        double[] scores = new double[items()];
        int truncated = 0;
        for (int i = 0; i < items(); i++) {
            Question q = questions.get(i);
            Prompting.Prompt prompt = prompting.prompt(q.prompt(), q.maxNewTokens());
            truncated += prompt.truncated() ? 1 : 0;
            String answer = model.generate(prompt.ids(), q.maxNewTokens(), q.stop());
            scores[i] = metric.score(answer.strip(), q.answers());
            progress.done(i + 1);
        }
        return new TaskResult(name, items(), truncated, List.of(Metric.mean(metric.label(), scores)), List.of());
    }
}
