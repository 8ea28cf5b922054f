package io.yoco4j.experiment;

import static io.yoco4j.experiment.Figures.bits;
import static io.yoco4j.experiment.Figures.count;
import static io.yoco4j.experiment.Figures.meanAndDeviation;
import static io.yoco4j.experiment.Figures.probability;

import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.report.Table;
import io.yoco4j.experiment.Experiment.SystemPlan;
import io.yoco4j.train.TrainingOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** report.md and its plots: what the results of an experiment say so far. */
public final class Report {
    /** The text; plots lie beside it. */
    public static final String FILE = "report.md";

    private final Experiment experiment;
    private final LearningRates rates;
    private final List<Summary> summaries;
    private final Optional<Summary> baseline;
    private final StringBuilder text = new StringBuilder();

    private Report(Experiment experiment, Results results) {
        this.experiment = experiment;
        rates = new LearningRates(experiment, results);
        summaries = experiment.systems().stream()
                .map(s -> Summary.of(s, experiment, rates))
                .filter(s -> !s.empty())
                .toList();
        baseline = summaries.stream()
                .filter(s -> experiment.baseline().equals(Optional.of(s.system().name())))
                .findFirst();
    }

    /**
     * Writes the report of an experiment's folder into it, from the results that are there, which may be some or none.
     *
     * @return the file
     */
    public static Path write(Experiment experiment, Path folder) {
        Report report = new Report(experiment, Results.open(folder));
        report.all(folder);
        Path file = folder.resolve(FILE);
        AtomicFiles.writeString(file, report.text.toString());
        return file;
    }

    private void all(Path folder) {
        heading();
        systems();
        sweep();
        experiment.data().heldOut().keySet().forEach(this::heldOut);
        training();
        over(
                folder,
                "loss.png",
                "Loss over tokens",
                experiment.data().synthetic().isPresent()
                        ? "Bits per label of test examples while training."
                        : "Bits per byte of the validation split while training.",
                Optional.empty(),
                Summary::curve);
        for (String set : experiment.data().heldOut().keySet()) {
            over(
                    folder,
                    "loops-" + set + ".png",
                    "Quality over loops: " + set,
                    "Bits per byte at run-time depths; trained depths are in the first table.",
                    Optional.of("loops"),
                    s -> s.loops(set));
        }
        experiment
                .evaluation()
                .prefix()
                .ifPresent(p -> over(
                        folder,
                        "prefix.png",
                        "Long context: " + p.heldOut(),
                        "Bits per byte of the same " + p.last() + " tokens after prefixes of different lengths. "
                                + extrapolation(),
                        Optional.of("tokens of prefix"),
                        Summary::prefix));
        tasks();
        open();
    }

    private void section(String title, String introduction) {
        text.append("## ").append(title).append("\n\n");
        if (!introduction.isEmpty()) {
            text.append(introduction).append("\n\n");
        }
    }

    private void heading() {
        text.append("# ").append(experiment.name()).append("\n\n");
        TrainingOptions o = experiment.systems().getFirst().options();
        Optional<String> generator = experiment.data().synthetic();
        text.append(String.format(
                Locale.ROOT,
                "Trained on %s; vocabulary %,d; %d sequences of %,d tokens per step in %s, unless a table says otherwise. %s"
                        + "Means are over seeds, with the standard deviation of the sample and the number of seeds n; p is"
                        + " two-sided, of a paired t-test.%n%n",
                generator
                        .map(spec -> "examples of " + spec)
                        .orElse(String.join(", ", experiment.data().train())),
                experiment.data().vocabulary(),
                o.batchSize() * o.accumulation(),
                o.sequenceLength(),
                o.bf16() ? "bfloat16" : "float32",
                generator.isPresent()
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                "Bits per byte of held-out text are over at most %,d tokens of each set, in windows of the"
                                        + " training length. ",
                                experiment.evaluation().tokens())));
    }

    private void systems() {
        section("Systems", "");
        Table table = new Table(
                "system",
                "stages",
                "F",
                "parameters",
                "non-embedding",
                "learning rate",
                "tokens",
                "training FLOPs",
                "n");
        for (SystemPlan s : experiment.systems()) {
            var accounting = new Accounting(s.architecture());
            int n = summaries.stream()
                    .filter(x -> x.system().equals(s))
                    .mapToInt(x -> x.runs().size())
                    .sum();
            table.row(
                    s.name(),
                    stages(s.architecture()),
                    String.valueOf(s.architecture().intermediateSize()),
                    count(accounting.parameters()),
                    count(accounting.nonEmbeddingParameters()),
                    rates.chosen(s).map(String::valueOf).orElse("-"),
                    count(s.options().steps() * s.options().tokensPerStep()),
                    String.format(Locale.ROOT, "%.3g", s.trainingFlops()),
                    n + " of " + s.seeds().size());
        }
        text.append(table).append('\n');
    }

    private static String stages(Architecture a) {
        return a.stages().stream()
                .map(s -> s.layers() + " " + s.attention().name()
                        + (s.attention() instanceof Attention.SlidingWindow(int w) ? " " + w : "")
                        + (s.loops() > 1 ? " x " + s.loops() : "")
                        + (s.loopInput() == Stage.LoopInput.INJECT ? " inject" : "")
                        + (s.loopKv() == Stage.LoopKv.FIRST ? " first" : ""))
                .collect(Collectors.joining(", "));
    }

    // ---- learning rates

    private void sweep() {
        List<SystemPlan> swept =
                experiment.systems().stream().filter(s -> !s.sweep().isEmpty()).toList();
        if (swept.isEmpty()) {
            return;
        }
        SortedSet<Double> all = new TreeSet<>();
        swept.forEach(s -> all.addAll(s.sweep()));
        section(
                "Learning rates",
                "In " + experiment.data().decisive() + " after "
                        + count(swept.getFirst().sweepOptions().steps()
                                * swept.getFirst().sweepOptions().tokensPerStep())
                        + " tokens (" + swept.getFirst().name()
                        + "); the best of each row, in bold, is what the main runs"
                        + " take. A rate rises over the first "
                        + warmup(swept.getFirst().sweepOptions()) + ", in a main run over "
                        + warmup(swept.getFirst().options()) + ".");
        List<String> header = new ArrayList<>(List.of("system"));
        all.forEach(r -> header.add(String.valueOf(r)));
        Table table = new Table(header.toArray(new String[0]));
        List<String> atAnEnd = new ArrayList<>();
        for (SystemPlan s : swept) {
            List<LearningRates.Trial> trials = rates.trials(s);
            Optional<Double> best = LearningRates.best(trials);
            List<String> row = new ArrayList<>(List.of(s.name()));
            for (double rate : all) {
                String figure = trials.stream()
                        .filter(t -> t.rate() == rate)
                        .map(t -> Double.isNaN(t.bits()) ? "diverged" : bits(t.bits()))
                        .findFirst()
                        .orElse("-");
                row.add(best.equals(Optional.of(rate)) ? "**" + figure + "**" : figure);
            }
            table.row(row);
            if (rates.complete(s)
                    && best.isPresent()
                    && s.sweep().size() > 1
                    && (best.get().equals(Collections.min(s.sweep()))
                            || best.get().equals(Collections.max(s.sweep())))) {
                atAnEnd.add(s.name());
            }
        }
        text.append(table).append('\n');
        if (!atAnEnd.isEmpty()) {
            text.append("The best rate is the smallest or largest tried, so a better one may lie beyond: ")
                    .append(String.join(", ", atAnEnd))
                    .append(".\n\n");
        }
    }

    /** A rate that is too high for a short warm-up may not be for a longer one. */
    private static String warmup(TrainingOptions o) {
        return count(Math.round(o.warmup() * o.steps())) + " of " + count(o.steps()) + " steps";
    }

    // ---- held-out text

    private void heldOut(String set) {
        if (summaries.isEmpty()) {
            return;
        }
        section(
                "Held out: " + set,
                baseline.map(
                                b -> "Differences and p are to " + b.system().name()
                                        + ": over the seeds that both have, and over documents (each the mean over these seeds).")
                        .orElse(""));
        Table table = new Table("system", "bits per byte", "n", "difference", "p, seeds", "p, documents");
        for (Summary s : summaries) {
            SortedMap<Long, Double> values = s.heldOut(set);
            List<String> row = new ArrayList<>(List.of(
                    s.system().name(),
                    meanAndDeviation(Summary.array(values.values())),
                    String.valueOf(values.size())));
            boolean compared = baseline.isPresent() && !baseline.get().equals(s);
            row.addAll(compared ? comparison(s, baseline.get(), set) : List.of("-", "-", "-"));
            table.row(row);
        }
        text.append(table).append('\n');
    }

    private static List<String> comparison(Summary s, Summary baseline, String set) {
        SortedMap<Long, Double> mine = s.heldOut(set);
        SortedMap<Long, Double> theirs = baseline.heldOut(set);
        mine.keySet().retainAll(theirs.keySet());
        theirs.keySet().retainAll(mine.keySet());
        double[] a = Summary.array(mine.values());
        double[] b = Summary.array(theirs.values());
        double[] documents = s.documents(set, mine.keySet());
        double[] others = baseline.documents(set, mine.keySet());
        return List.of(
                a.length == 0 ? "-" : String.format(Locale.ROOT, "%+.4f", Statistics.mean(a) - Statistics.mean(b)),
                probability(Statistics.pairedP(a, b)),
                documents.length == others.length ? probability(Statistics.pairedP(documents, others)) : "-");
    }

    // ---- training

    private void training() {
        if (summaries.isEmpty()) {
            return;
        }
        section(
                "Training",
                baseline.map(b -> "The last columns say when the validation curve is as low as "
                                + b.system().name()
                                + "'s is at its end (mean over seeds, straight lines between evaluations). A learning rate"
                                + " that has not yet decayed then holds a system back.")
                        .orElse(""));
        Table table = new Table(
                "system", "tokens", "FLOPs", "tokens/s", "validation at the end", "tokens to reach", "of its tokens");
        Optional<Double> target = baseline.map(Summary::curve)
                .filter(c -> !c.isEmpty())
                .map(c -> c.lastEntry().getValue());
        for (Summary s : summaries) {
            SortedMap<Long, Double> curve = s.curve();
            Optional<Double> reached = target.flatMap(t -> Summary.tokensToReach(curve, t));
            long tokens = s.any().tokens();
            table.row(
                    s.system().name(),
                    count(tokens),
                    String.format(Locale.ROOT, "%.3g", s.any().trainingFlops()),
                    count(s.runs().values().stream()
                            .mapToDouble(JobResult::tokensPerSecond)
                            .average()
                            .orElseThrow()),
                    curve.isEmpty() ? "-" : bits(curve.lastEntry().getValue()),
                    reached.map(Figures::count).orElse(target.isPresent() ? "never" : "-"),
                    reached.map(r -> Math.round(100 * r / tokens) + "%").orElse("-"));
        }
        text.append(table).append('\n');
    }

    // ---- figures over something

    /** @param axis empty for tokens of training, which are too many for a table */
    private void over(
            Path folder,
            String file,
            String title,
            String introduction,
            Optional<String> axis,
            Function<Summary, SortedMap<Long, Double>> points) {
        List<Summary> with =
                summaries.stream().filter(s -> points.apply(s).size() > 1).toList();
        if (with.isEmpty()) {
            return;
        }
        section(title, introduction);
        String heading = title + " (" + experiment.name() + ")";
        String unit = experiment.data().unit();
        LinePlot plot = axis.map(a -> LinePlot.over(a, heading, unit)).orElse(LinePlot.overTokens(heading, unit));
        // All systems, so that each has its colour in every plot.
        summaries.forEach(s -> plot.add(s.system().name(), with.contains(s) ? points.apply(s) : new TreeMap<>()));
        plot.write(folder.resolve(file));
        text.append("![").append(title).append("](").append(file).append(")\n\n");
        if (axis.isPresent()) {
            SortedSet<Long> columns = new TreeSet<>();
            with.forEach(s -> columns.addAll(points.apply(s).keySet()));
            List<String> header = new ArrayList<>(List.of("system"));
            columns.forEach(c -> header.add(String.valueOf(c)));
            Table table = new Table(header.toArray(new String[0]));
            for (Summary s : with) {
                Map<Long, Double> values = points.apply(s);
                List<String> row = new ArrayList<>(List.of(s.system().name()));
                columns.forEach(c -> row.add(values.containsKey(c) ? bits(values.get(c)) : "-"));
                table.row(row);
            }
            text.append(table).append('\n');
        }
    }

    /** A loss over lengths is that of long context and of positions never trained on, in one. */
    private String extrapolation() {
        String lengths = experiment.systems().stream()
                .map(s -> s.options().sequenceLength())
                .distinct()
                .sorted()
                .map(length -> String.format(Locale.ROOT, "%,d", length))
                .collect(Collectors.joining(" or "));
        return "Training sequences have " + lengths + " tokens, so that contexts beyond, prefix and predicted tokens"
                + " together, also test how positions extrapolate.";
    }

    private void tasks() {
        TaskTables tables = new TaskTables(summaries);
        tables.trained().ifPresent(table -> {
            section("Tasks", "At the depth that looped models were trained with.");
            text.append(table).append('\n');
        });
        tables.overLoops().ifPresent(table -> {
            section("Tasks over loops", "At run-time depths; trained depths are in the first table.");
            text.append(table).append('\n');
        });
    }

    /** What has no figures: said, so that nobody takes a part for the whole. */
    private void open() {
        List<String> failures = new ArrayList<>();
        int waiting = 0;
        for (Job job : experiment.jobs()) {
            Optional<JobResult> result = rates.result(job);
            if (result.isEmpty()) {
                waiting++;
            } else if (!result.get().succeeded()) {
                failures.add("* " + job.id() + ": " + result.get().failure() + "\n");
            }
        }
        if (!failures.isEmpty()) {
            section("Without figures", "");
            failures.forEach(text::append);
            text.append('\n');
        }
        if (waiting > 0) {
            text.append(waiting + " of " + experiment.jobs().size() + " jobs have no result yet.\n");
        }
    }
}
