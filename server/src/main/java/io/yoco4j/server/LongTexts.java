package io.yoco4j.server;

import io.yoco4j.server.api.ApiException;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/**
 * Work on texts that may take seconds, such as tokenizing megabytes. All requests share a few carrier threads, which such work
 * does not give back until it ends, so two of them could hold up every stream; here they take turns on a thread of their own.
 */
final class LongTexts implements AutoCloseable {
    /** In chars or tokens; what takes milliseconds is not worth another thread. */
    private static final int SHORT = 32 << 10;

    private final ExecutorService thread;

    /** @param name of the thread */
    LongTexts(String name) {
        thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name(name).daemon().factory());
    }

    /**
     * What the work comes to, or throws.
     *
     * @param length of its text
     */
    <T> T work(int length, Supplier<T> work) {
        if (length <= SHORT) {
            return work.get();
        }
        Future<T> coming;
        try {
            coming = thread.submit(work::get);
        } catch (RejectedExecutionException _) {
            throw stopping();
        }
        try {
            return coming.get();
        } catch (InterruptedException e) {
            coming.cancel(false);
            Thread.currentThread().interrupt();
            throw stopping();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private static ApiException stopping() {
        return ApiException.unavailable("The server is shutting down", Optional.empty());
    }

    /** Takes no more, and does not wait. */
    @Override
    public void close() {
        thread.shutdownNow();
    }
}
