package io.yoco4j.cli;

import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.SessionOptions;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a trained model runs: its depth, its cache, its threads. */
final class RunOptions {
    @Mixin
    private LoopsOption loops = new LoopsOption();

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

    @Mixin
    private ThreadsOption threads = new ThreadsOption();

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
        loops.given().ifPresent(session::loops);
        return session;
    }

    EngineOptions engine() {
        return EngineOptions.builder().threads(threads.count()).kv(kv).build();
    }
}
