package io.yoco4j.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "experiment",
        description = {
            "Train and measure systems side by side, as a file describes them (docs/experiments/FORMAT.md).",
            "A run that is stopped goes on where it was; jobs with a result are never run again."
        },
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {ExperimentRunCommand.class, ExperimentStatusCommand.class, ExperimentReportCommand.class})
final class ExperimentCommand implements Runnable {
    /** The copy of the experiment file in its folder. */
    static final String FILE = "experiment.yaml";

    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    ExperimentCommand() {}

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "run, status or report is missing");
    }
}
