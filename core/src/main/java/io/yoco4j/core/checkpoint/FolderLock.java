package io.yoco4j.core.checkpoint;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Keeps two runs from working in one folder; the lock ends with its process at the latest. */
public final class FolderLock implements AutoCloseable {
    private static final String FILE = ".lock";
    /** A moment of another's {@link #taken} is not to be taken for a run. */
    private static final int TRIES = 5;

    private static final long PAUSE_MILLIS = 20;

    /** Folders of this process: the system gives up all its locks of a file with the first channel to it that is closed. */
    private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final FileChannel channel;

    private FolderLock(Path folder, FileChannel channel) {
        this.folder = folder;
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
        try {
            Files.createDirectories(folder);
            Path real = folder.toRealPath();
            if (OWN.add(real)) {
                FileChannel channel = null;
                try {
                    channel = locked(real);
                } finally {
                    if (channel == null) {
                        OWN.remove(real);
                    }
                }
                if (channel != null) {
                    return new FolderLock(real, channel);
                }
            }
        } catch (IOException e) {
            throw new IOException(folder + " cannot be written to: " + AtomicFiles.reason(e), e);
        }
        throw new InvalidInputException(folder + " is in use by another run: wait for it, or name another --out");
    }

    private static @Nullable FileChannel locked(Path real) throws IOException {
        FileChannel channel = FileChannel.open(real.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean locked = false;
        try {
            for (int i = 0; i < TRIES && !locked; i++) {
                if (i > 0) {
                    Thread.sleep(PAUSE_MILLIS);
                }
                locked = channel.tryLock() != null;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (OverlappingFileLockException _) {
            // Of this process, but not by this class.
        } finally {
            if (!locked) {
                channel.close();
            }
        }
        return locked ? channel : null;
    }

    /** Whether a run works in the folder now. */
    public static boolean taken(Path folder) throws IOException {
        if (!Files.exists(folder.resolve(FILE))) {
            return false;
        }
        if (OWN.contains(folder.toRealPath())) {
            return true;
        }
        try (FileChannel channel = FileChannel.open(folder.resolve(FILE), StandardOpenOption.READ)) {
            return channel.tryLock(0, Long.MAX_VALUE, true) == null;
        } catch (OverlappingFileLockException _) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            OWN.remove(folder);
        }
    }
}
