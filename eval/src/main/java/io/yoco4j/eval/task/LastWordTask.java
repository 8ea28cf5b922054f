package io.yoco4j.eval.task;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.eval.ContinuationScore;
import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.LanguageModel;
import io.yoco4j.eval.Metric;
import io.yoco4j.eval.ScoreRequest;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.TaskResult;
import io.yoco4j.eval.data.EvalRecord;
import java.util.ArrayList;
import java.util.List;

/**
 * LAMBADA (Paperno et al. 2016): the last word of a passage. {@code acc} counts words all of whose tokens are the likeliest;
 * {@code perplexity} is exp of minus the mean log-probability of the words.
 */
final class LastWordTask implements Task {
    private final String name;
    private final List<Passage> passages;

    /** A passage without its last word, and the word. */
    record Passage(String context, String word, String place) {
        /** From {@code context} and {@code continuation}, or from {@code text}, cut at its last blank. */
        static Passage of(EvalRecord record) {
            if (record.has("context")) {
                String word = record.text("continuation");
                if (word.isBlank()) {
                    throw new InvalidInputException(record.place()
                            + ": field \"continuation\" has no word, but the passage's last is asked for: mend or remove"
                            + " the record");
                }
                return new Passage(record.text("context"), word.strip(), record.place());
            }
            String text = record.text("text").stripTrailing();
            int blank = text.lastIndexOf(' ');
            if (blank < 0) {
                throw new InvalidInputException(
                        record.place() + ": field \"text\" has a single word, but the last of several is asked for:"
                                + " remove the record");
            }
            return new Passage(text.substring(0, blank), text.substring(blank + 1), record.place());
        }
    }

    LastWordTask(String name, List<Passage> passages) {
        this.name = name;
        this.passages = passages;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int items() {
        return passages.size();
    }

    @Override
    public TaskResult run(LanguageModel model, EvalOptions options, Progress progress) {
        Prompting prompting = new Prompting(model);
        double[] greedy = new double[items()];
        double[] logProbabilities = new double[items()];
        int truncated = 0;
        for (int from = 0; from < items(); from += options.batch()) {
            int end = Math.min(items(), from + options.batch());
            List<ScoreRequest> requests = new ArrayList<>();
            for (Passage p : passages.subList(from, end)) {
                Prompting.Pair pair = prompting.pair(p.context(), " " + p.word(), p.place());
                truncated += pair.truncated() ? 1 : 0;
                requests.add(new ScoreRequest(pair.prefix(), List.of(pair.continuation())));
            }
            List<List<ContinuationScore>> scores = model.score(requests);
            for (int i = from; i < end; i++) {
                ContinuationScore score = scores.get(i - from).getFirst();
                greedy[i] = score.greedy() ? 1 : 0;
                logProbabilities[i] = score.logProbability();
            }
            progress.done(end);
        }
        return new TaskResult(
                name,
                items(),
                truncated,
                List.of(Metric.mean("acc", greedy), Metric.perplexity("perplexity", logProbabilities)),
                List.of());
    }
}
