package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.checkpoint.CheckpointWriter;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.text.WordVocabulary;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.server.ModelSource;
import io.yoco4j.server.ServerOptions;
import io.yoco4j.server.YocoServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "bench-server",
        description = {
            "Start a server with a model or with random weights, load it over HTTP, and tell what it does: many streams against"
                    + " one, tokens while a long prompt comes in, a known prefix, the server's own cost, clients that misbehave.",
            "A line of JSON for each; random weights need their size on disk for a while."
        },
        mixinStandardHelpOptions = true)
final class BenchServerCommand implements Runnable {
    private static final List<String> ALL = List.of("overhead", "streams", "long-prompt", "prefix", "misbehaviour");

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "MODEL", description = "A model folder, instead of random weights.")
    private @Nullable Path model;

    @Mixin
    private SystemOptions preset = new SystemOptions();

    @Option(
            names = "--weights",
            paramLabel = "F",
            description = "Format of random weights: ${COMPLETION-CANDIDATES} (q8).")
    private @Nullable WeightFormat weights;

    @Mixin
    private ServingOptions serving = new ServingOptions();

    @Option(names = "--streams", defaultValue = "16", description = "Streams at once (${DEFAULT-VALUE}).")
    private int streams;

    @Option(names = "--prompt", defaultValue = "512", description = "Tokens of their prompts (${DEFAULT-VALUE}).")
    private int promptTokens;

    @Option(names = "--generate", defaultValue = "64", description = "Tokens of each stream (${DEFAULT-VALUE}).")
    private int generate;

    @Option(names = "--long", defaultValue = "16384", description = "Tokens of the long prompt (${DEFAULT-VALUE}).")
    private int longTokens;

    @Option(names = "--prefix", defaultValue = "8192", description = "Tokens of the known prefix (${DEFAULT-VALUE}).")
    private int prefixTokens;

    @Option(names = "--clients", defaultValue = "200", description = "Clients that leave (${DEFAULT-VALUE}).")
    private int clients;

    @Option(names = "--bodies", defaultValue = "10000", description = "Malformed bodies (${DEFAULT-VALUE}).")
    private int bodies;

    @Option(
            names = "--rounds",
            defaultValue = "5",
            description = "How often those clients and bodies come, to see whether memory grows (${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--only",
            paramLabel = "NAME",
            split = ",",
            description = "Some of overhead, streams, long-prompt, prefix, misbehaviour (all).")
    private List<String> only = ALL;

    @SuppressWarnings("NullAway.Init") // picocli sets them
    BenchServerCommand() {}

    @Override
    public void run() {
        for (String name : only) {
            if (!ALL.contains(name)) {
                throw new InvalidInputException(
                        "--only has \"" + name + "\", but must name some of " + String.join(", ", ALL));
            }
        }
        if (IntStream.of(streams, promptTokens, generate, longTokens, prefixTokens, clients, bodies, rounds)
                .anyMatch(n -> n < 1)) {
            throw new InvalidInputException("a count is below 1: give each at least 1");
        }
        if (model != null && (preset.given() || weights != null)) {
            throw new InvalidInputException(
                    "MODEL and --system, --size, --shape or --weights exclude each other: give a folder, or what random"
                            + " weights are to be");
        }
        LogSetup.quiet("io.yoco4j.server.requests");
        if (model != null) {
            measure(model);
            return;
        }
        try {
            Path folder = Files.createTempDirectory("yoco-bench-server");
            try {
                write(preset.architecture(), folder.resolve("load"));
                measure(folder.resolve("load"));
            } finally {
                AtomicFiles.deleteRecursively(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the benchmark failed: " + e.getMessage(), e);
        }
    }

    /** A model folder with a word for each token, so that each is a piece of the stream. */
    private void write(Architecture a, Path folder) {
        SafetensorsWriter tensors = new SafetensorsWriter();
        RandomWeights.of(a, format(), 1).values().forEach(tensors::add);
        CheckpointWriter writer = new CheckpointWriter(a, tensors)
                .tokenizer(new WordVocabulary(IntStream.range(0, a.vocabSize())
                                .mapToObj(i -> "w" + i)
                                .toList())
                        .json());
        if (format().quantized()) {
            writer.quantization(format());
        }
        writer.create(folder);
    }

    private WeightFormat format() {
        return weights == null ? WeightFormat.Q8 : weights;
    }

    private void measure(Path folder) {
        EngineOptions engine = serving.engine();
        List<YocoModel> models = new ArrayList<>();
        ModelSource source = new ModelSource("load", Optional.of(folder), options -> {
            YocoModel opened = YocoModel.open(folder, options);
            models.add(opened);
            return opened;
        });
        ServerOptions options = ServerOptions.builder()
                .port(0)
                .engine(engine)
                .scheduler(serving.scheduler().build())
                .build();
        try (YocoServer server = YocoServer.start(List.of(source), options)) {
            ServeCommand.await(server);
            int vocabulary = models.getFirst().architecture().vocabSize();
            try (LoadClient client = new LoadClient(server.port(), vocabulary)) {
                ServerLoad load = new ServerLoad(client, streams, promptTokens, generate);
                load.warmUp();
                for (String name : only) {
                    tell(
                            name,
                            models.getFirst(),
                            switch (name) {
                                case "overhead" -> load.overhead(models.getFirst(), 256);
                                case "streams" -> load.streams();
                                case "long-prompt" -> load.longPrompt(4, longTokens);
                                case "prefix" -> load.prefix(prefixTokens);
                                default -> load.misbehaviour(clients, bodies, rounds);
                            });
                }
            }
        } catch (Exception e) {
            throw e instanceof RuntimeException r ? r : new UncheckedIOException(new IOException(e));
        }
    }

    private void tell(String name, YocoModel loaded, Map<String, Object> figures) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("measured", name);
        if (model != null) {
            line.put("model", ModelSource.of(model).name());
        } else {
            line.put("system", preset.system());
            line.put("size", preset.label());
            line.put("weights", format().name().toLowerCase(Locale.ROOT));
        }
        line.put("kv", loaded.options().kv().name().toLowerCase(Locale.ROOT));
        line.put("threads", loaded.options().threads());
        line.put("kernels", loaded.kernels());
        line.put("prepack", loaded.options().prepack());
        line.putAll(figures);
        PrintWriter out = spec.commandLine().getOut();
        out.println(Json.line(line));
        out.flush();
    }
}
