package io.yoco4j.cli;

import io.yoco4j.train.Trainer;
import io.yoco4j.train.model.Torch;
import java.util.function.Consumer;

/** Runs a trainer so that Ctrl-C, or a polite kill, saves before the process ends. */
final class TrainingRun {
    private TrainingRun() {}

    /** Trains, then hands the result to {@code report}, whose output a process that is ending still waits for. */
    static Trainer.Result run(
            Trainer trainer, boolean resume, long until, int threads, Consumer<Trainer.Result> report) {
        Torch.threads(threads);
        return SaveOnExit.run(() -> trainer.run(resume, until), trainer::stop, report);
    }
}
