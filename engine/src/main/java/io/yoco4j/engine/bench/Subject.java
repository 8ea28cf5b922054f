package io.yoco4j.engine.bench;

import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.ParameterLayout;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.YocoModel;

/** A model to measure, and what its work should cost. */
record Subject(String system, String size, Architecture architecture, WeightFormat weights, KvFormat kv) {
    private static final long SEED = 1;

    /** A model of random weights; speed does not depend on them. */
    YocoModel open(int threads, String products, boolean prepack) {
        EngineOptions options = EngineOptions.builder()
                .threads(threads)
                .kv(kv)
                .products(products)
                .prepack(prepack)
                .build();
        return YocoModel.of(architecture, RandomWeights.of(architecture, weights, SEED), options);
    }

    /** Bytes that the weights take in memory. */
    long weightBytes() {
        return ParameterLayout.of(architecture).entrySet().stream()
                .mapToLong(e -> weightBytes(e.getKey(), e.getValue()))
                .sum();
    }

    /** Bytes of a bfloat16 copy of every matrix. */
    long prepackedBytes() {
        return ParameterLayout.of(architecture).values().stream()
                .filter(shape -> shape.length > 1)
                .mapToLong(shape -> shape[0] * shape[1] * Short.BYTES)
                .sum();
    }

    private long weightBytes(String name, long[] shape) {
        return shape.length == 1
                ? WeightFormat.F32.rowBytes((int) shape[0])
                : shape[0] * weights.forMatrix(name).rowBytes((int) shape[1]);
    }

    /** Bytes of keys, values and states of one context of {@code n} tokens. */
    long cacheBytes(int n) {
        return accounting().cacheBytes(n, kv);
    }

    /**
     * Bytes of caches that a context of {@code n} tokens and its forks take at most: what lies before a fork is shared, but
     * for rings and a block of each cache that is written on.
     */
    long cacheBytes(int n, int generate, int forks) {
        return cacheBytes(n + generate) + forks * cacheBytes(Math.min(n, 512) + generate);
    }

    /** FLOPs of a prompt of {@code n} tokens. */
    double prefillFlops(int n, boolean full) {
        return accounting().prefillFlops(n, full);
    }

    /** Bytes to be read for {@code generate} steps after {@code n} tokens: the weights once per step, the caches of all. */
    double decodeBytes(int n, int generate, int batch) {
        Accounting costs = accounting();
        int d = architecture.hiddenSize();
        double perWeight = (double) weights.rowBytes(d) / d;
        // The output matrix may be stored wider than the others.
        WeightFormat head = weights.forMatrix(ParameterLayout.HEAD);
        double bytes = (double) generate * architecture.vocabSize() * (head.rowBytes(d) - weights.rowBytes(d));
        for (int position = n; position < n + generate; position++) {
            double cache = costs.decodeBytes(position, 0, kv);
            bytes += costs.decodeBytes(position, perWeight, kv) + (batch - 1) * cache;
        }
        return bytes;
    }

    private Accounting accounting() {
        return new Accounting(architecture);
    }
}
