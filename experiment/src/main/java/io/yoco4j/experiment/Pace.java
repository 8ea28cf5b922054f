package io.yoco4j.experiment;

import io.yoco4j.experiment.ExperimentListener.Overall;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How far all jobs are and how long the rest takes, weighing each by its training FLOPs: a system's FLOP/s are those last
 * measured, and a system that has not run yet is taken to be as fast as the others. Thread-safe.
 */
final class Pace {
    private final List<Job> jobs;
    private final int parallel;
    private final Map<String, Double> flopsPerSecond = new HashMap<>();
    private final Map<String, Double> shares = new HashMap<>();
    private final Set<String> done = new HashSet<>();

    /** @param parallel jobs that run at once, which the measured speeds already suffer from */
    Pace(List<Job> jobs, int parallel) {
        this.jobs = jobs;
        this.parallel = parallel;
    }

    /** A job is at a share of its training, at a speed; 0 where it is not known. */
    synchronized void at(Job job, double share, double tokensPerSecond) {
        shares.put(job.id(), share);
        if (tokensPerSecond > 0) {
            flopsPerSecond.put(
                    job.system(), tokensPerSecond * Experiment.flopsPerToken(job.architecture(), job.options()));
        }
    }

    synchronized void finished(Job job) {
        shares.put(job.id(), 1.0);
        done.add(job.id());
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
        }
        return new Overall(done.size(), jobs.size(), all == 0 ? 1 : past / all, seconds / parallel);
    }
}
