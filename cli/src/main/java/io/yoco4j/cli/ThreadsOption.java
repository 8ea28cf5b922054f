package io.yoco4j.cli;

import picocli.CommandLine.Option;

/** {@code --threads}, for every command that computes; what reads the number refuses one that is too small or large. */
final class ThreadsOption {
    @Option(names = "--threads", description = "Threads to compute with (default: all cores).")
    private int threads = Runtime.getRuntime().availableProcessors();

    int count() {
        return threads;
    }
}
