package io.yoco4j.server.schedule;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.Sha256;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.engine.InsufficientMemoryException;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.server.schedule.PrefixCache.Depth;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sessions on disk, a file each in the format of {@link Session#save}: they appear whole or not at all, and one that is
 * damaged or of another model is refused when it is read and deleted. So whatever a crash leaves, no wrong context comes
 * back. Thread-safe.
 */
final class SnapshotStore implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(SnapshotStore.class.getName());
    /** Sessions that wait to be written hold memory: further ones are forgotten. */
    private static final int MAX_PENDING = 8;

    private static final long CLOSE_SECONDS = 600;
    private static final int NAME_DIGITS = 32;

    private record Saved(Path file, String depth, int[] tokens, long bytes) {}

    private final YocoModel model;
    private final StateFolder all;
    private final Path folder;
    /** By last use, oldest first. */
    private final List<Saved> saved = new ArrayList<>();

    private final ExecutorService writer;
    private int pending;
    /** Memory that pending sessions will give back, by what nobody shared as they came. */
    private long pendingBytes;

    private long bytes;

    /**
     * Looks through a model's folder, which is made where it is missing.
     *
     * @throws UncheckedIOException when the folder cannot be read or made
     */
    SnapshotStore(YocoModel model, StateFolder all) {
        this(
                model,
                all,
                Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().name("snapshots").factory()));
    }

    /** @param writer the store's own from now on */
    SnapshotStore(YocoModel model, StateFolder all, ExecutorService writer) {
        this.writer = writer;
        this.model = model;
        this.all = all;
        String kv = model.options().kv().name().toLowerCase(Locale.ROOT);
        String name = model.fingerprint().substring(0, NAME_DIGITS) + "-" + kv;
        try {
            folder = all.of(name);
            AtomicFiles.deleteLeftovers(folder, target -> target.endsWith(StateFolder.SUFFIX));
            try (Stream<Path> files = Files.list(folder)) {
                files.sorted(Comparator.comparingLong(SnapshotStore::modified)).forEach(this::index);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("contexts of " + name + " could not be read: " + AtomicFiles.reason(e), e);
        }
        trim();
    }

    /** Lets go of the least recently used contexts as long as there are more than may be. */
    private synchronized void trim() {
        while (all.full() && !saved.isEmpty()) {
            forget(saved.getFirst());
        }
    }

    private static long modified(Path file) {
        try {
            return Files.getLastModifiedTime(file).toMillis();
        } catch (IOException _) {
            return 0;
        }
    }

    private void index(Path file) {
        String name = String.valueOf(file.getFileName());
        int end = name.indexOf('_');
        if (!name.endsWith(StateFolder.SUFFIX) || name.startsWith(".") || end < 0) {
            // Files of others are left alone.
            return;
        }
        try {
            long size = Files.size(file);
            add(new Saved(file, name.substring(0, end), YocoModel.savedTokens(file), size));
        } catch (InvalidInputException e) {
            LOG.log(System.Logger.Level.WARNING, "a saved context is unreadable and is deleted: " + e.getMessage());
            StateFolder.delete(file);
        } catch (IOException | UncheckedIOException e) {
            LOG.log(System.Logger.Level.WARNING, "a saved context cannot be read now: " + e.getMessage());
        }
    }

    private synchronized void add(Saved s) {
        // Written twice where it was let go again before it was written.
        saved.stream().filter(o -> o.file().equals(s.file())).findFirst().ifPresent(this::uncount);
        saved.add(s);
        bytes += s.bytes();
        all.grown(s.bytes());
    }

    /** Writes a session in the background, and closes it. */
    void save(Depth depth, Session session) {
        String name = name(depth, session.tokens());
        long own = session.ownBytes();
        synchronized (this) {
            boolean known = saved.stream().anyMatch(s -> s.file().equals(folder.resolve(name)));
            if (known || pending >= MAX_PENDING || writer.isShutdown()) {
                session.close();
                return;
            }
            pending++;
            pendingBytes += own;
        }
        writer.execute(() -> {
            try (session) {
                write(folder.resolve(name), depth, session);
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "a context could not be kept on disk: " + e.getMessage());
            } finally {
                synchronized (this) {
                    pending--;
                    pendingBytes -= own;
                    notifyAll();
                }
            }
        });
    }

    synchronized long pendingBytes() {
        return pendingBytes;
    }

    /** Waits until nothing is pending. */
    synchronized void awaitWritten() {
        try {
            while (pending > 0) {
                wait();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Writes a session, and closes it; for the end, when nobody waits for its memory. */
    void saveNow(Depth depth, Session session) {
        Path file = folder.resolve(name(depth, session.tokens()));
        try (session) {
            if (!Files.exists(file)) {
                write(file, depth, session);
            }
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "a context could not be kept on disk: " + e.getMessage());
        }
    }

    private void write(Path file, Depth depth, Session session) {
        session.save(file);
        long size;
        try {
            size = Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + AtomicFiles.reason(e), e);
        }
        add(new Saved(file, name(depth), session.tokens(), size));
        trim();
    }

    /**
     * The session of the longest saved context that a prompt begins with.
     *
     * @param more than so many tokens, or it is not worth reading
     * @param most tokens it may have
     * @param room makes room for so many bytes, or says that there is none
     */
    Optional<Session> restore(Depth depth, int[] prompt, int more, int most, LongPredicate room) {
        Saved found = find(name(depth), prompt, more, most);
        if (found == null || !room.test(found.bytes())) {
            return Optional.empty();
        }
        SessionOptions.Builder options = SessionOptions.builder().exitThreshold(depth.exitThreshold());
        List<Integer> own =
                model.architecture().stages().stream().map(Stage::loops).toList();
        if (!depth.loops().equals(own)) {
            options.loops(depth.loops().stream().mapToInt(i -> i).max().orElseThrow());
        }
        try {
            Session session = model.restore(found.file(), options.build());
            touch(found.file());
            return Optional.of(session);
        } catch (InsufficientMemoryException | UncheckedIOException e) {
            LOG.log(System.Logger.Level.WARNING, "a saved context cannot be read now: " + e.getMessage());
            return Optional.empty();
        } catch (InvalidInputException e) {
            LOG.log(System.Logger.Level.WARNING, "a saved context is of no use and is deleted: " + e.getMessage());
            synchronized (this) {
                forget(found);
            }
            return Optional.empty();
        }
    }

    /** The order of use outlives the process. */
    private static void touch(Path file) {
        try {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
        } catch (IOException _) {
            // Then it counts as old, no more.
        }
    }

    private synchronized @Nullable Saved find(String depth, int[] prompt, int more, int most) {
        Saved best = null;
        for (Saved s : saved) {
            int n = s.tokens().length;
            if (s.depth().equals(depth)
                    && n > (best == null ? more : best.tokens().length)
                    && n <= most
                    && Arrays.equals(s.tokens(), 0, n, prompt, 0, n)) {
                best = s;
            }
        }
        if (best != null) {
            saved.remove(best);
            saved.add(best);
        }
        return best;
    }

    private void forget(Saved s) {
        if (saved.contains(s)) {
            uncount(s);
            StateFolder.delete(s.file());
        }
    }

    private void uncount(Saved s) {
        saved.remove(s);
        bytes -= s.bytes();
        all.grown(-s.bytes());
    }

    synchronized long bytes() {
        return bytes;
    }

    private static String name(Depth depth) {
        String loops = depth.loops().stream().map(String::valueOf).collect(Collectors.joining("-"));
        return depth.exitThreshold() == 0 ? loops : loops + "x" + Double.toHexString(depth.exitThreshold());
    }

    private static String name(Depth depth, int[] tokens) {
        ByteBuffer content = ByteBuffer.allocate(tokens.length * Integer.BYTES);
        IntStream.of(tokens).forEach(content::putInt);
        String hash = HexFormat.of().formatHex(Sha256.digest().digest(content.array()));
        return name(depth) + "_" + hash.substring(0, NAME_DIGITS) + StateFolder.SUFFIX;
    }

    /** Waits for what is being written. */
    @Override
    public void close() {
        writer.shutdown();
        try {
            if (!writer.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.log(System.Logger.Level.WARNING, folder + ": contexts are still being written after 10 minutes");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
