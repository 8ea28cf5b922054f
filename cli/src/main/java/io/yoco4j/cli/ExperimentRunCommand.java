package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.experiment.Experiment;
import io.yoco4j.experiment.ExperimentFile;
import io.yoco4j.experiment.ExperimentRunner;
import io.yoco4j.experiment.Report;
import io.yoco4j.experiment.TrainerBackend;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "run",
        description = {
            "Run what an experiment still lacks.",
            "DIR/results.jsonl has a line per finished job and is enough to keep: with it alone in DIR, another machine goes on."
        },
        mixinStandardHelpOptions = true)
final class ExperimentRunCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The experiment, in YAML.")
    private Path file;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder of jobs, results and report.")
    private Path out;

    @Option(names = "--jobs", paramLabel = "N", defaultValue = "1", description = "Jobs at a time (${DEFAULT-VALUE}).")
    private int jobs;

    /** Of all jobs together. */
    @Mixin
    private ThreadsOption threads = new ThreadsOption();

    @Option(
            names = "--reuse",
            paramLabel = "DIR",
            split = ",",
            description =
                    "Folders of other experiments: what was trained and measured there alike is not run again; what was"
                            + " trained alike, and whose model is there, is only measured.")
    private List<Path> reuse = List.of();

    @SuppressWarnings("NullAway.Init") // picocli sets them
    ExperimentRunCommand() {}

    @Override
    public void run() {
        int count = threads.training();
        if (jobs < 1 || jobs > count) {
            throw new InvalidInputException("--jobs is " + jobs + ", but must lie in 1.." + count
                    + ", so that each job has a thread of --threads");
        }
        Experiment experiment = ExperimentFile.read(file);
        PrintWriter screen = spec.commandLine().getOut();
        ExperimentRunner runner = new ExperimentRunner(
                experiment,
                out,
                new TrainerBackend(new CollectingProgress(screen)),
                new EngineModels(),
                jobs,
                count,
                reuse,
                new ExperimentReporter(screen) {
                    @Override
                    public void locked() {
                        keepCopy();
                    }
                });
        ExperimentRunner.Outcome outcome =
                SaveOnExit.run(runner::run, runner::stop, o -> report(o, experiment, screen));
        if (outcome.failed() > 0) {
            String message = outcome.failed() + " of " + experiment.jobs().size() + " jobs failed: " + Yoco.command()
                    + " experiment status " + out + " says why, and another run tries them again";
            throw new UncheckedIOException(message, new IOException(message));
        }
    }

    /** So that status needs no file. */
    private void keepCopy() {
        try {
            AtomicFiles.writeString(out.resolve(ExperimentCommand.FILE), Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(file + " could not be read: " + AtomicFiles.reason(e), e);
        }
    }

    private void report(ExperimentRunner.Outcome outcome, Experiment experiment, PrintWriter screen) {
        if (outcome.waiting() > 0) {
            screen.println("Stopped and saved; " + outcome.waiting() + " jobs are left. Go on with: " + Yoco.command()
                    + " experiment run " + file + " --out " + out);
        } else {
            screen.println("Done: " + outcome.finished() + " jobs have figures"
                    + (outcome.diverged() > 0 ? ", " + outcome.diverged() + " diverged" : "") + ". Report: "
                    + Report.write(experiment, out));
        }
        screen.flush();
    }
}
