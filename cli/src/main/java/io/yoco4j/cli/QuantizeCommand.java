package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.checkpoint.CheckpointQuantizer;
import io.yoco4j.core.checkpoint.CheckpointWriter;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.checkpoint.WeightSummary;
import io.yoco4j.core.report.Table;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.TextLoss;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.engine.kernel.ProductSelection;
import io.yoco4j.train.data.Document;
import io.yoco4j.train.data.DocumentSource;
import io.yoco4j.train.data.Sources;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "quantize",
        description = {
            "Store a model's matrices in groups of 32 values with a scale each: q8 takes 8.5 bits for a weight, q4 takes 4.5.",
            "Norms stay in floating point; with q4, embedding and output matrix are q8."
        },
        mixinStandardHelpOptions = true)
final class QuantizeCommand implements Runnable {
    /** What {@code --to} takes. */
    enum Target {
        Q8(WeightFormat.Q8),
        Q4(WeightFormat.Q4);

        private final WeightFormat format;

        Target(WeightFormat format) {
            this.format = format;
        }

        @Override
        public String toString() {
            return format.label();
        }
    }

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "A model folder in floating point.")
    private Path folder;

    @Option(names = "--to", paramLabel = "F", required = true, description = "One of ${COMPLETION-CANDIDATES}.")
    private Target target;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "The model folder to make.")
    private Path out;

    @Option(
            names = "--text",
            paramLabel = "SOURCE",
            description = {
                "Held-out text to measure bits per byte on, before and after: a file, a folder of text files, or what else"
                        + " train --data takes. Some hundred KB are enough."
            })
    private @Nullable String text;

    @Option(names = "--threads", description = "Threads to measure with (default: all cores).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Mixin
    private JsonOption json = new JsonOption();

    @SuppressWarnings("NullAway.Init") // picocli sets them
    QuantizeCommand() {}

    @Override
    public void run() {
        // Differences between formats, not between ways to multiply.
        EngineOptions engine = EngineOptions.builder()
                .threads(threads)
                .products(ProductSelection.JAVA)
                .build();
        CheckpointWriter.requireFree(out);
        CheckpointQuantizer.requireFloatingPoint(folder);
        @Nullable DocumentSource documents = text == null ? null : documents(text);
        @Nullable TextLoss before = documents == null ? null : loss(folder, engine, documents);
        CheckpointQuantizer.run(folder, target.format, out);
        @Nullable TextLoss after = documents == null ? null : loss(out, engine, documents);
        WeightSummary from = WeightSummary.of(folder);
        WeightSummary to = WeightSummary.of(out);
        PrintWriter print = spec.commandLine().getOut();
        if (json.wanted()) {
            print.println(Json.line(facts(from, to, before, after)));
            return;
        }
        print.println(sizes(from, to));
        print.println(
                before == null || after == null
                        ? "How good the model still is has not been measured: --text FILE gives bits per byte, before and after."
                        : quality(before, after));
        print.println("Wrote " + out + "\nTry: " + Yoco.command() + " generate " + out + " \"Once upon a time\"");
    }

    private DocumentSource documents(String source) {
        if (!Files.isRegularFile(folder.resolve(Checkpoint.TOKENIZER))) {
            throw new InvalidInputException(folder + " has no " + Checkpoint.TOKENIZER
                    + ", which text needs: put the model's there, or leave --text out");
        }
        return Sources.parse(source).source();
    }

    /** Every document is a text of its own. */
    private static TextLoss loss(Path model, EngineOptions engine, DocumentSource documents) {
        try (YocoModel open = YocoModel.open(model, engine);
                Stream<Document> stream = documents.documents()) {
            Session session = open.session();
            int window = window(open.architecture());
            TextLoss loss = stream.map(document -> TextLoss.of(session, document.text(), window))
                    .reduce(TextLoss.NONE, TextLoss::plus);
            if (loss.tokens() == 0) {
                throw new InvalidInputException("--text " + documents.name()
                        + " has no token that follows another, so none can be predicted: give more text");
            }
            return loss;
        }
    }

    private static int window(Architecture a) {
        return Math.min(TextLoss.DEFAULT_WINDOW, a.maxPositions());
    }

    private static Table sizes(WeightSummary from, WeightSummary to) {
        Table table = new Table("weights", "parameters", "before", "after");
        for (int k = 0; k < from.kinds().size(); k++) {
            WeightSummary.Kind before = from.kinds().get(k);
            WeightSummary.Kind after = to.kinds().get(k);
            table.row(before.name(), Units.count(before.parameters()), stored(before), stored(after));
        }
        return table.row(
                "in files", Units.count(from.parameters()), Units.bytes(from.fileBytes()), Units.bytes(to.fileBytes()));
    }

    private static String stored(WeightSummary.Kind kind) {
        return String.join(", ", kind.types()) + " " + Units.bytes(kind.bytes());
    }

    private String quality(TextLoss before, TextLoss after) {
        return String.format(
                Locale.ROOT,
                "bits per byte of %s: %.4f before, %.4f after (%,d tokens, %,d bytes, windows of %d)",
                text,
                before.bitsPerByte(),
                after.bitsPerByte(),
                before.tokens(),
                before.bytes(),
                window(Checkpoint.readArchitecture(folder)));
    }

    private Map<String, Object> facts(
            WeightSummary from, WeightSummary to, @Nullable TextLoss before, @Nullable TextLoss after) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("out", out.toString());
        facts.put("format", target.format.label());
        facts.put("file_bytes_before", from.fileBytes());
        facts.put("file_bytes_after", to.fileBytes());
        if (before != null && after != null) {
            facts.put("text_tokens", before.tokens());
            facts.put("text_bytes", before.bytes());
            facts.put("window", window(Checkpoint.readArchitecture(folder)));
            facts.put("nats_per_token_before", before.natsPerToken());
            facts.put("nats_per_token_after", after.natsPerToken());
            facts.put("bits_per_byte_before", before.bitsPerByte());
            facts.put("bits_per_byte_after", after.bitsPerByte());
        }
        return facts;
    }
}
