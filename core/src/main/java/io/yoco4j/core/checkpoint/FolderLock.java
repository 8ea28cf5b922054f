package io.yoco4j.core.checkpoint;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Keeps two runs from working in one folder; the lock ends with its process at the latest. */
public final class FolderLock implements AutoCloseable {
    private static final String FILE = ".lock";

    private final FileChannel channel;

    private FolderLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the folder, which is made where it is missing.
     *
     * @throws InvalidInputException when another run has it, or it is a file
     * @throws IOException when it cannot be made or written to
     */
    public static FolderLock take(Path folder) throws IOException {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new InvalidInputException(folder + " is a file: name a folder");
        }
        FileChannel channel;
        try {
            Files.createDirectories(folder);
            channel = FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new IOException(folder + " cannot be written to: " + AtomicFiles.reason(e), e);
        }
        if (!locked(channel)) {
            channel.close();
            throw new InvalidInputException(folder + " is in use by another run: wait for it, or name another --out");
        }
        return new FolderLock(channel);
    }

    private static boolean locked(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException _) {
            return false;
        }
    }

    /** Whether a run works in the folder now. */
    public static boolean taken(Path folder) throws IOException {
        if (!Files.exists(folder.resolve(FILE))) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(folder.resolve(FILE), StandardOpenOption.WRITE)) {
            return !locked(channel);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
