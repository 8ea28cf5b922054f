package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import picocli.CommandLine.Option;

/** {@code --threads}, for every command that computes; what reads the number refuses one that is too small or large. */
final class ThreadsOption {
    @Option(names = "--threads", description = "Threads to compute with (default: all cores).")
    private int threads = Runtime.getRuntime().availableProcessors();

    int count() {
        return threads;
    }

    /**
     * The same, checked: libtorch takes any number, and would go on for long with more threads than cores.
     *
     * @throws InvalidInputException when there are not so many cores
     */
    int training() {
        int cores = Runtime.getRuntime().availableProcessors();
        if (threads < 1 || threads > cores) {
            throw new InvalidInputException(
                    "--threads is " + threads + ", but must lie in 1.." + cores + ", the cores of this machine");
        }
        return threads;
    }
}
