package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.report.Table;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.LoopsUsed;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.Metric;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.TaskResult;
import io.yoco4j.eval.task.Tasks;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "eval",
        description = {
            "Score a model on benchmarks, by the rules of EleutherAI's lm-evaluation-harness.",
            "Tasks read NAME.jsonl, .csv or .parquet of the folder of --data, in the dataset's own schema or with fields query,"
                    + " choices and gold; mmlu reads mmlu/test and mmlu/dev, perplexity all files of perplexity.",
            "hop, mqar, niah_small and far_pairs need no files: they are for models of yoco train --synthetic, and take the same"
                    + " options, such as hop:max_hops=4."
        },
        mixinStandardHelpOptions = true)
final class EvalCommand implements Runnable {
    /** For the help text. */
    static final class TaskNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Tasks.names().iterator();
        }
    }

    private static final long NANOS_BETWEEN_LINES = 5_000_000_000L;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "A model folder.")
    private Path folder;

    @Option(
            names = "--tasks",
            // Not at the commas between options of a task, which have a = before the next comma or colon.
            split = ",(?![^,:=]*=)",
            splitSynopsisLabel = ",",
            required = true,
            paramLabel = "T,...",
            description = "Any of ${COMPLETION-CANDIDATES}.",
            completionCandidates = TaskNames.class)
    private List<String> tasks;

    @Option(names = "--data", paramLabel = "DIR", description = "The folder of evaluation files.")
    private @Nullable Path data;

    @Option(names = "--limit", paramLabel = "N", description = "The most items of each file (default: all).")
    private int limit = Integer.MAX_VALUE;

    @Option(
            names = "--shots",
            paramLabel = "K",
            description = "Solved examples in front of each item of multiple choice (default: 5 for mmlu, 0 for all"
                    + " others).")
    private @Nullable Integer shots;

    @Option(
            names = "--batch",
            paramLabel = "B",
            defaultValue = "8",
            description =
                    "Items at once (${DEFAULT-VALUE}); tasks that generate an answer, and perplexity, take one at a"
                            + " time.")
    private int batch;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "The longest context; what is longer loses its beginning (default: the model's positions).")
    private int maxTokens = Integer.MAX_VALUE;

    @Mixin
    private RunOptions run = new RunOptions();

    @Option(
            names = "--unshared",
            description = "Compute every choice from scratch, to see what sharing prefixes saves.")
    private boolean unshared;

    @Option(names = "--json", paramLabel = "FILE", description = "Write each result as a line of JSON, too.")
    private @Nullable Path json;

    @SuppressWarnings("NullAway.Init") // picocli sets them
    EvalCommand() {}

    @Override
    public void run() {
        if (data != null && !Files.isDirectory(data)) {
            throw new InvalidInputException(data + " is missing or no folder: name the folder of evaluation files");
        }
        if (maxTokens < 2) {
            throw new InvalidInputException("--max-tokens is " + maxTokens + ", but must be at least 2");
        }
        requireExamples();
        SessionOptions session = session();
        // Before the model is opened: a broken file should not cost its loading.
        List<Task> prepared = new ArrayList<>();
        for (String name : tasks) {
            prepared.add(data == null ? Tasks.of(name, options(name)) : Tasks.of(name, data, options(name)));
        }
        EngineOptions engine = run.engine();
        @Nullable JsonLines lines = json == null ? null : new JsonLines(json);
        List<TaskResult> results = new ArrayList<>();
        List<OptionalDouble> meanLoops = new ArrayList<>();
        try (YocoModel model = YocoModel.open(folder, engine)) {
            int positions = model.architecture().maxPositions();
            if (maxTokens != Integer.MAX_VALUE && maxTokens > positions) {
                throw new InvalidInputException("--max-tokens is " + maxTokens + ", but the model has " + positions
                        + " positions: ask for no more");
            }
            EngineLanguageModel language = new EngineLanguageModel(model, session, maxTokens, !unshared);
            for (Task task : prepared) {
                if (task.neededTokens() > language.maxTokens()) {
                    throw new InvalidInputException("task " + task.name() + " needs " + task.neededTokens()
                            + " tokens, but the model takes " + language.maxTokens() + ": leave it out");
                }
            }
            for (Task task : prepared) {
                long start = System.nanoTime();
                LoopsUsed before = language.loopsUsed();
                TaskResult result = task.run(language, options(task.name()), progress(task, start));
                results.add(result);
                OptionalDouble loopsUsed = language.loopsUsed().minus(before).mean();
                meanLoops.add(loopsUsed);
                if (lines != null) {
                    lines.add(line(result, loopsUsed, (System.nanoTime() - start) / 1e9));
                }
            }
        } finally {
            // Also of what was done before a task that failed.
            if (!results.isEmpty()) {
                print(results, meanLoops);
            }
        }
        if (lines != null) {
            lines.finish();
        }
    }

    private void print(List<TaskResult> results, List<OptionalDouble> meanLoops) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(table(results));
        results.stream()
                .filter(r -> r.truncated() > 0)
                .forEach(r -> out.println(r.truncated() + " contexts of " + r.task()
                        + " were longer than the model takes and lost their beginning."));
        for (int i = 0; i < results.size() && run.exitsEarly(); i++) {
            out.printf(
                    Locale.ROOT,
                    "Tokens of %s took %.2f loops on average.%n",
                    results.get(i).task(),
                    meanLoops.get(i).orElse(0));
        }
    }

    /** Figures without examples must not pass for figures with them. */
    private void requireExamples() {
        List<String> without =
                tasks.stream().filter(t -> !Tasks.takesExamples(t)).toList();
        if (shots != null && shots > 0 && !without.isEmpty()) {
            throw new InvalidInputException("--shots is " + shots + ", but no examples stand in front of items of "
                    + String.join(", ", without) + ": leave --shots or these tasks out");
        }
    }

    private SessionOptions session() {
        SessionOptions.Builder session = run.session();
        return session.build();
    }

    private EvalOptions options(String task) {
        int examples = shots != null ? shots : task.equals("mmlu") ? 5 : 0;
        return new EvalOptions(limit, examples, batch);
    }

    /** A line every few seconds. */
    private Task.Progress progress(Task task, long start) {
        PrintWriter err = spec.commandLine().getErr();
        long[] last = {start};
        return done -> {
            long now = System.nanoTime();
            if (now - last[0] >= NANOS_BETWEEN_LINES && done < task.items()) {
                last[0] = now;
                double left = (now - start) / 1e9 / done * (task.items() - done);
                err.printf(Locale.ROOT, "%s: %d of %d, %.0fs left%n", task.name(), done, task.items(), left);
                err.flush();
            }
        };
    }

    private Map<String, @Nullable Object> line(TaskResult result, OptionalDouble loopsUsed, double seconds) {
        Map<String, @Nullable Object> line = facts(result);
        line.put("model", folder.toString());
        line.put("shots", options(result.task()).shots());
        line.put("exit_threshold", run.exitThreshold());
        loopsUsed.ifPresent(mean -> line.put("mean_loops", mean));
        line.put("seconds", seconds);
        if (!result.groups().isEmpty()) {
            line.put("groups", result.groups().stream().map(EvalCommand::facts).toList());
        }
        return line;
    }

    private static Map<String, @Nullable Object> facts(TaskResult result) {
        Map<String, @Nullable Object> facts = new LinkedHashMap<>();
        facts.put("task", result.task());
        facts.put("items", result.items());
        facts.put("truncated", result.truncated());
        for (Metric m : result.metrics()) {
            // JSON has no infinity.
            facts.put(m.name(), Double.isFinite(m.value()) ? m.value() : null);
            if (Double.isFinite(m.standardError())) {
                facts.put(m.name() + "_stderr", m.standardError());
            }
        }
        return facts;
    }

    private static Table table(List<TaskResult> results) {
        Table table = new Table("task", "items", "metric", "value", "standard error");
        results.forEach(r -> rows(table, r, ""));
        return table;
    }

    private static void rows(Table table, TaskResult result, String indent) {
        for (Metric m : result.metrics()) {
            table.row(
                    indent + result.task(),
                    String.valueOf(result.items()),
                    m.name(),
                    String.format(Locale.ROOT, "%.4f", m.value()),
                    Double.isNaN(m.standardError()) ? "" : String.format(Locale.ROOT, "%.4f", m.standardError()));
        }
        result.groups().forEach(g -> rows(table, g, indent + "- "));
    }
}
