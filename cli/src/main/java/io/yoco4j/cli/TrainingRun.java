package io.yoco4j.cli;

import io.yoco4j.train.Trainer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.bytedeco.pytorch.global.torch;

/** Runs a trainer so that Ctrl-C, or a polite kill, saves before the process ends. */
final class TrainingRun {
    /** A step and a checkpoint must fit; a second Ctrl-C does not wait. */
    private static final long SAVE_SECONDS = 300;

    private TrainingRun() {}

    /** Trains, then hands the result to {@code report}, whose output a process that is ending still waits for. */
    static Trainer.Result run(
            Trainer trainer, boolean resume, long until, int threads, Consumer<Trainer.Result> report) {
        torch.set_num_threads(threads);
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = new Thread(
                () -> {
                    trainer.stop();
                    try {
                        // The process must outlive the step: libtorch would be torn down under it.
                        boolean saved = ended.await(SAVE_SECONDS, TimeUnit.SECONDS);
                        Runtime.getRuntime().halt(saved ? 130 : 1);
                    } catch (InterruptedException _) {
                        Runtime.getRuntime().halt(1);
                    }
                },
                "save on exit");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            Trainer.Result result = trainer.run(resume, until);
            report.accept(result);
            return result;
        } finally {
            ended.countDown();
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException _) {
                // The process is ending already: the hook is what we are waited for by.
            }
        }
    }
}
