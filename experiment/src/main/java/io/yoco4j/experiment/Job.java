package io.yoco4j.experiment;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.experiment.Experiment.SystemPlan;
import io.yoco4j.train.TrainingOptions;
import java.util.Locale;

/**
 * One model to train and measure.
 *
 * @param id readable and the same each time: also the name of its folder
 * @param options as they are run; a main job of a swept system gets its learning rate with {@link #withLearningRate}
 */
public record Job(String id, String system, Kind kind, Architecture architecture, TrainingOptions options) {

    /** Why a model is trained. */
    public enum Kind {
        /** To choose a learning rate. */
        SWEEP,
        /** For the figures. */
        MAIN;

        /** As files name it. */
        String lowerCase() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Job ofSweep(SystemPlan s, double rate) {
        TrainingOptions options =
                s.sweepOptions().toBuilder().learningRate(rate).build();
        return new Job(
                "sweep-" + s.name() + "-lr" + rate + "-s" + options.seed(),
                s.name(),
                Kind.SWEEP,
                s.architecture(),
                options);
    }

    static Job ofSeed(SystemPlan s, long seed) {
        return new Job(
                s.name() + "-s" + seed,
                s.name(),
                Kind.MAIN,
                s.architecture(),
                s.options().toBuilder().seed(seed).build());
    }

    Job withLearningRate(double rate) {
        return new Job(
                id,
                system,
                kind,
                architecture,
                options.toBuilder().learningRate(rate).build());
    }

    long seed() {
        return options.seed();
    }

    /** FLOPs of its training. */
    double flops() {
        return Experiment.trainingFlops(architecture, options);
    }
}
