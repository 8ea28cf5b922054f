package io.yoco4j.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.yoco4j.core.arch.Accounting;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Two systems with three jobs of a sweep and two main ones each; yoco-u is measured at 3 loops, and main jobs at 1 and 2. */
class PaceTest {
    private static final String YAML = Examples.yaml(Path.of("/corpus"));

    private final Experiment experiment = ExperimentFile.read(YAML);
    private final List<Job> jobs = experiment.jobs();
    private final Pace pace = new Pace(experiment, 1);

    private Job job(String id) {
        return jobs.stream().filter(j -> j.id().equals(id)).findFirst().orElseThrow();
    }

    private static double flopsPerToken(Job job, int... loops) {
        return loops.length == 0
                ? new Accounting(job.architecture()).trainingFlopsPerToken(32)
                : Arrays.stream(loops)
                        .mapToDouble(t -> new Accounting(job.architecture().withLoops(t)).trainingFlopsPerToken(32))
                        .sum();
    }

    /** All trainings at one speed, so that what is left is measuring. */
    private void trainAll() {
        jobs.forEach(j -> pace.at(j, 1, 100));
    }

    private double secondsLeft() {
        return pace.overall().secondsLeft();
    }

    @Test
    void withoutAnyMeasuredTrainingAloneCounts() {
        assertThat(secondsLeft()).isNaN();
        Job first = jobs.getFirst();
        pace.at(first, 0.5, 1000);
        double speed = 1000 * flopsPerToken(first);
        double left = jobs.stream().mapToDouble(Job::flops).sum() - first.flops() / 2;
        assertThat(secondsLeft()).isCloseTo(left / speed, withinPercentage(1e-6));
        trainAll();
        assertThat(secondsLeft()).isZero();
        assertThat(pace.overall().finished()).isZero();
    }

    @Test
    void sweepsTellOfSweepsAlone() {
        trainAll();
        pace.finished(job("sweep-yoco-lr0.001-s1"), 100, 10);
        double yocoU = 10 * flopsPerToken(job("sweep-yoco-u-lr0.001-s1")) / flopsPerToken(job("sweep-yoco-lr0.001-s1"));
        assertThat(secondsLeft()).isCloseTo(2 * 10 + 3 * yocoU, withinPercentage(1e-6));
    }

    @Test
    void aSystemsOwnJobsTellBeforeOthers() {
        trainAll();
        pace.finished(job("yoco-s1"), 100, 10);
        Job looped = job("yoco-u-s1");
        double yocoU = 10 * flopsPerToken(looped, 1, 2, 3) / flopsPerToken(job("yoco-s1"));
        assertThat(secondsLeft()).as("all depths count").isCloseTo(10 + 2 * yocoU, withinPercentage(1e-6));
        pace.finished(looped, 100, 50);
        assertThat(secondsLeft()).isCloseTo(10 + 50, withinPercentage(1e-6));
        pace.finished(job("yoco-u-s2"), 100, 70);
        pace.finished(job("yoco-s2"), 100, 12);
        assertThat(secondsLeft()).isZero();
    }

    @Test
    void whatDivergedTellsNothing() {
        trainAll();
        pace.finished(job("yoco-s1"), 0, 0);
        assertThat(secondsLeft()).isZero();
        assertThat(pace.overall().finished()).isOne();
    }

    @Test
    void jobsBesideEachOtherShareTheTime() {
        Pace two = new Pace(experiment, 2);
        jobs.forEach(j -> two.at(j, 1, 100));
        two.finished(job("yoco-s1"), 100, 10);
        two.finished(job("yoco-u-s1"), 100, 50);
        assertThat(two.overall().secondsLeft()).isCloseTo(30, withinPercentage(1e-6));
    }
}
