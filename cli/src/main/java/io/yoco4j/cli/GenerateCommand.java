package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.GeneratedToken;
import io.yoco4j.engine.Generation;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.GenerationStats;
import io.yoco4j.engine.Sampling;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

    @Parameters(index = "1", paramLabel = "PROMPT", description = "The text to continue.")
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

    @Option(names = "--top-k", defaultValue = "0", description = "Only the k likeliest tokens; 0 for all.")
    private int topK;

    @Option(names = "--top-p", defaultValue = "1", description = "Only the likeliest tokens of this total probability.")
    private float topP;

    @Option(names = "--min-p", defaultValue = "0", description = "Only tokens this share as likely as the likeliest.")
    private float minP;

    @Option(names = "--repetition-penalty", defaultValue = "1", description = "Above 1, recent tokens are less likely.")
    private float repetitionPenalty;

    @Option(names = "--seed", defaultValue = "0", description = "The same seed draws the same tokens.")
    private long seed;

    @Option(names = "--stop", paramLabel = "TEXT", description = "Ends the text before this string; may be repeated.")
    private List<String> stop = new ArrayList<>();

    @Option(
            names = "--loops",
            paramLabel = "T",
            description = "Iterations of looped stages, instead of the model's own.")
    private @Nullable Integer loops;

    @Option(names = "--threads", description = "Threads to compute with (default: all cores).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--stats", description = "End with a line on speed and memory, on standard error.")
    private boolean stats;

    @Mixin
    private JsonOption json = new JsonOption();

    @SuppressWarnings("NullAway.Init") // picocli sets them
    GenerateCommand() {}

    @Override
    public void run() {
        SessionOptions.Builder session = SessionOptions.builder();
        if (loops != null) {
            session.loops(loops);
        }
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
        try (YocoModel model =
                YocoModel.open(folder, EngineOptions.builder().threads(threads).build())) {
            if (model.tokenizer().isEmpty()) {
                throw new InvalidInputException(
                        folder + " has no tokenizer.json, which text needs: put the model's there");
            }
            try (Generation generation = model.generate(prompt, options)) {
                print(generation);
            }
        }
    }

    private void print(Generation generation) {
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
        GenerationStats s = generation.stats();
        if (json.wanted()) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("prompt", prompt);
            result.put("text", text.toString());
            result.put(
                    "finish_reason", generation.finishReason().map(Enum::name).orElse(""));
            result.put("prompt_tokens", s.promptTokens());
            result.put("generated_tokens", s.generatedTokens());
            result.put("prefill_tps", s.prefillTokensPerSecond());
            result.put("decode_tps", s.decodeTokensPerSecond());
            result.put("cache_bytes", s.cacheBytes());
            result.put("kernels", s.kernels());
            out.println(Json.line(result));
        } else {
            out.println();
        }
        out.flush();
        if (stats) {
            spec.commandLine().getErr().println(s);
        }
    }
}
