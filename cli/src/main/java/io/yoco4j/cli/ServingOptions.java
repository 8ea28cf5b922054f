package io.yoco4j.cli;

import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.server.schedule.SchedulerOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How models run that many requests share: their cache is narrow, as it is what limits how many contexts there are. */
final class ServingOptions {
    @Option(
            names = "--kv",
            paramLabel = "F",
            defaultValue = "bf16",
            description = "How keys and values are cached: ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
    private KvFormat kv;

    @Option(
            names = "--prepack",
            description = {
                "Keep a copy of the weights, 2 bytes for each, as oneDNN reads them fastest:",
                "batches and short chunks of prompts take less time, memory is the price."
            })
    private boolean prepack;

    @Option(
            names = "--cache-memory",
            paramLabel = "SIZE",
            converter = Units.Bytes.class,
            description =
                    "Memory for contexts, e.g. 4G, those kept for later requests included; several models have equal shares"
                            + " (default: half of what the JVM may take).")
    private @Nullable Long cacheMemory;

    @Mixin
    private ThreadsOption threads = new ThreadsOption();

    @SuppressWarnings("NullAway.Init") // picocli sets it
    ServingOptions() {}

    EngineOptions engine() {
        return EngineOptions.builder()
                .threads(threads.count())
                .kv(kv)
                .prepack(prepack)
                .build();
    }

    SchedulerOptions.Builder scheduler() {
        SchedulerOptions.Builder options = SchedulerOptions.builder();
        if (cacheMemory != null) {
            options.cacheMemory(cacheMemory);
        }
        return options;
    }
}
