package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.report.Table;
import io.yoco4j.experiment.Experiment;
import io.yoco4j.experiment.ExperimentFile;
import io.yoco4j.experiment.JobStates;
import io.yoco4j.experiment.JobStates.JobState;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "status", description = "Where each job of an experiment stands.", mixinStandardHelpOptions = true)
final class ExperimentStatusCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR|FILE", description = "The folder of a run, or an experiment file with --out.")
    private Path place;

    @Option(names = "--out", paramLabel = "DIR", description = "The folder, where a file is named.")
    private @Nullable Path out;

    @SuppressWarnings("NullAway.Init") // picocli sets them
    ExperimentStatusCommand() {}

    @Override
    public void run() {
        boolean folder = Files.isDirectory(place);
        if (folder == (out != null)) {
            throw new InvalidInputException(
                    folder
                            ? "--out goes with an experiment file, but " + place + " is a folder: leave --out out"
                            : place + " is no folder: name the folder of a run, or add --out to the experiment file");
        }
        Path file = place.resolve(ExperimentCommand.FILE);
        if (folder && !Files.exists(file)) {
            throw new InvalidInputException(
                    place + " has no " + ExperimentCommand.FILE + ": name the folder of yoco experiment run");
        }
        Experiment experiment = ExperimentFile.read(folder ? file : place);
        JobStates states = JobStates.read(experiment, out == null ? place : out);
        PrintWriter screen = spec.commandLine().getOut();
        Table table = new Table("job", "state", "step", "bits per byte, or why not");
        states.jobs().forEach(s -> table.row(s.job().id(), state(s), step(s), s.detail()));
        screen.println(table);
        screen.println(ExperimentReporter.line(states.overall())
                + (states.running() ? "; a run is going on" : "; no run is going on"));
        screen.flush();
    }

    private static String state(JobState s) {
        return s.state() == JobStates.State.BEGUN
                ? "interrupted"
                : s.state().name().toLowerCase(Locale.ROOT);
    }

    private static String step(JobState s) {
        return s.step() + " of " + s.job().options().steps();
    }
}
