package io.yoco4j.experiment;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.experiment.Experiment.Data;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The results of an experiment's folder: result.json of each job's folder, and results.jsonl, which holds them all, so that
 * it is enough to keep that one file. Thread-safe.
 */
public final class Results {
    /** One line per finished job. */
    public static final String FILE = "results.jsonl";

    static final String JOBS = "jobs";
    static final String RESULT = "result.json";

    private final Path folder;
    private final Map<String, JobResult> results = new LinkedHashMap<>();

    private Results(Path folder) {
        this.folder = folder;
    }

    /**
     * Reads what a folder has; nothing where there is none.
     *
     * @throws InvalidInputException naming a file and line that is damaged
     */
    public static Results open(Path folder) {
        Results results = new Results(folder);
        try {
            Path all = folder.resolve(FILE);
            if (Files.exists(all)) {
                List<String> lines = Files.readAllLines(all);
                for (int i = 0; i < lines.size(); i++) {
                    if (!lines.get(i).isBlank()) {
                        results.read(all + " line " + (i + 1), lines.get(i));
                    }
                }
            }
            Path jobs = folder.resolve(JOBS);
            if (Files.isDirectory(jobs)) {
                try (Stream<Path> each = Files.list(jobs)) {
                    for (Path job : each.sorted().toList()) {
                        Path file = job.resolve(RESULT);
                        if (Files.exists(file)) {
                            results.read(file.toString(), Files.readString(file));
                        }
                    }
                }
            }
        } catch (IOException e) {
            throw new InvalidInputException(folder + " could not be read: " + AtomicFiles.reason(e), e);
        }
        return results;
    }

    private void read(String place, String json) {
        try {
            JobResult result = JobResult.read(json);
            results.put(result.job(), result);
        } catch (InvalidInputException e) {
            throw e.in(place + ": ");
        }
    }

    /** The folder of a job, with its model. */
    Path jobFolder(String job) {
        return folder.resolve(JOBS).resolve(job);
    }

    /** What is known of a job, whatever it was run with. */
    synchronized Optional<JobResult> of(String job) {
        return Optional.ofNullable(results.get(job));
    }

    /** The result of a job as the experiment has it now; empty where it is still to be run. */
    Optional<JobResult> of(Job job, Experiment e) {
        return of(job.id()).filter(r -> isOf(r, job, e));
    }

    /** A result, of whatever job, that this one would come to, too. */
    synchronized Optional<JobResult> same(Job job, Experiment e) {
        return results.values().stream().filter(r -> isOf(r, job, e)).findFirst();
    }

    /** Results, of whatever jobs, whose models this one would come to, too. */
    synchronized List<JobResult> trainedAs(Job job, Data data) {
        String fingerprint = Fingerprint.ofTraining(job, data);
        return results.values().stream()
                .filter(r -> r.succeeded() && r.fingerprint().equals(fingerprint))
                .toList();
    }

    private static boolean isOf(JobResult r, Job job, Experiment e) {
        return r.fingerprint().equals(Fingerprint.ofTraining(job, e.data()))
                && (!r.succeeded() || r.evaluation().equals(Fingerprint.ofEvaluation(job, e.data(), e.evaluation())));
    }

    /** Keeps a result: in the job's folder, then in the file of all. */
    synchronized void add(JobResult result) {
        results.put(result.job(), result);
        AtomicFiles.writeString(jobFolder(result.job()).resolve(RESULT), result.write() + "\n");
        write();
    }

    /** Writes the file of all. */
    synchronized void write() {
        StringBuilder lines = new StringBuilder();
        results.values().forEach(r -> lines.append(r.write()).append('\n'));
        AtomicFiles.writeString(folder.resolve(FILE), lines.toString());
    }
}
