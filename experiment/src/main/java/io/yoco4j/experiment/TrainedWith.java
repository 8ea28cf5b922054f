package io.yoco4j.experiment;

import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.experiment.Experiment.Data;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file in a job's folder that names what its state was trained with. */
final class TrainedWith {
    private static final String FILE = "fingerprint.txt";

    private TrainedWith() {}

    /** Whether a folder, which need not exist, holds the state of such a job. */
    static boolean isOf(Path folder, Job job, Data data) throws IOException {
        Path file = folder.resolve(FILE);
        return Files.exists(file) && Files.readString(file).equals(text(job, data));
    }

    static void write(Path folder, Job job, Data data) {
        AtomicFiles.writeString(folder.resolve(FILE), text(job, data));
    }

    private static String text(Job job, Data data) {
        return Fingerprint.ofTraining(job, data) + "\n";
    }
}
