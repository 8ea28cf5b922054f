package io.yoco4j.cli;

/**
 * While open, a signal that ends the process halts it at once. An orderly exit would run libtorch's destructors under the
 * computation that is going on, and crash.
 */
final class HaltOnSignal implements AutoCloseable {
    private static final int INTERRUPTED = 130;

    private final Thread hook = new Thread(() -> Runtime.getRuntime().halt(INTERRUPTED), "halt on signal");

    HaltOnSignal() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // The process is ending: the hook is about to halt it.
        }
    }
}
