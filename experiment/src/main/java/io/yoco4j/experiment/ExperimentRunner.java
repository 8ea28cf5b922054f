package io.yoco4j.experiment;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.checkpoint.FolderLock;
import io.yoco4j.experiment.ExperimentListener.JobStep;
import io.yoco4j.experiment.TrainingBackend.Prepared;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs what an experiment still lacks, several jobs at a time: first the sweeps, then the main jobs seed by seed. What is
 * finished is never run again, and what was interrupted goes on where it was.
 */
public final class ExperimentRunner {
    /** In an experiment's folder: tokenizer and token shards. */
    private static final String DATA = "data";
    /** In a job's folder: why it broke off. */
    static final String FAILURE = "failure.txt";

    private final Experiment experiment;
    private final Path folder;
    private final TrainingBackend backend;
    private final Models models;
    private final int parallel;
    private final int threads;
    private final List<Path> reused;
    private final ExperimentListener listener;
    private volatile @Nullable JobRunner runner;
    private volatile boolean stopRequested;

    /**
     * @param parallel jobs at a time
     * @param threads of all of them together, at least one each
     * @param reused folders of other experiments: a result there of the same training and evaluation counts here, and a
     *     model there of the same training is only measured
     * @throws InvalidInputException when there are less than 1 job or thread, or jobs with dropout are to run beside each
     *     other
     */
    public ExperimentRunner(
            Experiment experiment,
            Path folder,
            TrainingBackend backend,
            Models models,
            int parallel,
            int threads,
            List<Path> reused,
            ExperimentListener listener) {
        if (parallel < 1 || threads < 1) {
            throw new InvalidInputException(
                    "jobs is " + parallel + " and threads is " + threads + ", but both must be at least 1");
        }
        if (parallel > 1 && experiment.jobs().stream().anyMatch(j -> j.options().dropout() > 0)) {
            throw new InvalidInputException(
                    experiment.name() + " has dropout, which libtorch draws for the whole process,"
                            + " so that jobs beside each other would not repeat: run one at a time with --jobs 1");
        }
        this.experiment = experiment;
        this.folder = folder;
        this.backend = backend;
        this.models = models;
        this.parallel = parallel;
        this.threads = threads;
        this.reused = List.copyOf(reused);
        this.listener = listener;
    }

    /**
     * How a run ended.
     *
     * @param finished jobs that have figures
     * @param diverged jobs that never will, as they are described
     * @param failed jobs that broke off with an error
     * @param waiting jobs that are still to be run
     */
    public record Outcome(int finished, int diverged, int failed, int waiting) {}

    /** Asks for an early end: every job saves its state; from any thread. */
    public void stop() {
        stopRequested = true;
        JobRunner r = runner;
        if (r != null) {
            r.stop();
        }
    }

    /**
     * Runs to the end, or until {@link #stop}.
     *
     * @throws InvalidInputException when the folder is in use or holds results of another tokenizer, or the data is broken
     * @throws UncheckedIOException when the folder cannot be written
     */
    public Outcome run() {
        try (FolderLock _ = FolderLock.take(folder)) {
            listener.locked();
            reused.forEach(Reuse::require);
            RunningJobs working = new RunningJobs(folder);
            Results results = Results.open(folder);
            LearningRates rates = new LearningRates(experiment, results);
            int failed = 0;
            if (anyPending(rates)) {
                try (Prepared prepared = backend.prepare(experiment.data(), folder.resolve(DATA), threads)) {
                    requireTokenizer(results, rates, prepared.tokenizerHash());
                    reuse(results, rates, prepared.tokenizerHash());
                    Pace pace = pace(rates);
                    listener.started(pace.overall());
                    failed = anyPending(rates) ? runAll(results, rates, pace, prepared, working) : 0;
                }
            } else {
                listener.started(pace(rates).overall());
            }
            return outcome(rates, failed);
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": " + AtomicFiles.reason(e), e);
        }
    }

    private void reuse(Results results, LearningRates rates, String tokenizerHash) throws IOException {
        for (Path other : reused) {
            new Reuse(experiment, results, rates, tokenizerHash, listener).from(other);
        }
    }

    private Pace pace(LearningRates rates) {
        Pace pace = new Pace(experiment, parallel);
        for (Job job : experiment.jobs()) {
            rates.result(job).ifPresent(r -> pace.finished(job, r.tokensPerSecond(), r.evaluationSeconds()));
        }
        return pace;
    }

    private boolean anyPending(LearningRates rates) {
        return experiment.jobs().stream().anyMatch(j -> rates.result(j).isEmpty());
    }

    private void requireTokenizer(Results results, LearningRates rates, String hash) {
        for (Job job : experiment.jobs()) {
            Optional<JobResult> result = rates.result(job);
            if (result.isPresent() && !result.get().tokenizer().equals(hash)) {
                throw new InvalidInputException(folder.resolve(Results.FILE) + ": " + job.id()
                        + " was measured with another tokenizer than the one in " + folder.resolve(DATA)
                        + ", as the training text was another: name another --out, or remove the old results");
            }
        }
        results.write();
    }

    private int runAll(Results results, LearningRates rates, Pace pace, Prepared prepared, RunningJobs working)
            throws IOException {
        HeldOut heldOut = HeldOut.read(
                experiment.data(),
                experiment.evaluation().tokens(),
                experiment.evaluation().prefix(),
                prepared);
        JobRunner jobRunner = new JobRunner(
                experiment, results, prepared, heldOut, models, Math.max(1, threads / parallel), listener);
        runner = jobRunner;
        AtomicInteger failed = new AtomicInteger();
        ExecutorService threadsOfJobs = Executors.newFixedThreadPool(
                parallel, Thread.ofPlatform().name("job-", 1).factory());
        try {
            // Main jobs need the sweeps' answers, also to tell which others ran.
            for (Job.Kind kind : Job.Kind.values()) {
                reuse(results, rates, prepared.tokenizerHash());
                List<Future<?>> running = new ArrayList<>();
                for (Job planned : experiment.jobs()) {
                    Optional<Job> job = rates.ready(planned);
                    if (planned.kind() == kind
                            && job.isPresent()
                            && rates.result(planned).isEmpty()) {
                        running.add(threadsOfJobs.submit(() -> {
                            if (!run(job.get(), jobRunner, results, pace, working)) {
                                failed.incrementAndGet();
                            }
                        }));
                    }
                }
                for (Future<?> f : running) {
                    await(f);
                }
            }
        } finally {
            stopOn(jobRunner, threadsOfJobs);
        }
        return failed.get();
    }

    /** After the last job there is nothing left to stop; after an error the others save and end. */
    private static void stopOn(JobRunner jobRunner, ExecutorService threadsOfJobs) {
        jobRunner.stop();
        threadsOfJobs.close();
    }

    /** Whether the job did not break off. */
    private boolean run(Job job, JobRunner jobRunner, Results results, Pace pace, RunningJobs working) {
        if (stopRequested) {
            jobRunner.stop();
            return true;
        }
        Path failure = results.jobFolder(job.id()).resolve(FAILURE);
        results.of(job.id())
                .ifPresent(r -> listener.note(job.id()
                        + (r.fingerprint().equals(Fingerprint.ofTraining(job, experiment.data()))
                                ? " has a result of another evaluation: it is measured anew, and trained anew where its"
                                        + " model is gone"
                                : " has a result for other settings: it is run anew")));
        working.begin(job.id());
        try {
            Files.deleteIfExists(failure);
            Optional<JobResult> result = jobRunner.run(job, step -> {
                pace.at(job, step.progress(), step.tokensPerSecond());
                listener.step(
                        new JobStep(job.id(), step.step(), job.options().steps(), step.loss(), step.tokensPerSecond()),
                        pace.overall());
            });
            result.ifPresent(r -> {
                pace.finished(job, r.tokensPerSecond(), r.evaluationSeconds());
                listener.finished(r, pace.overall());
            });
            return true;
        } catch (RuntimeException | IOException e) {
            String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            AtomicFiles.writeString(failure, reason + "\n");
            listener.failed(job.id(), reason, pace.overall());
            return false;
        } finally {
            working.end(job.id());
        }
    }

    private static void await(Future<?> job) {
        try {
            job.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case Error error -> throw error;
                case RuntimeException failure -> throw failure;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    private Outcome outcome(LearningRates rates, int failed) {
        int finished = 0;
        int diverged = 0;
        int waiting = 0;
        for (Job job : experiment.jobs()) {
            Optional<JobResult> result = rates.result(job);
            if (result.isPresent()) {
                if (result.get().succeeded()) {
                    finished++;
                } else {
                    diverged++;
                }
            } else if (JobStates.hopeless(experiment.system(job.system()), rates)) {
                diverged++;
            } else {
                waiting++;
            }
        }
        return new Outcome(finished, diverged, failed, waiting - failed);
    }
}
