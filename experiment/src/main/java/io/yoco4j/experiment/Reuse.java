package io.yoco4j.experiment;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Takes over from other experiments what this one would only repeat: whole results, else the models to be measured anew. */
final class Reuse {
    private final Experiment experiment;
    private final Results results;
    private final LearningRates rates;
    private final ExperimentListener listener;

    Reuse(Experiment experiment, Results results, LearningRates rates, ExperimentListener listener) {
        this.experiment = experiment;
        this.results = results;
        this.rates = rates;
        this.listener = listener;
    }

    /**
     * Looks through another folder for every job that has no result yet.
     *
     * @throws InvalidInputException when the folder is none of an experiment's
     */
    void from(Path other) throws IOException {
        if (!Files.exists(other.resolve(Results.FILE))) {
            throw new InvalidInputException(
                    other + " has no " + Results.FILE + ": name the folder of another experiment's run or report");
        }
        Results others = Results.open(other);
        // Sweeps first, since they decide with which learning rate a main job is the same as another.
        for (Job.Kind kind : Job.Kind.values()) {
            for (Job planned : experiment.jobs()) {
                Optional<Job> job = rates.ready(planned);
                if (planned.kind() == kind
                        && job.isPresent()
                        && rates.result(planned).isEmpty()) {
                    take(job.get(), others, other);
                }
            }
        }
    }

    private void take(Job job, Results others, Path other) throws IOException {
        Optional<JobResult> same = others.same(job, experiment);
        if (same.isPresent()) {
            results.add(same.get().as(job));
            listener.note(job.id() + " is " + same.get().job() + " of " + other + ": not run again");
            return;
        }
        Path folder = results.jobFolder(job.id());
        if (TrainedWith.isOf(folder, job, experiment.data())) {
            return;
        }
        for (JobResult trained : others.trainedAs(job, experiment.data())) {
            Path model = others.jobFolder(trained.job());
            if (TrainedWith.isOf(model, job, experiment.data())) {
                copy(model, folder);
                listener.note(job.id() + " is the model of " + trained.job() + " of " + other
                        + ", but measured otherwise: not trained again");
                return;
            }
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        List<Path> files;
        try (Stream<Path> each = Files.list(from)) {
            files = each.filter(Files::isRegularFile)
                    .filter(f -> !f.getFileName().toString().equals(Results.RESULT))
                    .toList();
        }
        AtomicFiles.createFolder(to, folder -> {
            for (Path file : files) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
            AtomicFiles.deleteRecursively(to);
        });
    }
}
