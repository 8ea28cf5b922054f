package io.yoco4j.cli;

import io.yoco4j.cli.LoadClient.Arrivals;
import io.yoco4j.engine.GeneratedToken;
import io.yoco4j.engine.Generation;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.Sampling;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.YocoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What a server does under load: many streams against one, how running streams fare while a long prompt comes in, what a
 * known prefix saves, what the server itself costs, and what clients that misbehave leave behind. Bounded in count and time.
 */
final class ServerLoad {
    private static final String RUNNING = "yoco_num_requests_running{model_name=\"load\"}";
    private static final String WAITING = "yoco_num_requests_waiting{model_name=\"load\"}";
    private static final String BLOCKS = "yoco_kv_blocks_used{model_name=\"load\"}";
    private static final String KEPT = "yoco_prefix_cache_contexts{model_name=\"load\"}";
    private static final int ENDLESS = 50_000;
    private static final int SETTLE_MILLIS = 60_000;
    /** Turns that are not counted end at whichever comes first. */
    private static final int UNCOUNTED_TOKENS = 8_192;

    private static final Duration UNCOUNTED = Duration.ofSeconds(30);
    private static final int TURNS = 9;

    private final LoadClient client;
    private final int streams;
    private final int promptTokens;
    private final int generate;
    private long seed = 1;

    ServerLoad(LoadClient client, int streams, int promptTokens, int generate) {
        this.client = client;
        this.streams = streams;
        this.promptTokens = promptTokens;
        this.generate = generate;
    }

    private int[] fresh(int tokens) {
        return client.prompt(seed++, tokens);
    }

    /** Compiles what is measured. */
    void warmUp() throws Exception {
        together(4);
        together(streams);
        client.stream(fresh(2 * promptTokens), 8).get();
    }

    private List<Arrivals> together(int n) throws Exception {
        List<Future<Arrivals>> running = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            running.add(client.stream(fresh(promptTokens), generate));
        }
        List<Arrivals> out = new ArrayList<>();
        for (Future<Arrivals> f : running) {
            out.add(f.get());
        }
        return out;
    }

    /** Tokens per second of all streams, from the first request to the last token, and from all prompts in to the first end. */
    Map<String, Object> streams() throws Exception {
        Map<String, Object> out = new LinkedHashMap<>();
        List<Double> ratios = new ArrayList<>();
        List<Double> decodeRatios = new ArrayList<>();
        List<Double> one = new ArrayList<>();
        List<Double> many = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            double[] single = rates(together(1));
            double[] all = rates(together(streams));
            one.add(single[0]);
            many.add(all[0]);
            ratios.add(all[0] / single[0]);
            decodeRatios.add(all[1] / single[1]);
        }
        out.put("tokens_per_second_1", LoadClient.median(one.stream()));
        out.put("tokens_per_second_" + streams, LoadClient.median(many.stream()));
        out.put("ratio", LoadClient.median(ratios.stream()));
        out.put("ratio_decode", LoadClient.median(decodeRatios.stream()));
        return out;
    }

    /** Of whole requests, and of tokens while all streams run. */
    private double[] rates(List<Arrivals> arrivals) {
        long sent = arrivals.stream().mapToLong(Arrivals::sent).min().orElseThrow();
        long end = arrivals.stream().mapToLong(Arrivals::last).max().orElseThrow();
        double whole = (double) arrivals.size() * generate / ((end - sent) / 1e9);
        long allIn =
                arrivals.stream().mapToLong(a -> a.pieces().getFirst()).max().orElseThrow();
        double gap = LoadClient.median(arrivals.stream().flatMap(a -> a.gaps(allIn, Long.MAX_VALUE)));
        return new double[] {whole, arrivals.size() / gap};
    }

    /** Seconds between tokens of running streams, without and with a long prompt coming in. */
    Map<String, Object> longPrompt(int running, int longTokens) throws Exception {
        List<Future<Arrivals>> texts = new ArrayList<>();
        AtomicBoolean leave = new AtomicBoolean();
        for (int i = 0; i < running; i++) {
            texts.add(client.stream(fresh(64), ENDLESS, leave::get));
        }
        awaitRunning(running);
        Thread.sleep(5000);
        long quietFrom = System.nanoTime();
        Thread.sleep(10_000);
        long quietTo = System.nanoTime();
        long from = System.nanoTime();
        Arrivals prompt = client.stream(fresh(longTokens), 1).get();
        long to = System.nanoTime();
        leave.set(true);
        List<Arrivals> done = new ArrayList<>();
        for (Future<Arrivals> f : texts) {
            done.add(f.get());
        }
        double quiet = LoadClient.quantile(done.stream().flatMap(a -> a.gaps(quietFrom, quietTo)), 0.95);
        double busy = LoadClient.quantile(done.stream().flatMap(a -> a.gaps(from, to)), 0.95);
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("running", running);
        out.put("prompt_tokens", longTokens);
        out.put("p95_without_s", quiet);
        out.put("p95_with_s", busy);
        out.put("ratio", busy / quiet);
        out.put("prompt_tokens_per_second", longTokens / prompt.firstSeconds());
        return out;
    }

    private void awaitRunning(int n) throws Exception {
        for (int waited = 0; client.metrics().getOrDefault(RUNNING, 0.0) < n && waited < SETTLE_MILLIS; waited += 50) {
            Thread.sleep(50);
        }
    }

    /** Time to the first token of a prefix, and of the same prefix with another end. */
    Map<String, Object> prefix(int tokens) throws Exception {
        int[] common = fresh(tokens);
        double first = client.stream(with(common, fresh(16)), 2).get().firstSeconds();
        List<Double> again = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            again.add(client.stream(with(common, fresh(16)), 2).get().firstSeconds());
        }
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("prefix_tokens", tokens);
        out.put("first_token_s", first);
        out.put("second_first_token_s", again.getFirst());
        out.put("later_first_token_s", LoadClient.median(again.stream().skip(1)));
        out.put("ratio", again.getFirst() / first);
        return out;
    }

    private static int[] with(int[] a, int[] b) {
        return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
    }

    /**
     * Decoding one text over HTTP against the engine's own generation, in turns. What a server does for a token is compiled
     * only after thousands of them, so the first turns are not counted.
     */
    Map<String, Object> overhead(YocoModel model, int tokens) throws Exception {
        List<Double> own = new ArrayList<>();
        List<Double> served = new ArrayList<>();
        int uncounted = 0;
        long end = System.nanoTime() + UNCOUNTED.toNanos();
        for (; uncounted * tokens < UNCOUNTED_TOKENS && System.nanoTime() < end; uncounted++) {
            overheadTurn(model, tokens, own, served);
        }
        own.clear();
        served.clear();
        for (int turn = 0; turn < TURNS; turn++) {
            overheadTurn(model, tokens, own, served);
        }
        Map<String, Object> out = new LinkedHashMap<>();
        double engine = LoadClient.median(own.stream());
        double http = LoadClient.median(served.stream());
        out.put("uncounted_turns", uncounted);
        out.put("engine_turns", own);
        out.put("served_turns", served);
        out.put("engine_tokens_per_second", engine);
        out.put("served_tokens_per_second", http);
        out.put("overhead", 1 - http / engine);
        return out;
    }

    private void overheadTurn(YocoModel model, int tokens, List<Double> own, List<Double> served) throws Exception {
        int[] prompt = fresh(64);
        own.add(alone(model, prompt, tokens));
        Arrivals a = client.stream(prompt, tokens).get();
        served.add((tokens - 1) / ((a.last() - a.pieces().getFirst()) / 1e9));
    }

    private static double alone(YocoModel model, int[] prompt, int tokens) {
        GenerationOptions options = GenerationOptions.builder()
                .maxTokens(tokens)
                .sampling(Sampling.builder().temperature(1).seed(1).build())
                .endOfText(false)
                .build();
        try (Session session = model.session();
                Generation generation = session.generate(prompt, options)) {
            for (GeneratedToken _ : generation) {
                // Timed by the generation itself.
            }
            return generation.stats().decodeTokensPerSecond();
        }
    }

    /**
     * What clients that misbehave leave behind, and whether it grows: the same clients and bodies come in rounds, after one
     * that is not counted. Memory is what collections leave, of the load generator, too; all rounds bring the same prompt, so
     * that no contexts are kept beyond the first one's.
     */
    Map<String, Object> misbehaviour(int clients, int bodies, int rounds) throws Exception {
        int[] prompt = fresh(64);
        int refused = 0;
        List<Long> heap = new ArrayList<>();
        List<Long> resident = new ArrayList<>();
        List<Double> kept = new ArrayList<>();
        List<Double> blocks = new ArrayList<>();
        for (int round = 0; round <= rounds; round++) {
            int met = client.malformed(bodies);
            client.vanish(clients, prompt);
            settle();
            long left = heapBytes();
            if (round > 0) {
                refused += met;
                heap.add(left);
                residentBytes().ifPresent(resident::add);
                Map<String, Double> now = client.metrics();
                kept.add(now.get(KEPT));
                blocks.add(now.get(BLOCKS));
            }
        }
        Map<String, Double> metrics = client.metrics();
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("rounds", rounds);
        out.put("clients", clients);
        out.put("malformed_bodies", bodies);
        out.put("refused", refused);
        out.put("health", client.status("/health"));
        out.put("running_after", metrics.get(RUNNING));
        out.put("waiting_after", metrics.get(WAITING));
        out.put("kept_contexts", kept);
        out.put("kv_blocks", blocks);
        out.put("heap_bytes", heap);
        out.put("resident_bytes", resident);
        return out;
    }

    private void settle() throws Exception {
        for (int waited = 0; waited < SETTLE_MILLIS; waited += 100) {
            Map<String, Double> m = client.metrics();
            if (Stream.of(RUNNING, WAITING).allMatch(k -> m.getOrDefault(k, 0.0) == 0)) {
                return;
            }
            Thread.sleep(100);
        }
    }

    private static long heapBytes() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(200);
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** Memory of the process, where the system tells it (Linux): in {@code /proc/self/status}, in KiB. */
    private static OptionalLong residentBytes() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return OptionalLong.empty();
        }
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst();
        }
    }
}
