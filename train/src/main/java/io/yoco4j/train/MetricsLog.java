package io.yoco4j.train;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.checkpoint.AtomicFiles;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** metrics.jsonl: a line per step and per evaluation, appended as they come. */
public final class MetricsLog {
    static final String FILE = "metrics.jsonl";
    private static final JsonMapper MAPPER = new JsonMapper();

    private final Path file;
    private final LossCurve curve = new LossCurve();
    private long evaluatedStep = -1;

    private MetricsLog(Path file) {
        this.file = file;
    }

    /** A log that keeps an earlier run's lines up to {@code step}; what came after was lost with the run and is cut. */
    static MetricsLog open(Path folder, long step) {
        MetricsLog log = new MetricsLog(folder.resolve(FILE));
        boolean before = step > 0 && Files.exists(log.file);
        AtomicFiles.write(log.file, channel -> {
            if (before) {
                Writer kept = new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8));
                read(folder, line -> {
                    if (line.path("step").asLong() <= step) {
                        log.note(line);
                        kept.write(line + "\n");
                    }
                });
                kept.flush();
            }
        });
        return log;
    }

    /** Takes a line of a log. */
    private interface Line {
        void take(JsonNode line) throws IOException;
    }

    /** The lines of a run's log; a last line that was cut off is left out. */
    public static List<JsonNode> read(Path folder) {
        List<JsonNode> lines = new ArrayList<>();
        try {
            read(folder, lines::add);
        } catch (IOException e) {
            throw new UncheckedIOException(folder.resolve(FILE) + " could not be read: " + e.getMessage(), e);
        }
        return lines;
    }

    private static void read(Path folder, Line each) throws IOException {
        try (BufferedReader reader = Files.newBufferedReader(folder.resolve(FILE))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                JsonNode node;
                try {
                    node = MAPPER.readTree(line);
                } catch (JacksonException _) {
                    return;
                }
                each.take(node);
            }
        }
    }

    private void note(JsonNode line) {
        curve.add(line);
        if (line.has("validation_loss")) {
            evaluatedStep = line.path("step").asLong();
        }
    }

    void add(TrainingListener.Step s) {
        append(MAPPER.createObjectNode()
                .put("step", s.step())
                .put("tokens", s.tokens())
                .put("loss", s.loss())
                .put("gradient_norm", s.gradientNorm())
                .put("learning_rate", s.learningRate())
                .put("loops", s.loops())
                .put("tokens_per_second", s.tokensPerSecond())
                .put("peak_share", s.peakShare()));
    }

    void add(TrainingListener.Evaluation e) {
        ObjectNode line = MAPPER.createObjectNode()
                .put("step", e.step())
                .put("tokens", e.tokens())
                .put("validation_loss", e.loss());
        if (!Double.isNaN(e.bitsPerByte())) {
            line.put("bits_per_byte", e.bitsPerByte());
        }
        append(line.put("accuracy", e.accuracy()));
    }

    private void append(ObjectNode line) {
        note(line);
        try {
            Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " could not be written: " + e.getMessage(), e);
        }
    }

    /** Whether the last evaluation is of this step. */
    boolean evaluated(long step) {
        return evaluatedStep == step;
    }

    /** What there is to draw so far. */
    LossCurve curve() {
        return curve;
    }
}
