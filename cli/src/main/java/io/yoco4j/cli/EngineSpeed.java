package io.yoco4j.cli;

import io.yoco4j.engine.Logits;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.YocoModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Prefill and decode speed of several models, measured in turn so that a noisy machine hits all alike; medians.
 *
 * @param prefillTokensPerSecond of a prompt of the context's length
 * @param decodeTokensPerSecond at that depth
 * @param cacheBytes of the context, measured
 */
record EngineSpeed(double prefillTokensPerSecond, double decodeTokensPerSecond, long cacheBytes) {

    /** Measures each model at a context of {@code context} tokens, after one round that is not counted. */
    static <K> Map<K, EngineSpeed> measure(Map<K, YocoModel> models, int context, int generate, int rounds) {
        Map<K, List<EngineSpeed>> all = new LinkedHashMap<>();
        models.forEach((key, model) -> {
            once(model, Math.min(context, 1024), generate); // compiles the kernels
            all.put(key, new ArrayList<>());
        });
        for (int r = 0; r < rounds; r++) {
            models.forEach((key, model) ->
                    all.computeIfAbsent(key, _ -> new ArrayList<>()).add(once(model, context, generate)));
        }
        Map<K, EngineSpeed> medians = new LinkedHashMap<>();
        all.forEach((key, speeds) -> medians.put(
                key,
                new EngineSpeed(
                        median(speeds.stream()
                                .mapToDouble(EngineSpeed::prefillTokensPerSecond)
                                .toArray()),
                        median(speeds.stream()
                                .mapToDouble(EngineSpeed::decodeTokensPerSecond)
                                .toArray()),
                        speeds.getFirst().cacheBytes())));
        return medians;
    }

    private static EngineSpeed once(YocoModel model, int context, int generate) {
        int vocabulary = model.architecture().vocabSize();
        int[] ids = new SplittableRandom(1).ints(context, 0, vocabulary).toArray();
        Session session = model.session();
        long start = System.nanoTime();
        session.prefill(ids, Logits.LAST);
        long prefilled = System.nanoTime();
        long cacheBytes = session.cacheBytes();
        for (int i = 0; i < generate; i++) {
            session.decode(ids[i % context]);
        }
        long end = System.nanoTime();
        return new EngineSpeed(context * 1e9 / (prefilled - start), generate * 1e9 / (end - prefilled), cacheBytes);
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        int n = values.length;
        return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
    }
}
