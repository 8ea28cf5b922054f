package io.yoco4j.core.checkpoint;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Files that appear whole or not at all: a temporary file beside the target, fsync, atomic rename. Several may write one
 * target at once, in this process or others of this machine: it is then what one of them wrote.
 */
public final class AtomicFiles {
    /** Of a target, its writer's process and a number in it; without these two by earlier versions. */
    private static final Pattern TEMPORARY = Pattern.compile("\\.(.+?)(?:\\.(\\d{1,18})\\.\\d{1,18})?\\.tmp");

    /** Not from 1 on: in a container each run has the same process id, and would meet what a killed one left. */
    private static final AtomicLong NUMBER = new AtomicLong(new SecureRandom().nextLong(1L << 48));

    /** What this process writes now; else a name with its id is of one before it. */
    private static final Set<String> OWN = ConcurrentHashMap.newKeySet();

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
        Path temporary = temporary(absolute);
        try {
            Files.createDirectories(parent(absolute));
            deleteLeftovers(parent(absolute), String.valueOf(absolute.getFileName())::equals);
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                body.writeTo(channel);
                channel.force(true);
            }
            move(temporary, absolute);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    target + " could not be written (what was there is untouched): " + reason(e), e);
        } finally {
            end(temporary);
        }
    }

    /** What fills a folder. */
    @FunctionalInterface
    public interface FolderBody {
        void writeTo(Path folder) throws IOException;
    }

    /**
     * Makes {@code target}, a folder that is missing or empty, of what {@code body} writes; on any failure it is as it was. Of
     * several that make one target at once, the first to end makes it, and the others fail.
     *
     * @throws InvalidInputException when it is where a file system is mounted
     */
    public static void createFolder(Path target, FolderBody body) throws IOException {
        // Behind a link to it, a folder that exists is itself replaced.
        Path absolute = Files.exists(target)
                ? target.toRealPath()
                : target.toAbsolutePath().normalize();
        Files.createDirectories(parent(absolute));
        if (Files.exists(absolute) && !Files.getFileStore(absolute).equals(Files.getFileStore(parent(absolute)))) {
            throw new InvalidInputException(
                    target + " is where a file system is mounted, which no folder can replace: name a folder in it");
        }
        deleteLeftovers(parent(absolute), String.valueOf(absolute.getFileName())::equals);
        Path temporary = temporary(absolute);
        try {
            body.writeTo(Files.createDirectory(temporary));
            sync(temporary);
            Files.deleteIfExists(absolute);
            move(temporary, absolute);
        } finally {
            end(temporary);
        }
    }

    private static Path temporary(Path absolute) {
        String name = "." + absolute.getFileName() + "."
                + ProcessHandle.current().pid() + "." + NUMBER.incrementAndGet() + ".tmp";
        OWN.add(name);
        return absolute.resolveSibling(name);
    }

    /**
     * Deletes what killed processes left of files and folders that they were writing.
     *
     * @param targets by name: which of them
     */
    public static void deleteLeftovers(Path folder, Predicate<String> targets) throws IOException {
        List<Path> leftovers = new ArrayList<>();
        try (DirectoryStream<Path> hidden = Files.newDirectoryStream(folder, ".*.tmp")) {
            for (Path file : hidden) {
                String own = String.valueOf(file.getFileName());
                Matcher name = TEMPORARY.matcher(own);
                if (name.matches()
                        && targets.test(name.group(1))
                        && !written(own, name.group(2))
                        && (Files.isRegularFile(file) || name.group(2) != null)) {
                    leftovers.add(file);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        leftovers.forEach(AtomicFiles::deleteQuietly);
    }

    private static boolean written(String name, @Nullable String process) {
        if (process == null) {
            return false;
        }
        long id = Long.parseLong(process);
        return id == ProcessHandle.current().pid()
                ? OWN.contains(name)
                : ProcessHandle.of(id).isPresent();
    }

    private static void end(Path temporary) {
        deleteQuietly(temporary);
        OWN.remove(String.valueOf(temporary.getFileName()));
    }

    /** Replaces {@code target} by a text in UTF-8. */
    public static void writeString(Path target, String text) {
        write(target, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Replaces {@code target} by these bytes. */
    public static void write(Path target, byte[] content) {
        write(target, channel -> {
            ByteBuffer bytes = ByteBuffer.wrap(content);
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
        sync(parent(to.toAbsolutePath()));
    }

    private static void sync(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException _) {
            // Some file systems do not let a folder be synced; what was written or renamed in it has succeeded.
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
            deleteRecursively(path);
        } catch (IOException | UncheckedIOException _) {
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
            case DirectoryNotEmptyException _ -> "the folder is no longer empty";
            case ClosedByInterruptException _ -> "interrupted";
            default -> e.getClass().getSimpleName();
        };
    }
}
