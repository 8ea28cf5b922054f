package io.yoco4j.experiment;

import io.yoco4j.experiment.Experiment.SystemPlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** What the sweeps say: the rate with the fewest bits per byte on the first held-out set. */
final class LearningRates {
    private final Experiment experiment;
    private final Results results;

    LearningRates(Experiment experiment, Results results) {
        this.experiment = experiment;
        this.results = results;
    }

    /** A rate that was tried; its bits per byte are NaN where training diverged. */
    record Trial(double rate, double bitsPerByte) {}

    /** What a system's own sweep has tried so far. */
    List<Trial> trials(SystemPlan s) {
        List<Trial> trials = new ArrayList<>();
        for (double rate : s.sweep()) {
            results.of(Job.ofSweep(s, rate), experiment).ifPresent(r -> trials.add(new Trial(rate, firstHeldOut(r))));
        }
        return trials;
    }

    private static double firstHeldOut(JobResult r) {
        return r.succeeded() ? r.heldOut().getFirst().bitsPerByte() : Double.NaN;
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
                .filter(t -> !Double.isNaN(t.bitsPerByte()))
                .min(Comparator.comparingDouble(Trial::bitsPerByte))
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
