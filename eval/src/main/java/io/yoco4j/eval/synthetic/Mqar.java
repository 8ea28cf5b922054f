package io.yoco4j.eval.synthetic;

import io.yoco4j.core.KeyValues;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Multi-query associative recall (Arora et al. 2023, "Zoology: Measuring and Improving Recall in Efficient Language Models").
 * Pairs of a key and a value come first; then each key comes once more, at a distance from the end of the pairs that follows
 * the power law {@code p(g) ~ g^(0.01 - 1)} as theirs does, among blanks. The label at such a query is its key's value; the
 * value itself does not follow. Groups: {@code length}.
 *
 * @param seed of the examples
 * @param tokens of the vocabulary: a blank, keys up to the middle, values from there
 * @param minLength least tokens of an example
 * @param maxLength most tokens; lengths are minLength and its doubles
 * @param pairs of the shortest example, at most a quarter of its tokens; longer ones have more in proportion
 */
public record Mqar(long seed, int tokens, int minLength, int maxLength, int pairs) implements SequenceGenerator {
    static final String NAME = "mqar";

    private static final double POWER = 0.01;

    public Mqar {
        Draws.require(
                4 <= minLength && minLength <= maxLength && maxLength <= 1 << 20,
                NAME + ": lengths are " + minLength + ".." + maxLength
                        + ", but must grow and lie in 4..1048576: change min_length or max_length");
        Draws.require(
                pairs >= 1 && 4L * pairs <= minLength,
                NAME + ": min_length is " + minLength + ", but " + pairs + " pairs and their queries need at least "
                        + 4L * pairs + " tokens: take fewer pairs or longer examples");
        int most = (int) ((long) pairs * Draws.largest(minLength, maxLength) / minLength);
        Draws.require(
                tokens / 2 - 1 >= most,
                NAME + ": a vocabulary of " + tokens + " has " + (tokens / 2 - 1)
                        + " keys, but the longest examples have " + most
                        + " pairs: take a larger vocabulary or fewer pairs");
    }

    static Mqar of(KeyValues options, long seed) {
        return new Mqar(
                seed,
                options.integer("vocabulary", 256, 4, 1 << 20),
                options.integer("min_length", 64, 4, 1 << 20),
                options.integer("max_length", 256, 4, 1 << 20),
                options.integer("pairs", 8, 1, 1 << 18));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<String> words() {
        return IntStream.range(0, tokens)
                .mapToObj(i -> i == BLANK ? BLANK_WORD : (i < tokens / 2 ? "k" : "v") + i)
                .toList();
    }

    @Override
    public int maxLength() {
        return Draws.largest(minLength, maxLength);
    }

    @Override
    public Example example(long index) {
        SplittableRandom random = Draws.of(seed, index);
        int length = Draws.doubling(random, minLength, maxLength);
        int n = pairs * (length / minLength);
        int[] keys = Draws.different(random, n, tokens / 2 - 1);
        int[] values = Draws.different(random, n, tokens - tokens / 2);
        int[] gaps = gaps(random, n, (length - 2 * n) / 2);
        int[] ids = new int[length];
        int[] labels = new int[length];
        Arrays.fill(labels, Example.NONE);
        for (int i = 0; i < n; i++) {
            int key = 1 + keys[i];
            int value = tokens / 2 + values[i];
            ids[2 * i] = key;
            ids[2 * i + 1] = value;
            int query = 2 * n + 2 * gaps[i];
            ids[query] = key;
            labels[query] = value;
        }
        return new Example(ids, labels, List.of(new Example.Group("length", length)));
    }

    /**
     * {@code n} of the places 0..{@code space - 1}, drawn without replacement in proportion to g^(0.01 - 1), g from 1: the
     * first to come of exponential clocks with these rates, in the order they come.
     */
    private static int[] gaps(SplittableRandom random, int n, int space) {
        double[] clocks = new double[space];
        for (int g = 0; g < space; g++) {
            clocks[g] = -Math.log(1 - random.nextDouble()) / Math.pow(g + 1.0, POWER - 1);
        }
        return IntStream.range(0, space)
                .boxed()
                .sorted(Comparator.comparingDouble(g -> clocks[g]))
                .limit(n)
                .mapToInt(g -> g)
                .toArray();
    }
}
