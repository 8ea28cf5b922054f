package io.yoco4j.experiment;

import static io.yoco4j.experiment.Figures.meanAndDeviation;

import io.yoco4j.core.report.Table;
import io.yoco4j.experiment.JobResult.TaskScore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What a report says of tasks: at the trained depth, and over depths. */
final class TaskTables {
    private final List<Summary> summaries;

    TaskTables(List<Summary> summaries) {
        this.summaries = summaries;
    }

    /** Every metric at the trained depth; empty where there is none. */
    Optional<Table> trained() {
        Table table = new Table("system", "task", "metric", "value", "n");
        boolean any = false;
        for (Summary s : summaries) {
            for (TaskScore score : atTrainedDepth(s)) {
                double[] values = values(s, score, score.loops());
                table.row(
                        s.system().name(),
                        score.task(),
                        score.metric(),
                        meanAndDeviation(values),
                        String.valueOf(values.length));
                any = true;
            }
        }
        return any ? Optional.of(table) : Optional.empty();
    }

    /** Every metric of the systems that were measured at several depths, a column for each depth; empty where none was. */
    Optional<Table> overLoops() {
        List<Summary> several =
                summaries.stream().filter(s -> depths(s).size() > 1).toList();
        if (several.isEmpty()) {
            return Optional.empty();
        }
        SortedSet<Integer> columns = new TreeSet<>();
        several.forEach(s -> columns.addAll(depths(s)));
        List<String> header = new ArrayList<>(List.of("system", "task", "metric"));
        columns.forEach(c -> header.add(String.valueOf(c)));
        Table table = new Table(header.toArray(new String[0]));
        for (Summary s : several) {
            for (TaskScore score : atTrainedDepth(s)) {
                List<String> row = new ArrayList<>(List.of(s.system().name(), score.task(), score.metric()));
                columns.forEach(loops -> row.add(meanAndDeviation(values(s, score, loops))));
                table.row(row);
            }
        }
        return Optional.of(table);
    }

    private static List<TaskScore> atTrainedDepth(Summary s) {
        return s.any().tasks().stream()
                .filter(t -> t.loops() == s.any().loops())
                .toList();
    }

    private static SortedSet<Integer> depths(Summary s) {
        SortedSet<Integer> depths = new TreeSet<>();
        s.any().tasks().forEach(t -> depths.add(t.loops()));
        return depths;
    }

    /** One for each seed. */
    private static double[] values(Summary s, TaskScore like, int loops) {
        Stream<TaskScore> all = s.runs().values().stream().flatMap(r -> r.tasks().stream());
        return all.filter(t -> t.loops() == loops
                        && t.task().equals(like.task())
                        && t.metric().equals(like.metric()))
                .mapToDouble(TaskScore::value)
                .toArray();
    }
}
