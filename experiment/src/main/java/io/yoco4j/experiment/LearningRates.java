package io.yoco4j.experiment;

import io.yoco4j.experiment.Experiment.SystemPlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** What the sweeps say: the rate with the fewest bits per byte on the first held-out set, or per label of a generator. */
final class LearningRates {
    private final Experiment experiment;
    private final Results results;

    LearningRates(Experiment experiment, Results results) {
        this.experiment = experiment;
        this.results = results;
    }

    /** A rate that was tried and what it came to in bits, NaN where training diverged. */
    record Trial(double rate, double bits) {}

    /** What a system's own sweep has tried so far. */
    List<Trial> trials(SystemPlan s) {
        List<Trial> trials = new ArrayList<>();
        for (double rate : s.sweep()) {
            results.of(Job.ofSweep(s, rate), experiment).ifPresent(r -> trials.add(new Trial(rate, decisive(r))));
        }
        return trials;
    }

    private static double decisive(JobResult r) {
        if (!r.succeeded()) {
            return Double.NaN;
        }
        return r.heldOut().isEmpty()
                ? r.curve().getLast().bitsPerByte()
                : r.heldOut().getFirst().bitsPerByte();
    }

    /** Whether nothing is left to try of what decides about a system. */
    boolean complete(SystemPlan s) {
        return s.learningRateOf()
                .map(experiment::system)
                .map(swept -> trials(swept).size() == swept.sweep().size())
                .orElse(true);
    }

    /** The rate of a system's main jobs; empty while the sweep goes on, or where all of its runs diverged. */
    Optional<Double> chosen(SystemPlan s) {
        if (s.learningRateOf().isEmpty()) {
            return Optional.of(s.options().learningRate());
        }
        if (!complete(s)) {
            return Optional.empty();
        }
        return best(trials(experiment.system(s.learningRateOf().get())));
    }

    static Optional<Double> best(List<Trial> trials) {
        return trials.stream()
                .filter(t -> !Double.isNaN(t.bits()))
                .min(Comparator.comparingDouble(Trial::bits))
                .map(Trial::rate);
    }

    /** A job as it is to be run; empty while its learning rate is not known. */
    Optional<Job> ready(Job job) {
        return job.kind() == Job.Kind.SWEEP
                ? Optional.of(job)
                : chosen(experiment.system(job.system())).map(job::withLearningRate);
    }

    /** The result of a job as the experiment is now. */
    Optional<JobResult> result(Job job) {
        return ready(job).flatMap(j -> results.of(j, experiment));
    }
}
