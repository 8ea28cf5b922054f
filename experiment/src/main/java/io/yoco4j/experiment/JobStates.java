package io.yoco4j.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.checkpoint.FolderLock;
import io.yoco4j.experiment.Experiment.SystemPlan;
import io.yoco4j.experiment.ExperimentListener.Overall;
import io.yoco4j.train.MetricsLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Where each job stands, read from an experiment's folder, also while another process runs it.
 *
 * @param jobs in the order they are run
 * @param overall estimated for one job at a time
 * @param running whether a process works on them now
 */
public record JobStates(List<JobState> jobs, Overall overall, boolean running) {

    /** Where a job stands. */
    public enum State {
        FINISHED,
        /** Diverged, or broke off with an error. */
        FAILED,
        /** A run works on it now. */
        RUNNING,
        /** Was interrupted: has a state to go on from, of these settings. */
        BEGUN,
        WAITING
    }

    /**
     * A job.
     *
     * @param step it has reached
     * @param detail its figure, or what went wrong; may be empty
     */
    public record JobState(Job job, State state, long step, String detail) {}

    /** Reads a folder; one that does not exist has all jobs waiting. */
    public static JobStates read(Experiment experiment, Path folder) {
        Results results = Results.open(folder);
        LearningRates rates = new LearningRates(experiment, results);
        Pace pace = new Pace(experiment, 1);
        List<JobState> states = new ArrayList<>();
        try {
            boolean running = FolderLock.taken(folder);
            Set<String> working = running ? RunningJobs.read(folder) : Set.of();
            for (Job job : experiment.jobs()) {
                states.add(state(job, experiment, results, rates, pace, working.contains(job.id())));
            }
            return new JobStates(states, pace.overall(), running);
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " could not be read: " + AtomicFiles.reason(e), e);
        }
    }

    private static JobState state(
            Job job, Experiment experiment, Results results, LearningRates rates, Pace pace, boolean running)
            throws IOException {
        Optional<JobResult> result = rates.result(job);
        if (result.isPresent()) {
            JobResult r = result.get();
            pace.finished(job, r.tokensPerSecond(), r.evaluationSeconds());
            return r.succeeded()
                    ? new JobState(job, State.FINISHED, job.options().steps(), r.figures())
                    : new JobState(job, State.FAILED, 0, r.failure());
        }
        if (hopeless(experiment.system(job.system()), rates)) {
            pace.finished(job, 0, 0);
            return new JobState(job, State.FAILED, 0, "every learning rate of its sweep diverged");
        }
        Path folder = results.jobFolder(job.id());
        Path failure = folder.resolve(ExperimentRunner.FAILURE);
        if (!running && Files.exists(failure)) {
            return new JobState(job, State.FAILED, 0, Files.readString(failure).strip());
        }
        Optional<Job> ready = rates.ready(job);
        boolean own = ready.isPresent() && TrainedWith.isOf(folder, ready.get(), experiment.data());
        if (!own || !Files.exists(folder.resolve("metrics.jsonl"))) {
            return new JobState(job, running ? State.RUNNING : State.WAITING, 0, "");
        }
        long step = 0;
        double speed = 0;
        for (JsonNode line : MetricsLog.read(folder)) {
            step = line.path("step").asLong();
            speed = line.path("tokens_per_second").asDouble(speed);
        }
        pace.at(job, Math.min(1, (double) step / job.options().steps()), speed);
        return new JobState(
                job,
                running ? State.RUNNING : State.BEGUN,
                step,
                step >= job.options().steps() ? "trained, to be measured" : "");
    }

    /** Whether a system's main jobs cannot be run, since no learning rate works for it. */
    static boolean hopeless(SystemPlan s, LearningRates rates) {
        return rates.complete(s) && rates.chosen(s).isEmpty();
    }
}
