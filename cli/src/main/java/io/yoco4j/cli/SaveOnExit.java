package io.yoco4j.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Work that Ctrl-C, or a polite kill, asks to save before the process ends. */
final class SaveOnExit {
    /** A step and a checkpoint must fit; a second Ctrl-C does not wait. */
    private static final long SAVE_SECONDS = 300;

    private SaveOnExit() {}

    /**
     * Works, then hands the result to {@code report}, whose output a process that is ending still waits for.
     *
     * @param stop asks the work to save and return soon; from another thread
     */
    static <T> T run(Supplier<T> work, Runnable stop, Consumer<T> report) {
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = new Thread(
                () -> {
                    stop.run();
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
            T result = work.get();
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
