package io.yoco4j.experiment;

import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.checkpoint.FolderLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The jobs that a run works on now, in a file for other processes. It means something only as long as the folder's
 * {@link FolderLock} is taken: a process that is killed leaves it as it was. Thread-safe.
 */
final class RunningJobs {
    private static final String FILE = ".running";

    private final Path file;
    private final Set<String> ids = new LinkedHashSet<>();

    /** None yet, whatever an earlier run left; the caller holds the folder's lock. */
    RunningJobs(Path folder) {
        file = folder.resolve(FILE);
        write();
    }

    /** What the run that has the folder's lock works on. */
    static Set<String> read(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        return Files.exists(file) ? Set.copyOf(Files.readAllLines(file)) : Set.of();
    }

    synchronized void begin(String id) {
        ids.add(id);
        write();
    }

    synchronized void end(String id) {
        ids.remove(id);
        write();
    }

    private void write() {
        StringBuilder lines = new StringBuilder();
        ids.forEach(id -> lines.append(id).append('\n'));
        AtomicFiles.writeString(file, lines.toString());
    }
}
