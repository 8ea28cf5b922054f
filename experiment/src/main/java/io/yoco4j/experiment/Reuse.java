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
    private final String tokenizer;
    private final ExperimentListener listener;

    /** @param tokenizer hash of the tokenizer of this experiment's data */
    Reuse(Experiment experiment, Results results, LearningRates rates, String tokenizer, ExperimentListener listener) {
        this.experiment = experiment;
        this.results = results;
        this.rates = rates;
        this.tokenizer = tokenizer;
        this.listener = listener;
    }

    /** @throws InvalidInputException when the folder is none of an experiment's */
    static void require(Path other) {
        if (!Files.exists(other.resolve(Results.FILE))) {
            throw new InvalidInputException(
                    other + " has no " + Results.FILE + ": name the folder of another experiment's run or report");
        }
    }

    /**
     * Looks through another folder for every job that has no result yet.
     *
     * @throws InvalidInputException when what is there has another tokenizer
     */
    void from(Path other) throws IOException {
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
            requireTokenizer(same.get(), other);
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
                requireTokenizer(trained, other);
                copy(model, folder);
                listener.note(job.id() + " is the model of " + trained.job() + " of " + other
                        + ", but measured otherwise: not trained again");
                return;
            }
        }
    }

    /** Before anything of it is taken: its ids would mean other words here. */
    private void requireTokenizer(JobResult result, Path other) {
        if (!result.tokenizer().equals(tokenizer)) {
            throw new InvalidInputException(other + ": " + result.job()
                    + " has another tokenizer than data.train gives here, as the text was another: leave it out of the"
                    + " folders to reuse");
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
