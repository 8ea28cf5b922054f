package io.yoco4j.cli;

import java.io.PrintWriter;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The root command. Exit codes: 0 done, 1 a failure, 2 a mistake in what was asked for. */
@Command(
        name = "yoco",
        description = "Depth-scaled, long-context language models on the JVM.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = VersionCommand.Provider.class,
        subcommands = {
            QuickstartCommand.class,
            TrainCommand.class,
            GenerateCommand.class,
            ServeCommand.class,
            InspectCommand.class,
            ImportCommand.class,
            QuantizeCommand.class,
            LogitsCommand.class,
            EvalCommand.class,
            ExperimentCommand.class,
            BenchCommand.class,
            BenchTrainingCommand.class,
            BenchServerCommand.class,
            VersionCommand.class
        },
        footer = {"", "Start with: yoco quickstart", "Each command explains itself: yoco COMMAND --help"})
public final class Yoco implements Runnable {
    @Spec
    private CommandSpec spec;

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Show the stack trace of an error.")
    private boolean verbose;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    Yoco() {}

    public static void main(String[] args) {
        StandardError.restore();
        System.setProperty("java.awt.headless", "true");
        System.exit(run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), args));
    }

    /** Runs a command line and returns its exit code. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        Yoco yoco = new Yoco();
        CommandLine line = new CommandLine(yoco)
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(Yoco::explainUsage)
                .setExecutionExceptionHandler((e, command, _) -> Errors.explain(e, command.getErr(), yoco.verbose));
        return execute(line, () -> yoco.verbose, args);
    }

    /** Picocli hands exceptions to their handler, but lets errors pass, such as that memory is short. */
    static int execute(CommandLine line, BooleanSupplier verbose, String... args) {
        try {
            return line.execute(args);
        } catch (Error e) {
            return Errors.explain(e, line.getErr(), verbose.getAsBoolean());
        }
    }

    /** How the user called this program, for commands that are suggested. */
    static String command() {
        return System.getProperty("yoco.command", "yoco");
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    private static int explainUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("yoco: " + e.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(e, err);
        err.println("See: " + command.getCommandSpec().qualifiedName() + " --help");
        return Errors.USER_MISTAKE;
    }
}
