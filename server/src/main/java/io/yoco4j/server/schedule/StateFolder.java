package io.yoco4j.server.schedule;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.AtomicFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A folder that contexts are kept in, a folder in it for each model, and how many bytes all of them may take. Contexts of
 * models that are not served are the first to go. Thread-safe.
 */
public final class StateFolder {
    private static final System.Logger LOG = System.getLogger(StateFolder.class.getName());
    static final String SUFFIX = ".yoco";
    /** Names of models' folders: a hash of the weights, and the format of the cache. */
    private static final String MODEL = "[0-9a-f]{32}-[a-z0-9]+";

    private record Stray(Path file, long bytes, long modified) {}

    private final Path folder;
    private final long maxBytes;
    /** Of models that nobody has asked for yet, oldest first. */
    private final List<Stray> strays = new ArrayList<>();

    /** Folders of models that are served. */
    private final Set<String> owned = new HashSet<>();

    private long bytes;

    /**
     * Looks through a folder, which need not exist.
     *
     * @param maxBytes of all contexts in it, at most
     * @throws UncheckedIOException when it cannot be read
     */
    public StateFolder(Path folder, long maxBytes) {
        this.folder = folder;
        this.maxBytes = maxBytes;
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> models = Files.list(folder)) {
            for (Path model : models.filter(StateFolder::ofModel).toList()) {
                try (Stream<Path> files = Files.list(model)) {
                    files.filter(f -> f.getFileName().toString().endsWith(SUFFIX))
                            .forEach(this::add);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " could not be read: " + AtomicFiles.reason(e), e);
        }
        strays.sort(Comparator.comparingLong(Stray::modified));
    }

    private static boolean ofModel(Path folder) {
        return folder.getFileName().toString().matches(MODEL) && Files.isDirectory(folder);
    }

    private void add(Path file) {
        try {
            long size = Files.size(file);
            strays.add(new Stray(file, size, Files.getLastModifiedTime(file).toMillis()));
            bytes += size;
        } catch (IOException _) {
            // Gone since it was listed.
        }
    }

    /**
     * A model's folder, which is made where it is missing; its files are the caller's to {@link #grown count} from now on.
     *
     * @throws InvalidInputException when another caller has it: both would count its files, and delete each other's
     */
    synchronized Path of(String model) throws IOException {
        if (!owned.add(model)) {
            throw new InvalidInputException(folder.resolve(model)
                    + " would keep the contexts of two served models, since both have the same weights:"
                    + " serve them once, or leave out the folder for contexts (--state-dir)");
        }
        Path own = folder.resolve(model);
        Files.createDirectories(own);
        strays.removeIf(s -> {
            boolean mine = s.file().startsWith(own);
            bytes -= mine ? s.bytes() : 0;
            return mine;
        });
        return own;
    }

    /** Counts what a model's contexts take more, or less where it is negative. */
    synchronized void grown(long by) {
        bytes += by;
    }

    /** Whether a model has to let go of contexts, since what no model asked for was not enough. */
    synchronized boolean full() {
        while (bytes > maxBytes && !strays.isEmpty()) {
            Stray oldest = strays.removeFirst();
            bytes -= oldest.bytes();
            delete(oldest.file());
        }
        return bytes > maxBytes;
    }

    static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, file + " could not be deleted: " + AtomicFiles.reason(e));
        }
    }
}
