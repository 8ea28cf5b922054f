package io.yoco4j.experiment;

import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.experiment.Experiment.Evaluation;
import io.yoco4j.experiment.ExperimentListener.Overall;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * How far all jobs are and how long the rest takes. Training is weighed by its FLOPs: a system's FLOP/s are those last
 * measured, and a system that has not run yet is taken to be as fast as the others. Measuring is weighed by the FLOPs of a
 * token at all depths that are asked for: a job takes as long as those of the same system and kind did, else as those of the
 * same kind, and nothing as long as none has been measured. Thread-safe.
 */
final class Pace {
    private final List<Job> jobs;
    private final int parallel;
    private final Map<String, Double> evaluationFlops = new HashMap<>();
    private final Map<String, Double> evaluationSeconds = new HashMap<>();
    private final Map<String, Double> flopsPerSecond = new HashMap<>();
    private final Map<String, Double> shares = new HashMap<>();
    private final Set<String> done = new HashSet<>();

    /** @param parallel jobs that run at once, which the measured speeds already suffer from */
    Pace(Experiment experiment, int parallel) {
        jobs = experiment.jobs();
        this.parallel = parallel;
        jobs.forEach(job -> evaluationFlops.put(job.id(), evaluationFlops(job, experiment.evaluation())));
    }

    private static double evaluationFlops(Job job, Evaluation evaluation) {
        Architecture a = job.architecture();
        double flops = flopsPerToken(a, job);
        if (a.looped()) {
            int own = JobRunner.trainedLoops(a);
            flops += evaluation.of(job).loops().stream()
                    .filter(loops -> loops != own)
                    .mapToDouble(loops -> flopsPerToken(a.withLoops(loops), job))
                    .sum();
        }
        return flops;
    }

    private static double flopsPerToken(Architecture a, Job job) {
        return new Accounting(a).trainingFlopsPerToken(job.options().sequenceLength());
    }

    /** A job is at a share of its training, at a speed; 0 where it is not known. */
    synchronized void at(Job job, double share, double tokensPerSecond) {
        shares.put(job.id(), share);
        if (tokensPerSecond > 0) {
            flopsPerSecond.put(
                    job.system(), tokensPerSecond * Experiment.flopsPerToken(job.architecture(), job.options()));
        }
    }

    /** A job is done; its speed and the time that measuring took are 0 where they are not known. */
    synchronized void finished(Job job, double tokensPerSecond, double secondsOfEvaluation) {
        at(job, 1, tokensPerSecond);
        done.add(job.id());
        if (secondsOfEvaluation > 0) {
            evaluationSeconds.put(job.id(), secondsOfEvaluation);
        }
    }

    synchronized Overall overall() {
        double mean =
                flopsPerSecond.values().stream().mapToDouble(d -> d).average().orElse(Double.NaN);
        double all = 0;
        double past = 0;
        double seconds = 0;
        for (Job job : jobs) {
            double share = shares.getOrDefault(job.id(), 0.0);
            all += job.flops();
            past += job.flops() * share;
            if (share < 1) {
                seconds += job.flops() * (1 - share) / flopsPerSecond.getOrDefault(job.system(), mean);
            }
            if (!done.contains(job.id())) {
                seconds += evaluation(job);
            }
        }
        return new Overall(done.size(), jobs.size(), all == 0 ? 1 : past / all, seconds / parallel);
    }

    private double evaluation(Job job) {
        double alike = secondsPerFlop(j -> j.kind() == job.kind() && j.system().equals(job.system()));
        double known = Double.isNaN(alike) ? secondsPerFlop(j -> j.kind() == job.kind()) : alike;
        return Double.isNaN(known) ? 0 : known * flopsOf(job);
    }

    /** Over the measured jobs among these; NaN where there is none. */
    private double secondsPerFlop(Predicate<Job> which) {
        double seconds = 0;
        double flops = 0;
        for (Job job : jobs) {
            if (which.test(job) && evaluationSeconds.containsKey(job.id())) {
                seconds += evaluationSeconds.getOrDefault(job.id(), 0.0);
                flops += flopsOf(job);
            }
        }
        return flops == 0 ? Double.NaN : seconds / flops;
    }

    private double flopsOf(Job job) {
        return evaluationFlops.getOrDefault(job.id(), 0.0);
    }
}
