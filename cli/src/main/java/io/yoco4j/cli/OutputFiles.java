package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Looks before long work whether its result can be written. */
final class OutputFiles {
    private OutputFiles() {}

    /**
     * Says whether a file can be written or replaced; makes the folder that it is to be in.
     *
     * @throws InvalidInputException when it cannot
     */
    static void requireWritable(Path file) {
        if (Files.isDirectory(file)) {
            throw new InvalidInputException(file + " is a folder: name a file to write to");
        }
        Path folder = file.toAbsolutePath().getParent();
        try {
            if (folder != null) {
                Files.createDirectories(folder);
            }
        } catch (IOException e) {
            throw new InvalidInputException(file + " cannot be written: " + AtomicFiles.reason(e), e);
        }
        if (folder == null || !Files.isWritable(folder)) {
            throw new InvalidInputException(
                    file + " cannot be written: its folder is read-only, name a file in another one");
        }
    }
}
