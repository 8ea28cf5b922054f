package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.LogitRows;
import io.yoco4j.engine.Logits;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.engine.kernel.ProductSelection;
import io.yoco4j.train.model.Parameters;
import io.yoco4j.train.model.StageExecutor;
import io.yoco4j.train.model.TorchLogits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "logits",
        description = "Logits of every position of a sequence, from either executor, as tensor \"logits\" [n, V] F32.",
        mixinStandardHelpOptions = true)
final class LogitsCommand implements Runnable {
    /** Which executor computes. */
    enum Engine {
        JAVA,
        TORCH
    }

    @Spec
    private CommandSpec spec;

    @picocli.CommandLine.Parameters(paramLabel = "MODEL", description = "A model folder.")
    private Path folder;

    @Option(names = "--ids", paramLabel = "1,2,3", description = "Token ids, separated by commas or white space.")
    private @Nullable String ids;

    @Option(names = "--ids-file", paramLabel = "F", description = "A file of token ids, separated likewise.")
    private @Nullable Path idsFile;

    @Option(names = "--out", paramLabel = "F", required = true, description = "The safetensors file to write.")
    private Path out;

    @Option(names = "--engine", defaultValue = "java", description = "${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
    private Engine engine;

    @Option(names = "--chunk", paramLabel = "N", description = "Tokens per forward pass (default: all at once).")
    private int chunk;

    @Option(
            names = "--kv",
            paramLabel = "F",
            defaultValue = "f32",
            description = "How the java engine caches keys and values: ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
    private KvFormat kv;

    @Mixin
    private LoopsOption loops = new LoopsOption();

    @Mixin
    private JsonOption json = new JsonOption();

    @SuppressWarnings("NullAway.Init") // picocli sets them
    LogitsCommand() {}

    @Override
    public void run() {
        int[] sequence = sequence();
        if (engine == Engine.TORCH && kv != KvFormat.F32) {
            throw new InvalidInputException(
                    "--kv is " + kv + ", but the torch engine has no cache: leave it out, or take --engine java");
        }
        if (chunk < 0) {
            throw new InvalidInputException("--chunk is " + chunk + ", but must be at least 1");
        }
        int rows = chunk == 0 ? sequence.length : chunk;
        float[] logits = engine == Engine.JAVA ? java(sequence, rows) : torch(sequence, rows);
        long vocabulary = logits.length / sequence.length;
        new SafetensorsWriter()
                .add("logits", new long[] {sequence.length, vocabulary}, logits)
                .write(out);
        spec.commandLine()
                .getOut()
                .println(
                        json.wanted()
                                ? Json.line(Map.of(
                                        "out", out.toString(), "rows", sequence.length, "vocabulary", vocabulary))
                                : "Wrote logits [" + sequence.length + ", " + vocabulary + "] to " + out);
    }

    private float[] java(int[] sequence, int rows) {
        EngineOptions exact =
                EngineOptions.builder().kv(kv).products(ProductSelection.JAVA).build();
        try (YocoModel model = YocoModel.open(folder, exact)) {
            SessionOptions.Builder options = SessionOptions.builder();
            loops.given().ifPresent(options::loops);
            Session session = model.session(options.build());
            int v = session.architecture().vocabSize();
            float[] logits = new float[size(sequence, v)];
            for (int at = 0; at < sequence.length; at += rows) {
                int[] part = Arrays.copyOfRange(sequence, at, Math.min(at + rows, sequence.length));
                LogitRows result = session.prefill(part, Logits.ALL);
                for (int i = 0; i < part.length; i++) {
                    System.arraycopy(result.row(i), 0, logits, (at + i) * v, v);
                }
            }
            return logits;
        }
    }

    private float[] torch(int[] sequence, int rows) {
        try (Arena arena = Arena.ofConfined()) {
            Checkpoint checkpoint = Checkpoint.open(folder, arena);
            Architecture a = checkpoint.architecture();
            requireIds(sequence, a);
            size(sequence, a.vocabSize());
            try (HaltOnSignal _ = new HaltOnSignal();
                    Parameters parameters = new Parameters(a);
                    StageExecutor executor = new StageExecutor(parameters, false, 0)) {
                parameters.load(checkpoint.tensors());
                return TorchLogits.of(executor, loops.of(a), sequence, rows);
            }
        }
    }

    private static void requireIds(int[] sequence, Architecture a) {
        for (int i = 0; i < sequence.length; i++) {
            if (sequence[i] < 0 || sequence[i] >= a.vocabSize()) {
                throw new InvalidInputException("id " + sequence[i] + " at index " + i
                        + " is outside of the vocabulary, 0.." + (a.vocabSize() - 1));
            }
        }
        if (sequence.length > a.maxPositions()) {
            throw new InvalidInputException("the sequence has " + sequence.length + " ids, but the model "
                    + a.maxPositions() + " positions: shorten it");
        }
    }

    private static int size(int[] sequence, int vocabulary) {
        long size = (long) sequence.length * vocabulary;
        if (size > Integer.MAX_VALUE - 8) {
            throw new InvalidInputException("logits of " + sequence.length + " positions x " + vocabulary
                    + " tokens do not fit one array: give fewer ids");
        }
        return (int) size;
    }

    private int[] sequence() {
        if ((ids == null) == (idsFile == null)) {
            throw new InvalidInputException("give the sequence with either --ids or --ids-file");
        }
        String text = ids != null ? ids : read(Objects.requireNonNull(idsFile));
        String[] parts = text.strip().split("[\\s,]+");
        if (text.isBlank()) {
            throw new InvalidInputException("the sequence is empty: give at least one id");
        }
        int[] out = new int[parts.length];
        for (int i = 0; i < parts.length; i++) {
            try {
                out[i] = Integer.parseInt(parts[i]);
            } catch (NumberFormatException e) {
                throw new InvalidInputException("\"" + parts[i] + "\" at index " + i + " is not a token id", e);
            }
        }
        return out;
    }

    private static String read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new InvalidInputException(file + " is missing or not a file: name a file of token ids");
        }
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " could not be read: " + e.getMessage(), e);
        }
    }
}
