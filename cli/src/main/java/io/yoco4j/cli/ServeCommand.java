package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.server.ModelSource;
import io.yoco4j.server.ServerOptions;
import io.yoco4j.server.YocoServer;
import io.yoco4j.server.schedule.SchedulerOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "serve",
        description = {
            "Serve models over HTTP, in the shape of OpenAI's API, with a page to try them on at /.",
            "Ctrl-C refuses new requests, lets running ones end for up to 30 seconds, and ends."
        },
        mixinStandardHelpOptions = true)
final class ServeCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "MODEL",
            arity = "1..*",
            description = "Model folders; NAME=FOLDER gives one another name than its folder's.")
    private List<String> folders;

    @Option(names = "--host", defaultValue = "127.0.0.1", description = "Address to listen on (${DEFAULT-VALUE}).")
    private String host;

    @Option(names = "--port", defaultValue = "8080", description = "Port, 0 for any (${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = "--api-key-file",
            paramLabel = "FILE",
            description =
                    "Keys, one a line (# begins a comment), of which each request must bring one (Authorization: Bearer KEY).")
    private @Nullable Path keyFile;

    @Option(names = "--insecure", description = "Serve other machines without keys.")
    private boolean insecure;

    @Option(
            names = "--max-concurrent",
            paramLabel = "N",
            defaultValue = "16",
            description = "Texts generated at once (${DEFAULT-VALUE}).")
    private int maxConcurrent;

    @Option(
            names = "--max-queue",
            paramLabel = "N",
            defaultValue = "64",
            description = "Requests that may wait beyond those (${DEFAULT-VALUE}).")
    private int maxQueue;

    @Option(
            names = "--state-dir",
            paramLabel = "DIR",
            description = "Keep contexts here that memory has no room for, also over restarts.")
    private @Nullable Path stateFolder;

    @Option(
            names = "--state-size",
            paramLabel = "SIZE",
            converter = Units.Bytes.class,
            defaultValue = "8G",
            description = "Bytes in there at most (${DEFAULT-VALUE}).")
    private long stateBytes;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "600",
            description = "For requests that name none (${DEFAULT-VALUE}).")
    private long timeout;

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            defaultValue = "5",
            description =
                    "For each model to run texts of no meaning, at most, before it is ready: until then the JVM compiles its"
                            + " kernels while the first clients wait (${DEFAULT-VALUE}; 0 for none).")
    private long warmUp;

    @Mixin
    private ServingOptions serving = new ServingOptions();

    @SuppressWarnings("NullAway.Init") // picocli sets them
    ServeCommand() {}

    @Override
    public void run() {
        List<ModelSource> sources = folders.stream().map(ServeCommand::source).toList();
        PrintWriter out = spec.commandLine().getOut();
        try (YocoServer server = YocoServer.start(sources, options())) {
            String address = "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + server.port();
            out.println("Loading "
                    + String.join(", ", sources.stream().map(ModelSource::name).toList()) + " ...");
            out.flush();
            await(server);
            out.println("Ready: " + address + "/ to try, " + address + "/v1 for clients; Ctrl-C ends");
            out.flush();
            untilSignal(server, out);
        }
    }

    private static void untilSignal(YocoServer server, PrintWriter out) {
        Thread end = new Thread(
                () -> {
                    out.println("Letting running requests end");
                    out.flush();
                    server.close();
                },
                "end");
        Runtime.getRuntime().addShutdownHook(end);
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException _) {
            Runtime.getRuntime().removeShutdownHook(end);
            Thread.currentThread().interrupt();
        }
    }

    private static ModelSource source(String argument) {
        int name = argument.indexOf('=');
        return name < 0 || Files.isDirectory(Path.of(argument))
                ? ModelSource.of(Path.of(argument))
                : ModelSource.of(argument.substring(0, name), Path.of(argument.substring(name + 1)));
    }

    private ServerOptions options() {
        SchedulerOptions.Builder scheduler =
                serving.scheduler().maxConcurrent(maxConcurrent).maxQueue(maxQueue);
        ServerOptions.Builder options = ServerOptions.builder()
                .host(host)
                .port(port)
                .insecure(insecure)
                .stateBytes(stateBytes)
                .timeout(Duration.ofSeconds(timeout))
                .warmUp(Duration.ofSeconds(warmUp))
                .engine(serving.engine())
                .scheduler(scheduler.build());
        if (keyFile != null) {
            options.apiKeys(keys(keyFile));
        }
        if (stateFolder != null) {
            options.stateFolder(stateFolder);
        }
        return options.build();
    }

    private static List<String> keys(Path file) {
        try {
            List<String> keys = Files.readAllLines(file).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .toList();
            if (keys.isEmpty()) {
                throw new InvalidInputException(file + " has no key: write one a line");
            }
            return keys;
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(file + " is not UTF-8: write the keys as text, one a line", e);
        } catch (IOException e) {
            throw new InvalidInputException(file + " could not be read: " + AtomicFiles.reason(e), e);
        }
    }

    /** Waits until the models are loaded; what went wrong with one is thrown as it is. */
    static void await(YocoServer server) {
        try {
            server.loaded().join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case null, default -> throw new UncheckedIOException(new IOException(e));
            }
        }
    }
}
