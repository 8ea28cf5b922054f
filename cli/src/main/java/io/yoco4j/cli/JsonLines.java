package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.AtomicFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON lines of a long run. They are added to FILE.partial as they come, which an interrupted run leaves behind; the file
 * itself appears whole.
 */
final class JsonLines {
    private final Path file;
    private final Path partial;
    private final StringBuilder lines = new StringBuilder();

    /** @throws InvalidInputException when there can be no such file */
    JsonLines(Path file) {
        this.file = file;
        partial = file.resolveSibling(file.getFileName() + ".partial");
        OutputFiles.requireWritable(file);
        try {
            Files.writeString(partial, "");
        } catch (IOException e) {
            throw new InvalidInputException(file + " cannot be written: " + AtomicFiles.reason(e), e);
        }
    }

    void add(Map<String, ? extends @Nullable Object> line) {
        String text = Json.line(line) + "\n";
        lines.append(text);
        try {
            Files.writeString(partial, text, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(partial + " could not be written: " + AtomicFiles.reason(e), e);
        }
    }

    /** Puts the file in place of what is there. */
    void finish() {
        AtomicFiles.writeString(file, lines.toString());
        try {
            Files.deleteIfExists(partial);
        } catch (IOException e) {
            throw new UncheckedIOException(partial + " could not be removed: " + AtomicFiles.reason(e), e);
        }
    }
}
