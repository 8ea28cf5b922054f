package io.yoco4j.core.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.stream.Stream;

/** Files that appear whole or not at all: a temporary file beside the target, fsync, atomic rename. */
public final class AtomicFiles {
    private AtomicFiles() {}

    /** What fills a file. */
    @FunctionalInterface
    public interface Body {
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Replaces {@code target} by what {@code body} writes; on any failure the target is as it was.
     *
     * @throws UncheckedIOException naming the target, e.g. when the disk is full
     */
    public static void write(Path target, Body body) {
        Path absolute = target.toAbsolutePath();
        Path temporary = absolute.resolveSibling("." + absolute.getFileName() + ".tmp");
        try {
            Files.createDirectories(parent(absolute));
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                body.writeTo(channel);
                channel.force(true);
            }
            move(temporary, absolute);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    target + " could not be written (what was there is untouched): " + reason(e), e);
        } finally {
            deleteQuietly(temporary);
        }
    }

    /** Replaces {@code target} by a text in UTF-8. */
    public static void writeString(Path target, String text) {
        write(target, channel -> {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    /** Renames within one folder so that no reader sees a state in between, and makes the rename durable. */
    public static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException _) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
        try (FileChannel folder = FileChannel.open(parent(to.toAbsolutePath()), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (IOException _) {
            // Some file systems do not let a folder be synced; the rename itself has succeeded.
        }
    }

    /** Deletes a file, or a folder with all it holds; nothing happens where there is none. */
    public static void deleteRecursively(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> all = Files.walk(path)) {
            for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(p);
            }
        }
    }

    private static Path parent(Path absolute) {
        Path parent = absolute.getParent();
        return parent == null ? absolute : parent;
    }

    private static void deleteQuietly(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException _) {
            // The failure that matters is the one already under way.
        }
    }

    /** Why it failed; a bare path, as file system exceptions give, does not say. */
    public static String reason(IOException e) {
        String message = e.getMessage();
        if (message == null) {
            return kind(e);
        }
        return e instanceof FileSystemException f && f.getReason() == null ? kind(e) + " at " + message : message;
    }

    private static String kind(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "access denied";
            case NoSuchFileException _ -> "no such file";
            case FileAlreadyExistsException _ -> "a file is in the way";
            case ClosedByInterruptException _ -> "interrupted";
            default -> e.getClass().getSimpleName();
        };
    }
}
