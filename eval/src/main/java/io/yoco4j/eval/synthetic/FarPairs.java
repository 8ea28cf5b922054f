package io.yoco4j.eval.synthetic;

import io.yoco4j.core.KeyValues;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Pairs of a key and a value, then {@code distance} tokens of filler, then all the keys in another order, each with its value as
 * label. Every query is more than {@code distance} tokens behind its value. Through sliding windows alone, information
 * travels less than layers x loops x window tokens, so that beyond them only a model that keeps the whole context (a global
 * cache, full attention) can answer better than by chance, one in {@value #SYMBOLS}. Groups: {@code distance}.
 *
 * @param seed of the examples
 * @param pairs of an example
 * @param minDistance least tokens of filler
 * @param maxDistance most; distances are minDistance and its doubles
 */
public record FarPairs(long seed, int pairs, int minDistance, int maxDistance) implements SequenceGenerator {
    static final String NAME = "far_pairs";

    /** Keys that there are, and values, and kinds of filler. */
    private static final int SYMBOLS = 32;

    private static final int FIRST_KEY = 1;
    private static final int FIRST_VALUE = FIRST_KEY + SYMBOLS;
    private static final int FIRST_FILLER = FIRST_VALUE + SYMBOLS;

    public FarPairs {
        Draws.require(
                pairs >= 1 && pairs <= SYMBOLS,
                NAME + ": pairs are " + pairs + ", but there are 1.." + SYMBOLS + " keys");
        Draws.require(
                1 <= minDistance && minDistance <= maxDistance && maxDistance <= 1 << 24,
                NAME + ": distances are " + minDistance + ".." + maxDistance
                        + ", but must grow and lie in 1..16777216: change min_distance or max_distance");
    }

    static FarPairs of(KeyValues options, long seed) {
        return new FarPairs(
                seed,
                options.integer("pairs", 4, 1, SYMBOLS),
                options.integer("min_distance", 64, 1, 1 << 24),
                options.integer("max_distance", 512, 1, 1 << 24));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<String> words() {
        List<String> words = new ArrayList<>(List.of(BLANK_WORD));
        for (String kind : List.of("k", "v", "f")) {
            for (int i = 0; i < SYMBOLS; i++) {
                words.add(kind + i);
            }
        }
        return words;
    }

    @Override
    public int maxLength() {
        return 3 * pairs + Draws.largest(minDistance, maxDistance);
    }

    @Override
    public Example example(long index) {
        SplittableRandom random = Draws.of(seed, index);
        int distance = Draws.doubling(random, minDistance, maxDistance);
        int[] keys = Draws.different(random, pairs, SYMBOLS);
        int[] values = random.ints(pairs, 0, SYMBOLS).toArray();
        int[] order = Draws.different(random, pairs, pairs);
        int[] ids = random.ints(3L * pairs + distance, FIRST_FILLER, FIRST_FILLER + SYMBOLS)
                .toArray();
        int[] labels = new int[ids.length];
        Arrays.fill(labels, Example.NONE);
        for (int i = 0; i < pairs; i++) {
            ids[2 * i] = FIRST_KEY + keys[i];
            ids[2 * i + 1] = FIRST_VALUE + values[i];
            int query = 2 * pairs + distance + order[i];
            ids[query] = FIRST_KEY + keys[i];
            labels[query] = FIRST_VALUE + values[i];
        }
        return new Example(ids, labels, List.of(new Example.Group("distance", distance)));
    }
}
