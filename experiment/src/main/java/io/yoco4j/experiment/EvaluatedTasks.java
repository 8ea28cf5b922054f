package io.yoco4j.experiment;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.Sha256;
import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.synthetic.Generators;
import io.yoco4j.eval.task.Tasks;
import io.yoco4j.experiment.Experiment.Data;
import io.yoco4j.experiment.Experiment.Evaluation;
import io.yoco4j.experiment.Experiment.SystemPlan;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The tasks of an experiment: what would fail after hours of training is refused before. */
final class EvaluatedTasks {
    private static final String KEY = "evaluate.tasks";

    private EvaluatedTasks() {}

    /**
     * Reads all that the tasks need.
     *
     * @throws InvalidInputException when a task is unknown or has wrong options, its files are missing or broken, its
     *     examples are longer than a system takes, or its tokens are not those of the data
     */
    static void require(Evaluation evaluation, Data data, List<SystemPlan> systems) {
        for (String name : evaluation.tasks()) {
            if (!Tasks.names().contains(name) && !Generators.named(name)) {
                throw new InvalidInputException(
                        KEY + " has " + name + ", but tasks are " + String.join(", ", Tasks.names()));
            }
            requireRoom(name, task(name, evaluation).neededTokens(), systems);
            if (Generators.named(name)) {
                requireVocabulary(name, data);
            }
        }
    }

    private static Task task(String name, Evaluation evaluation) {
        if (!Generators.named(name) && !Files.isDirectory(evaluation.taskData())) {
            throw new InvalidInputException("evaluate.task_data is " + evaluation.taskData()
                    + ", which is missing or no folder: name the folder of the files that " + name + " reads");
        }
        try {
            return Tasks.of(name, evaluation.taskData(), new EvalOptions(evaluation.taskLimit(), 0, 1));
        } catch (InvalidInputException e) {
            throw e.in(KEY + ": ");
        }
    }

    private static void requireRoom(String name, int tokens, List<SystemPlan> systems) {
        for (SystemPlan s : systems) {
            if (tokens > s.architecture().maxPositions()) {
                throw new InvalidInputException(KEY + " has " + name + " with examples of " + tokens
                        + " tokens, but system " + s.name() + " takes "
                        + s.architecture().maxPositions() + ": raise shape.max_positions");
            }
        }
    }

    /** A model knows a generator's words only where it is trained on the same ones. */
    private static void requireVocabulary(String name, Data data) {
        String trained = data.synthetic()
                .orElseThrow(() -> new InvalidInputException(KEY + " has " + name
                        + ", which asks models of its own vocabulary: set data.synthetic, or remove the task"));
        List<String> words = Generators.of(name).words();
        List<String> known = Generators.of(trained).words();
        if (words.size() > known.size() || !known.subList(0, words.size()).equals(words)) {
            throw new InvalidInputException(KEY + " has " + name + ", but data.synthetic is " + trained
                    + ", which has other words: give the task the same generator and vocabulary");
        }
    }

    /** A hash of the names and contents of all files that tasks read; empty where none reads any. */
    static Optional<String> hash(Evaluation evaluation) {
        StringBuilder lines = new StringBuilder();
        for (String name : evaluation.tasks()) {
            for (Path file : Tasks.files(name, evaluation.taskData())) {
                lines.append(name)
                        .append(' ')
                        .append(evaluation.taskData().relativize(file))
                        .append(' ')
                        .append(contentHash(file))
                        .append('\n');
            }
        }
        return lines.isEmpty() ? Optional.empty() : Optional.of(Sha256.hex(lines.toString()));
    }

    private static String contentHash(Path file) {
        MessageDigest digest = Sha256.digest();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new InvalidInputException(file + " could not be read: " + e.getMessage(), e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
