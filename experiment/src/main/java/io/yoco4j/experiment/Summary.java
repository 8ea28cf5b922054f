package io.yoco4j.experiment;

import io.yoco4j.experiment.Experiment.SystemPlan;
import io.yoco4j.experiment.JobResult.CurvePoint;
import io.yoco4j.experiment.JobResult.HeldOutScore;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A system's main results together.
 *
 * @param runs by seed, those with figures alone
 */
record Summary(SystemPlan system, SortedMap<Long, JobResult> runs) {

    static Summary of(SystemPlan system, Experiment experiment, LearningRates rates) {
        SortedMap<Long, JobResult> runs = new TreeMap<>();
        for (Job job : experiment.jobs()) {
            if (job.kind() == Job.Kind.MAIN && job.system().equals(system.name())) {
                rates.result(job).filter(JobResult::succeeded).ifPresent(r -> runs.put(job.seed(), r));
            }
        }
        return new Summary(system, runs);
    }

    boolean empty() {
        return runs.isEmpty();
    }

    /** Any of the results: what they all share. */
    JobResult any() {
        return runs.firstEntry().getValue();
    }

    /** Bits per byte of a set at the trained depth, by seed. */
    SortedMap<Long, Double> heldOut(String set) {
        return heldOut(set, any().loops());
    }

    /** The same at a depth; empty where it was not measured. */
    SortedMap<Long, Double> heldOut(String set, int loops) {
        SortedMap<Long, Double> out = new TreeMap<>();
        runs.forEach((seed, r) -> score(r, set, loops).ifPresent(s -> out.put(seed, s.bitsPerByte())));
        return out;
    }

    private static Optional<HeldOutScore> score(JobResult r, String set, int loops) {
        return r.heldOut().stream()
                .filter(s -> s.set().equals(set) && s.loops() == loops)
                .findFirst();
    }

    /** Bits per byte of each document of a set, the mean over some seeds. */
    double[] documents(String set, Set<Long> seeds) {
        List<List<Double>> bySeed = new ArrayList<>();
        runs.forEach((seed, r) -> {
            if (seeds.contains(seed)) {
                score(r, set, r.loops()).ifPresent(s -> bySeed.add(s.documents()));
            }
        });
        int n = bySeed.stream().mapToInt(List::size).min().orElse(0);
        double[] out = new double[n];
        for (int d = 0; d < n; d++) {
            int document = d;
            out[d] = bySeed.stream().mapToDouble(l -> l.get(document)).average().orElseThrow();
        }
        return out;
    }

    /** Validation bits per byte over tokens, the mean over seeds where all have a value. */
    SortedMap<Long, Double> curve() {
        return means(r -> {
            SortedMap<Long, Double> points = new TreeMap<>();
            for (CurvePoint p : r.curve()) {
                points.put(p.tokens(), p.bitsPerByte());
            }
            return points;
        });
    }

    /** Bits per byte over the length of the prefix, the mean over seeds. */
    SortedMap<Long, Double> prefix() {
        return means(r -> {
            SortedMap<Long, Double> points = new TreeMap<>();
            r.prefix().forEach(p -> points.put((long) p.length(), p.bitsPerByte()));
            return points;
        });
    }

    /** Bits per byte of a set over loops, the mean over seeds; empty for a system that does not loop. */
    SortedMap<Long, Double> loops(String set) {
        return means(r -> {
            SortedMap<Long, Double> points = new TreeMap<>();
            r.heldOut().stream()
                    .filter(s -> s.set().equals(set) && s.loops() > 0)
                    .forEach(s -> points.put((long) s.loops(), s.bitsPerByte()));
            return points;
        });
    }

    private SortedMap<Long, Double> means(Function<JobResult, SortedMap<Long, Double>> points) {
        SortedMap<Long, List<Double>> values = new TreeMap<>();
        for (JobResult r : runs.values()) {
            points.apply(r)
                    .forEach((x, y) ->
                            values.computeIfAbsent(x, _ -> new ArrayList<>()).add(y));
        }
        SortedMap<Long, Double> means = new TreeMap<>();
        values.forEach((x, ys) -> {
            if (ys.size() == runs.size()) {
                means.put(x, Statistics.mean(array(ys)));
            }
        });
        return means;
    }

    /** Tokens after which a curve is as low as {@code target}, between two points as a straight line has it. */
    static Optional<Double> tokensToReach(SortedMap<Long, Double> curve, double target) {
        double tokensBefore = 0;
        double before = Double.NaN;
        for (Map.Entry<Long, Double> point : curve.entrySet()) {
            double now = point.getValue();
            if (now <= target) {
                double share = Double.isNaN(before) ? 1 : (before - target) / (before - now);
                return Optional.of(tokensBefore + share * (point.getKey() - tokensBefore));
            }
            tokensBefore = point.getKey();
            before = now;
        }
        return Optional.empty();
    }

    static double[] array(Collection<Double> values) {
        return values.stream().mapToDouble(d -> d).toArray();
    }
}
