package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.GeneratedToken;
import io.yoco4j.engine.Generation;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.GenerationStats;
import io.yoco4j.engine.Sampling;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "generate", description = "Continue a prompt, as a stream.", mixinStandardHelpOptions = true)
final class GenerateCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "MODEL", description = "A model folder.")
    private Path folder;

    @Parameters(
            index = "1",
            paramLabel = "PROMPT",
            arity = "0..1",
            defaultValue = "",
            description = "The text to continue; with a saved session, what comes after it, if anything.")
    private String prompt;

    @Option(
            names = "--max-tokens",
            defaultValue = "128",
            description = "Tokens to generate, at most (${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--temperature",
            defaultValue = "0",
            description = "0 takes the likeliest token (${DEFAULT-VALUE}).")
    private float temperature;

    @Option(
            names = "--top-k",
            defaultValue = "0",
            description = "Only the k likeliest tokens; 0 for all (${DEFAULT-VALUE}).")
    private int topK;

    @Option(
            names = "--top-p",
            defaultValue = "1",
            description = "Only the likeliest tokens of this total probability (${DEFAULT-VALUE}).")
    private float topP;

    @Option(
            names = "--min-p",
            defaultValue = "0",
            description = "Only tokens this share as likely as the likeliest (${DEFAULT-VALUE}).")
    private float minP;

    @Option(names = "--repetition-penalty", defaultValue = "1", description = "Above 1, recent tokens are less likely.")
    private float repetitionPenalty;

    @Option(
            names = "--seed",
            defaultValue = "0",
            description = "The same seed draws the same tokens (${DEFAULT-VALUE}); another, another text.")
    private long seed;

    @Option(names = "--stop", paramLabel = "TEXT", description = "Ends the text before this string; may be repeated.")
    private List<String> stop = new ArrayList<>();

    @Mixin
    private RunOptions run = new RunOptions();

    @Option(
            names = "--session",
            paramLabel = "FILE",
            description = "Go on where FILE was saved, if it is there, and save the context to it at the end.")
    private @Nullable Path sessionFile;

    @Option(names = "--stats", description = "End with a line on speed and memory, on standard error.")
    private boolean stats;

    @Mixin
    private JsonOption json = new JsonOption();

    @SuppressWarnings("NullAway.Init") // picocli sets them
    GenerateCommand() {}

    @Override
    public void run() {
        SessionOptions.Builder session = run.session();
        GenerationOptions options = GenerationOptions.builder()
                .maxTokens(maxTokens)
                .sampling(Sampling.builder()
                        .temperature(temperature)
                        .topK(topK)
                        .topP(topP)
                        .minP(minP)
                        .repetitionPenalty(repetitionPenalty)
                        .seed(seed)
                        .build())
                .stop(stop)
                .session(session.build())
                .build();
        if (sessionFile != null) {
            OutputFiles.requireWritable(sessionFile);
        }
        EngineOptions engine = run.engine();
        try (YocoModel model = YocoModel.open(folder, engine)) {
            Tokenizer tokenizer = model.tokenizer()
                    .orElseThrow(() -> new InvalidInputException(
                            folder + " has no tokenizer.json, which text needs: put the model's there"));
            boolean restored = sessionFile != null && Files.exists(sessionFile);
            try (Session context = restored
                    ? model.restore(Objects.requireNonNull(sessionFile), session.build())
                    : model.session(session.build())) {
                generate(context, restored ? tokenizer.encode(prompt) : model.encode(prompt), options);
            }
        }
    }

    private void generate(Session context, int[] ids, GenerationOptions options) {
        int restored = context.position();
        try (Generation generation = context.generate(ids, options)) {
            String text = stream(generation);
            try {
                if (sessionFile != null) {
                    context.save(sessionFile);
                }
            } catch (UncheckedIOException e) {
                // A context that cannot be saved should not take the text with it.
                report(generation, text, restored, 0);
                throw e;
            }
            report(generation, text, restored, context.position());
        }
    }

    /** Prints the text as it comes, unless it is to be told as JSON; returns it. */
    private String stream(Generation generation) {
        PrintWriter out = spec.commandLine().getOut();
        StringBuilder text = new StringBuilder();
        if (!json.wanted()) {
            out.print(prompt);
            out.flush();
        }
        for (GeneratedToken token : generation) {
            text.append(token.text());
            if (!json.wanted()) {
                out.print(token.text());
                out.flush();
            }
        }
        if (!json.wanted()) {
            out.println();
            out.flush();
        }
        return text.toString();
    }

    private void report(Generation generation, String text, int restored, int saved) {
        GenerationStats s = generation.stats();
        if (json.wanted()) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("prompt", prompt);
            result.put("text", text);
            result.put(
                    "finish_reason", generation.finishReason().map(Enum::name).orElse(""));
            result.put("restored_tokens", restored);
            result.put("prompt_tokens", s.promptTokens());
            result.put("generated_tokens", s.generatedTokens());
            result.put("prefill_tps", s.prefillTokensPerSecond());
            result.put("decode_tps", s.decodeTokensPerSecond());
            result.put("cache_bytes", s.cacheBytes());
            s.loops().mean().ifPresent(mean -> result.put("mean_loops", mean));
            result.put("kernels", s.kernels());
            spec.commandLine().getOut().println(Json.line(result));
        }
        if (stats) {
            PrintWriter err = spec.commandLine().getErr();
            if (sessionFile != null) {
                err.printf("session restored %d tokens, prefilled %d, saved %d%n", restored, s.promptTokens(), saved);
            }
            err.println(s);
        }
    }
}
