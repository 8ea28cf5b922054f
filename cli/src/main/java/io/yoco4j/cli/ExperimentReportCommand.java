package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.experiment.ExperimentFile;
import io.yoco4j.experiment.Report;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "report",
        description = "Write report.md and its plots from the results so far.",
        mixinStandardHelpOptions = true)
final class ExperimentReportCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The experiment, in YAML.")
    private Path file;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "The folder of its run.")
    private Path out;

    @SuppressWarnings("NullAway.Init") // picocli sets them
    ExperimentReportCommand() {}

    @Override
    public void run() {
        if (!Files.isDirectory(out)) {
            throw new InvalidInputException(out + " is missing or no folder: name the folder of yoco experiment run");
        }
        spec.commandLine().getOut().println("Report: " + Report.write(ExperimentFile.read(file), out));
    }
}
