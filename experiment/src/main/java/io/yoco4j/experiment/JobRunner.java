package io.yoco4j.experiment;

import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ArchitectureJson;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.experiment.Experiment.Evaluation;
import io.yoco4j.experiment.JobResult.HeldOutScore;
import io.yoco4j.experiment.JobResult.PrefixScore;
import io.yoco4j.experiment.JobResult.TaskScore;
import io.yoco4j.experiment.TrainingBackend.Prepared;
import io.yoco4j.experiment.TrainingBackend.Trained;
import io.yoco4j.experiment.TrainingBackend.TrainingRun;
import io.yoco4j.train.TrainingDivergedException;
import io.yoco4j.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Trains and measures one job after another in a folder of its own each; several threads may call it. */
final class JobRunner {
    private final Experiment experiment;
    private final Results results;
    private final Prepared prepared;
    private final HeldOut heldOut;
    private final Models models;
    private final int threads;
    private final ExperimentListener listener;
    private final Set<TrainingRun> running = ConcurrentHashMap.newKeySet();
    private volatile boolean stopRequested;

    /** @param threads of each job */
    JobRunner(
            Experiment experiment,
            Results results,
            Prepared prepared,
            HeldOut heldOut,
            Models models,
            int threads,
            ExperimentListener listener) {
        this.experiment = experiment;
        this.results = results;
        this.prepared = prepared;
        this.heldOut = heldOut;
        this.models = models;
        this.threads = threads;
        this.listener = listener;
    }

    /** Asks all jobs to save and end; from any thread. */
    void stop() {
        stopRequested = true;
        running.forEach(TrainingRun::stop);
    }

    /**
     * Runs a job to its result, from where an earlier run of it ended.
     *
     * @param steps hears of its training
     * @return the result; empty where it was stopped
     */
    Optional<JobResult> run(Job job, Consumer<TrainingListener.Step> steps) throws IOException {
        Path folder = results.jobFolder(job.id());
        claim(job, folder);
        Optional<Trained> trained;
        try {
            trained = train(job, folder, steps);
        } catch (TrainingDivergedException e) {
            return Optional.of(failed(job, e));
        }
        if (trained.isEmpty() || stopRequested) {
            return Optional.empty();
        }
        listener.evaluating(job.id());
        Optional<JobResult> result = evaluated(job, folder, trained.get());
        result.ifPresent(results::add);
        return result;
    }

    /** Makes the folder the job's: what another version of the job left there goes. */
    private void claim(Job job, Path folder) throws IOException {
        if (Files.exists(folder) && !TrainedWith.isOf(folder, job, experiment.data())) {
            if (results.of(job.id()).isEmpty()) {
                listener.note(job.id() + " was begun with other settings: it starts anew");
            }
            AtomicFiles.deleteRecursively(folder);
        }
        Files.createDirectories(folder);
        TrainedWith.write(folder, job, experiment.data());
    }

    private Optional<Trained> train(Job job, Path folder, Consumer<TrainingListener.Step> steps) {
        TrainingRun run = prepared.run(job.architecture(), job.options(), folder, threads, new TrainingListener() {
            @Override
            public void step(Step step) {
                steps.accept(step);
            }
        });
        running.add(run);
        try {
            // Whoever asked before it was there has not reached it.
            if (stopRequested) {
                run.stop();
            }
            return run.train();
        } finally {
            running.remove(run);
        }
    }

    private JobResult failed(Job job, TrainingDivergedException e) {
        String message = e.getMessage() == null ? "training diverged" : e.getMessage();
        int advice = message.indexOf(':');
        JobResult result = result(
                job,
                new Trained(List.of(), 0),
                List.of(),
                List.of(),
                List.of(),
                0,
                advice < 0 ? message : message.substring(0, advice));
        results.add(result);
        return result;
    }

    private Optional<JobResult> evaluated(Job job, Path folder, Trained trained) {
        long start = System.nanoTime();
        Evaluation asked = experiment.evaluation().of(job);
        List<HeldOutScore> scores = new ArrayList<>();
        List<PrefixScore> prefix = List.of();
        List<TaskScore> tasks = new ArrayList<>();
        int own = trainedLoops(job.architecture());
        try (EvaluatedModel model = models.open(folder, OptionalInt.empty(), threads)) {
            Evaluator evaluator = evaluator(job, model);
            for (String set : heldOut.sets().keySet()) {
                scores.add(evaluator.heldOut(set, own, true));
            }
            if (asked.prefix().isPresent() && !stopRequested) {
                prefix = evaluator.prefixes(asked.prefix().get().lengths());
            }
            if (!stopRequested) {
                tasks.addAll(evaluator.tasks(asked, own));
            }
        }
        for (int loops : own == 0 ? List.<Integer>of() : asked.loops()) {
            if (loops == own) {
                continue;
            }
            if (stopRequested) {
                return Optional.empty();
            }
            try (EvaluatedModel model = models.open(folder, OptionalInt.of(loops), threads)) {
                Evaluator evaluator = evaluator(job, model);
                for (String set : heldOut.sets().keySet()) {
                    scores.add(evaluator.heldOut(set, loops, false));
                }
                tasks.addAll(evaluator.tasks(asked, loops));
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        return stopRequested ? Optional.empty() : Optional.of(result(job, trained, scores, prefix, tasks, seconds, ""));
    }

    private Evaluator evaluator(Job job, EvaluatedModel model) {
        return new Evaluator(model, heldOut, job.options().sequenceLength());
    }

    private JobResult result(
            Job job,
            Trained trained,
            List<HeldOutScore> scores,
            List<PrefixScore> prefix,
            List<TaskScore> tasks,
            double evaluationSeconds,
            String failure) {
        Accounting accounting = new Accounting(job.architecture());
        return new JobResult(
                job.id(),
                job.system(),
                job.kind().lowerCase(),
                job.seed(),
                Fingerprint.ofTraining(job, experiment.data()),
                Fingerprint.ofEvaluation(job, experiment.data(), experiment.evaluation()),
                prepared.tokenizerHash(),
                job.options().learningRate(),
                accounting.parameters(),
                accounting.nonEmbeddingParameters(),
                job.flops(),
                job.options().steps() * job.options().tokensPerStep(),
                trained.tokensPerSecond(),
                trainedLoops(job.architecture()),
                trained.curve(),
                scores,
                prefix,
                tasks,
                evaluationSeconds,
                failure,
                JobResult.tree(ArchitectureJson.write(job.architecture())),
                JobResult.tree(job.options().write()));
    }

    /** T of the looped stages, 0 where none loops. */
    static int trainedLoops(Architecture a) {
        return a.looped() ? a.stages().stream().mapToInt(Stage::loops).max().orElseThrow() : 0;
    }
}
