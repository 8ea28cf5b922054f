package io.yoco4j.eval.task;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.LanguageModel;
import io.yoco4j.eval.Metric;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.TaskResult;
import io.yoco4j.eval.data.EvalRecord;
import java.util.List;

/**
 * Answers in free words, drawn greedily and compared with those expected, from files with LongBench's fields (Bai et al. 2023).
 * Its figures are its own, as it puts each dataset's instructions around a prompt; here a file says all that is asked.
 * Contexts that are too long lose their beginning.
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
     * @param classes that an answer may name, all of them; empty where it is free
     * @param maxNewTokens the longest answer
     * @param stop texts that end an answer
     * @param oneLine whether the first line that is not empty counts alone
     */
    record Question(
            String prompt,
            List<String> answers,
            List<String> classes,
            int maxNewTokens,
            List<String> stop,
            boolean oneLine) {
        private static final int MAX_NEW_TOKENS = 64;
        private static final int MAX_SUMMARY_TOKENS = 512;

        /**
         * From {@code context} (may be missing), {@code input}, {@code answers}, a list or a text, and {@code all_classes} (may
         * be missing). An answer is a line, which may come after empty ones; a summary is as long as it is.
         */
        static Question of(EvalRecord record, boolean summary) {
            String context = record.has("context") ? record.text("context") + "\n\n" : "";
            List<String> answers = record.isList("answers") ? record.texts("answers") : List.of(record.text("answers"));
            if (answers.stream().allMatch(String::isBlank)) {
                throw new InvalidInputException(record.place()
                        + ": field \"answers\" has no answer that is not blank: mend or remove the record");
            }
            List<String> classes = record.has("all_classes") ? record.texts("all_classes") : List.of();
            return new Question(
                    context + record.text("input"),
                    answers,
                    classes,
                    summary ? MAX_SUMMARY_TOKENS : MAX_NEW_TOKENS,
                    List.of(),
                    !summary);
        }

        /** What counts of the generated text. */
        String answer(String text) {
            return oneLine ? text.strip().lines().findFirst().orElse("").strip() : text.strip();
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
            // A long answer must not crowd the question out of a short model.
            int newTokens = Math.min(q.maxNewTokens(), Math.max(1, model.maxTokens() / 2));
            Prompting.Prompt prompt = prompting.prompt(q.prompt(), newTokens);
            truncated += prompt.truncated() ? 1 : 0;
            String answer = q.answer(model.generate(prompt.ids(), newTokens, q.stop()));
            scores[i] = metric.score(answer, q.answers(), q.classes());
            progress.done(i + 1);
        }
        return new TaskResult(name, items(), truncated, List.of(Metric.mean(metric.label(), scores)), List.of());
    }
}
