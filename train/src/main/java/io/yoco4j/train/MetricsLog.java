package io.yoco4j.train;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.checkpoint.AtomicFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
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
    private final List<JsonNode> lines = new ArrayList<>();

    private MetricsLog(Path file) {
        this.file = file;
    }

    /** A log that keeps an earlier run's lines up to {@code step}; what came after was lost with the run and is cut. */
    static MetricsLog open(Path folder, long step) {
        MetricsLog log = new MetricsLog(folder.resolve(FILE));
        if (step > 0 && Files.exists(log.file)) {
            log.lines.addAll(read(folder).stream()
                    .filter(l -> l.path("step").asLong() <= step)
                    .toList());
        }
        StringBuilder kept = new StringBuilder();
        log.lines.forEach(l -> kept.append(l).append('\n'));
        AtomicFiles.writeString(log.file, kept.toString());
        return log;
    }

    /** The lines of a run's log; a last line that was cut off is left out. */
    public static List<JsonNode> read(Path folder) {
        try {
            List<JsonNode> lines = new ArrayList<>();
            for (String line : Files.readAllLines(folder.resolve(FILE))) {
                try {
                    lines.add(MAPPER.readTree(line));
                } catch (JacksonException _) {
                    break;
                }
            }
            return lines;
        } catch (IOException e) {
            throw new UncheckedIOException(folder.resolve(FILE) + " could not be read: " + e.getMessage(), e);
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
        lines.add(line);
        try {
            Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " could not be written: " + e.getMessage(), e);
        }
    }

    /** Whether there is an evaluation of this step. */
    boolean evaluated(long step) {
        return lines.stream()
                .anyMatch(l -> l.has("validation_loss") && l.path("step").asLong() == step);
    }

    /** All lines so far. */
    List<JsonNode> lines() {
        return List.copyOf(lines);
    }
}
