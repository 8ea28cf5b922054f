package io.yoco4j.eval.task;

import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.LanguageModel;
import io.yoco4j.eval.Metric;
import io.yoco4j.eval.ScoreRequest;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.TaskResult;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How badly a model predicts whole documents. Each is cut into windows of the model's length that predict every token once,
 * the first from the start token, all others from the token before the window; the last window reaches back as far as it can
 * (rolling windows of lm-evaluation-harness with one token of context). {@code bits_per_byte} does not depend on the
 * tokenizer. Words are counted as the harness's wikitext counts them: the parts between blanks, empty ones at the ends of a
 * document included.
 */
final class PerplexityTask implements Task {
    /** What Python takes for blanks. */
    private static final Pattern BLANKS = Pattern.compile("[\\s\\x1c-\\x1f]+", Pattern.UNICODE_CHARACTER_CLASS);

    private final String name;
    private final List<Document> documents;

    /** A text to predict. */
    record Document(String text, String place) {}

    PerplexityTask(String name, List<Document> documents) {
        this.name = name;
        this.documents = documents;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int items() {
        return documents.size();
    }

    @Override
    public TaskResult run(LanguageModel model, EvalOptions options, Progress progress) {
        double logProbability = 0;
        long tokens = 0;
        long bytes = 0;
        long words = 0;
        for (int i = 0; i < documents.size(); i++) {
            String text = documents.get(i).text();
            int[] ids = model.encode(text);
            logProbability += logProbability(model, ids);
            tokens += ids.length;
            bytes += text.getBytes(StandardCharsets.UTF_8).length;
            // With the empty ones before and behind blanks at the ends, which the harness counts, too.
            words += BLANKS.split(text, -1).length;
            progress.done(i + 1);
        }
        return new TaskResult(
                name,
                items(),
                0,
                List.of(
                        new Metric("bits_per_byte", -logProbability / bytes / Math.log(2), Double.NaN),
                        new Metric("byte_perplexity", Math.exp(-logProbability / bytes), Double.NaN),
                        new Metric("word_perplexity", Math.exp(-logProbability / words), Double.NaN),
                        new Metric("token_perplexity", Math.exp(-logProbability / tokens), Double.NaN)),
                List.of());
    }

    private static double logProbability(LanguageModel model, int[] ids) {
        int length = model.maxTokens();
        double sum = 0;
        for (int from = 0; from < ids.length; from += length) {
            int end = Math.min(ids.length, from + length);
            // The last token is predicted and needs no room, so as many tokens fit before it.
            int start = Math.max(0, end - length - 1);
            int[] prefix = from == 0
                    ? new int[] {model.startToken()}
                    : Arrays.copyOfRange(ids, Math.min(start, from - 1), from);
            ScoreRequest request = new ScoreRequest(prefix, List.of(Arrays.copyOfRange(ids, from, end)));
            sum += model.score(List.of(request)).getFirst().getFirst().logProbability();
        }
        return sum;
    }
}
