package io.yoco4j.server;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.yoco4j.engine.FinishReason;
import io.yoco4j.engine.LoopsUsed;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.server.schedule.Scheduler;
import io.yoco4j.server.schedule.SchedulerObserver;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;

/**
 * What Prometheus reads, in vLLM's vocabulary under {@code yoco_}: requests running and waiting, times as histograms, tokens
 * and prefix-cache queries and hits (both in tokens) as counters, blocks in use, loops run.
 */
final class ServerMetrics {
    private static final double[] FIRST_TOKEN = {
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160
    };
    private static final double[] BETWEEN_TOKENS = {
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2
    };
    private static final double[] WHOLE = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    /** Text for Prometheus. */
    String scrape() {
        return registry.scrape();
    }

    /** Reads what a model's scheduler is at whenever asked. */
    void watch(String model, YocoModel engine, Scheduler scheduler, long cacheMemory) {
        Tags tags = Tags.of("model_name", model);
        gauge(
                "num.requests.running",
                "Texts that are generated",
                tags,
                scheduler,
                s -> s.stats().running());
        gauge(
                "num.requests.waiting",
                "Requests that have not begun",
                tags,
                scheduler,
                s -> s.stats().waiting());
        gauge(
                "kv.blocks.used",
                "Blocks of keys and values in use, shared ones once",
                tags,
                engine,
                e -> e.cacheUsage().blocks());
        gauge(
                "kv.cache.usage.perc",
                "Share of the memory for contexts in use, kept contexts included",
                tags,
                engine,
                e -> (double) e.cacheUsage().bytes() / cacheMemory);
        gauge(
                "prefix.cache.contexts",
                "Contexts kept in memory",
                tags,
                scheduler,
                s -> s.stats().keptContexts());
        gauge(
                "prefix.cache.stored.bytes",
                "Bytes of contexts kept on disk",
                tags,
                scheduler,
                s -> s.stats().storedBytes());
    }

    private <T> void gauge(String name, String help, Tags tags, T of, ToDoubleFunction<T> value) {
        Gauge.builder("yoco." + name, of, value)
                .description(help)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }

    private Counter counter(String name, String help, Tags tags) {
        return Counter.builder("yoco." + name).description(help).tags(tags).register(registry);
    }

    private Timer timer(String name, String help, Tags tags, double[] buckets) {
        return Timer.builder("yoco." + name)
                .description(help)
                .tags(tags)
                .serviceLevelObjectives(Arrays.stream(buckets)
                        .mapToObj(s -> Duration.ofNanos((long) (s * 1e9)))
                        .toArray(Duration[]::new))
                .register(registry);
    }

    /** Counts what a model's scheduler does. */
    SchedulerObserver observer(String model) {
        Tags tags = Tags.of("model_name", model);
        Counter promptTokens = counter("prompt.tokens", "Tokens of prompts computed", tags);
        Counter generatedTokens = counter("generation.tokens", "Tokens generated", tags);
        Counter queries = counter("prefix.cache.queries", "Tokens looked up in the prefix cache", tags);
        Counter hits = counter("prefix.cache.hits", "Tokens found in the prefix cache", tags);
        Counter loops = counter("loops.run", "Iterations of looped stages that tokens took", tags);
        Timer firstToken = timer("time.to.first.token", "From a request to its first token", tags, FIRST_TOKEN);
        Timer nextToken = timer("inter.token.latency", "From one token of a text to the next", tags, BETWEEN_TOKENS);
        Timer whole = timer("e2e.request.latency", "From a request to the end of a text", tags, WHOLE);
        return new SchedulerObserver() {
            @Override
            public void prefixLookup(int tokens, int found) {
                queries.increment(tokens);
                hits.increment(found);
            }

            @Override
            public void firstToken(Duration afterSubmission) {
                firstToken.record(afterSubmission);
            }

            @Override
            public void nextToken(Duration afterPrevious) {
                nextToken.record(afterPrevious);
            }

            @Override
            public void drawn() {
                generatedTokens.increment();
            }

            @Override
            public void looped(LoopsUsed used) {
                loops.increment(used.iterations());
            }

            @Override
            public void finished(FinishReason reason, Duration afterSubmission) {
                whole.record(afterSubmission);
                counter(
                                "request.success",
                                "Texts that came to an end",
                                tags.and("finished_reason", reason == FinishReason.LENGTH ? "length" : "stop"))
                        .increment();
            }

            @Override
            public void failed(String reason) {
                counter("request.failure", "Requests that were cancelled or failed", tags.and("reason", reason))
                        .increment();
            }

            @Override
            public void step(int prompted, int decoded, Duration took) {
                promptTokens.increment(prompted);
            }
        };
    }

    /** Counts a reply. */
    void replied(String path, int status) {
        counter(
                        "http.responses",
                        "Replies by path and status",
                        Tags.of("path", path).and("status", String.valueOf(status)))
                .increment();
    }
}
