package io.yoco4j.cli;

import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.SessionOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a trained model runs: its depth, its cache, its threads. */
final class RunOptions {
    @Option(
            names = "--loops",
            paramLabel = "T",
            description = "Iterations of looped stages, instead of the model's own.")
    private @Nullable Integer loops;

    @Option(
            names = "--exit-threshold",
            paramLabel = "X",
            defaultValue = "0",
            description = {
                "A token takes no further loop of a stage once one turned it by at most X, a share of half a turn: 0 for all"
                        + " loops, 1 for one (${DEFAULT-VALUE}). inspect --convergence shows what distances there are."
            })
    private double exitThreshold;

    @Option(
            names = "--kv",
            paramLabel = "F",
            defaultValue = "f32",
            description = "How keys and values are cached: ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
    private KvFormat kv;

    @Option(names = "--threads", description = "Threads to compute with (default: all cores).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @SuppressWarnings("NullAway.Init") // picocli sets them
    RunOptions() {}

    /** Whether tokens may leave loops early. */
    boolean exitsEarly() {
        return exitThreshold > 0;
    }

    double exitThreshold() {
        return exitThreshold;
    }

    /** Options of sessions, to be added to. */
    SessionOptions.Builder session() {
        SessionOptions.Builder session = SessionOptions.builder().exitThreshold(exitThreshold);
        if (loops != null) {
            session.loops(loops);
        }
        return session;
    }

    EngineOptions engine() {
        return EngineOptions.builder().threads(threads).kv(kv).build();
    }
}
