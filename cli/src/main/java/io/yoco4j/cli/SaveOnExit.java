package io.yoco4j.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Work that Ctrl-C, or a polite kill, asks to save before the process ends. */
final class SaveOnExit {
    /** A micro-batch and a checkpoint must fit. */
    private static final long SAVE_SECONDS = 300;

    private SaveOnExit() {}

    /**
     * Works, then hands the result to {@code report}, whose output a process that is ending still waits for.
     *
     * @param stop asks the work to save and return soon; from another thread
     */
    static <T> T run(Supplier<T> work, Runnable stop, Consumer<T> report) {
        CountDownLatch ended = new CountDownLatch(1);
        AtomicBoolean saved = new AtomicBoolean();
        Thread hook = new Thread(
                () -> {
                    stop.run();
                    try {
                        // The process must outlive the step: libtorch would be torn down under it.
                        boolean inTime = ended.await(SAVE_SECONDS, TimeUnit.SECONDS);
                        if (!inTime) {
                            System.err.println("yoco: nothing was saved within " + SAVE_SECONDS
                                    + " s of the signal: go on from the checkpoint before, with smaller batches");
                            System.err.flush();
                        }
                        Runtime.getRuntime().halt(inTime && saved.get() ? 130 : 1);
                    } catch (InterruptedException _) {
                        Runtime.getRuntime().halt(1);
                    }
                },
                "save on exit");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            T result = work.get();
            report.accept(result);
            saved.set(true);
            return result;
        } catch (RuntimeException e) {
            if (!remove(hook)) {
                // The process ends with this latch, before whoever called could say why.
                System.err.println("yoco: " + e.getMessage());
                System.err.flush();
            }
            throw e;
        } finally {
            ended.countDown();
            remove(hook);
        }
    }

    /** Whether it was in time: else the process is ending already, and the hook is what we are waited for by. */
    private static boolean remove(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
            return true;
        } catch (IllegalStateException _) {
            return false;
        }
    }
}
