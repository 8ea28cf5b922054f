package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ArchitectureJson;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.checkpoint.WeightSummary;
import io.yoco4j.core.report.Table;
import io.yoco4j.engine.SessionOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "inspect",
        description = {
            "What a model is and what it costs: stages, parameters, stored weights, FLOPs, KV cache, with the formulas.",
            "With --convergence, how far each layer moves a text's tokens instead, in each iteration."
        },
        mixinStandardHelpOptions = true)
final class InspectCommand implements Runnable {
    private static final String CONTEXTS = "8K,32K,256K";

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "MODEL", description = "A model folder.")
    private @Nullable Path model;

    @Mixin
    private SystemOptions preset = new SystemOptions();

    @Mixin
    private LoopsOption loops = new LoopsOption();

    @Option(
            names = "--context",
            paramLabel = "N,..",
            description = "Context lengths in tokens; 8K is 8,192 (default: " + CONTEXTS + ").")
    private @Nullable String context;

    @Option(
            names = "--convergence",
            paramLabel = "TEXT",
            description = {
                "Run the model over a text, and print the angular distance between the outputs of consecutive layers: a file, a"
                        + " folder of text files, or what else train --data takes."
            })
    private @Nullable String convergence;

    @Option(
            names = "--plot",
            paramLabel = "FILE",
            description = "Draw the distances of --convergence over the depth, as PNG.")
    private @Nullable Path plot;

    @Mixin
    private JsonOption json = new JsonOption();

    @SuppressWarnings("NullAway.Init") // picocli sets it
    InspectCommand() {}

    @Override
    public void run() {
        if ((model == null) != preset.given()) {
            throw new InvalidInputException("name either a model folder or a --system and --size to inspect");
        }
        if (plot != null && convergence == null) {
            throw new InvalidInputException("--plot draws what --convergence measures: name a text with that, too");
        }
        if (convergence != null && context != null) {
            throw new InvalidInputException("--context has no effect on --convergence: leave it out");
        }
        if (convergence != null) {
            converge(convergence);
            return;
        }
        Architecture a = loops.of(model == null ? preset.architecture() : Checkpoint.readArchitecture(model));
        List<Long> contexts = Units.contexts(context == null ? CONTEXTS : context);
        PrintWriter out = spec.commandLine().getOut();
        Optional<WeightSummary> weights =
                Optional.ofNullable(model).filter(WeightSummary::possible).map(WeightSummary::of);
        if (json.wanted()) {
            Map<String, Object> facts = facts(a, contexts);
            weights.ifPresent(w -> facts.put("weights", facts(w)));
            out.println(Json.line(facts));
        } else {
            print(out, a, weights, contexts);
        }
    }

    private void converge(String text) {
        if (model == null) {
            throw new InvalidInputException("--convergence runs a model's weights: name a model folder");
        }
        SessionOptions.Builder options = SessionOptions.builder();
        loops.given().ifPresent(options::loops);
        ConvergenceReport report = ConvergenceReport.measure(model, options.build(), text);
        if (plot != null) {
            report.plot(plot);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json.wanted()) {
            out.println(Json.line(report.facts()));
        } else {
            report.print(out);
        }
    }

    private void print(PrintWriter out, Architecture a, Optional<WeightSummary> weights, List<Long> contexts) {
        Accounting costs = new Accounting(a);
        out.println(model == null ? preset.system() + ", size " + preset.label() : model.toString());
        out.println();
        Table stages =
                new Table("stage", "layers", "attention", "window", "position", "loops", "loop input", "loop kv");
        for (int s = 0; s < a.stages().size(); s++) {
            stages.row(stageCells(s, a.stages().get(s)));
        }
        out.println(stages);
        out.printf(
                "V %d, D %d, F %d, H %d, KV %d, head_dim %d, %s embeddings, at most %d positions%n%n",
                a.vocabSize(),
                a.hiddenSize(),
                a.intermediateSize(),
                a.attentionHeads(),
                a.keyValueHeads(),
                a.headDim(),
                a.tiedEmbeddings() ? "tied" : "untied",
                a.maxPositions());
        out.printf("parameters       %s (%,d)%n", Units.count(costs.parameters()), costs.parameters());
        out.printf("without embeddings and head  %s%n", Units.count(costs.nonEmbeddingParameters()));
        out.printf(
                "layers applied per token     %d (%d have parameters of their own)%n%n",
                a.effectiveDepth(), a.layers());
        weights.ifPresent(w -> printWeights(out, w));
        out.printf("KV cache grows as %s: rows = %s%n", costs.cacheFormula(), costs.cacheRowsFormula());
        out.printf("a row is a key and a value of KV x head_dim = %d each%n%n", a.kvDim());
        Table table = new Table(
                "context", "KV bf16", "KV float32", "prefill FLOPs", "decode FLOPs/token", "decode reads (bf16)");
        for (long n : contexts) {
            table.row(
                    Units.shortContext(n),
                    Units.bytes(costs.cacheBytes(n, KvFormat.BF16)),
                    Units.bytes(costs.cacheBytes(n, KvFormat.F32)),
                    Units.count(costs.prefillFlops(n, false)),
                    Units.count(costs.decodeFlops(n - 1)),
                    Units.bytes(costs.decodeBytes(n - 1, 2, KvFormat.BF16)));
        }
        out.println(table);
        out.println(
                "FLOPs: 2 per multiply-add of matrix and attention products; prefill leaves cross stages and head to"
                        + " the last row.");
    }

    private static void printWeights(PrintWriter out, WeightSummary weights) {
        out.printf(
                "weights %s, in files of %s%n%n",
                weights.quantization()
                        .map(q -> "quantized to " + q.label() + " in groups of " + WeightFormat.GROUP)
                        .orElse("in floating point"),
                Units.bytes(weights.fileBytes()));
        Table table = new Table("weights", "parameters", "stored as", "bytes");
        for (WeightSummary.Kind kind : weights.kinds()) {
            table.row(
                    kind.name(),
                    Units.count(kind.parameters()),
                    String.join(", ", kind.types()),
                    Units.bytes(kind.bytes()));
        }
        out.println(table);
    }

    private static Map<String, Object> facts(WeightSummary weights) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put(
                "quantization", weights.quantization().map(WeightFormat::label).orElse("none"));
        facts.put("file_bytes", weights.fileBytes());
        List<Map<String, Object>> kinds = new ArrayList<>();
        for (WeightSummary.Kind kind : weights.kinds()) {
            kinds.add(Map.of(
                    "kind", kind.name(),
                    "parameters", kind.parameters(),
                    "types", kind.types(),
                    "bytes", kind.bytes()));
        }
        facts.put("kinds", kinds);
        return facts;
    }

    private static List<String> stageCells(int s, Stage stage) {
        String window = stage.attention() instanceof Attention.SlidingWindow(int w) ? "" + w : "-";
        List<String> cells = new ArrayList<>(
                List.of("" + s, "" + stage.layers(), stage.attention().name(), window));
        cells.add(stage.rope() ? "rope" : "nope");
        cells.add("" + stage.loops());
        cells.add(stage.loopInput() == Stage.LoopInput.INJECT ? "inject" : "carry");
        cells.add(stage.loopKv() == Stage.LoopKv.FIRST ? "first" : "each");
        return cells;
    }

    private static Map<String, Object> facts(Architecture a, List<Long> contexts) {
        Accounting costs = new Accounting(a);
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("architecture", ArchitectureJson.tree(a));
        facts.put("parameters", costs.parameters());
        facts.put("non_embedding_parameters", costs.nonEmbeddingParameters());
        facts.put("effective_depth", a.effectiveDepth());
        facts.put("cache_growth", costs.cacheFormula());
        facts.put("cache_rows", costs.cacheRowsFormula());
        List<Map<String, Object>> rows = new ArrayList<>();
        for (long n : contexts) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("context", n);
            row.put("kv_bytes_bf16", costs.cacheBytes(n, KvFormat.BF16));
            row.put("kv_bytes_f32", costs.cacheBytes(n, KvFormat.F32));
            row.put("prefill_flops", costs.prefillFlops(n, false));
            row.put("decode_flops", costs.decodeFlops(n - 1));
            row.put("decode_bytes_bf16", costs.decodeBytes(n - 1, 2, KvFormat.BF16));
            rows.add(row);
        }
        facts.put("contexts", rows);
        return facts;
    }
}
