package io.yoco4j.eval.synthetic;

import io.yoco4j.core.KeyValues;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/**
 * k-hop induction heads (Sanford, Hsu and Telgarsky 2024, "Transformers, Parallel Computation, and Logarithmic Depth"). Over a
 * string X of letters, {@code find(i) = max({0} + {j <= i : X[j - 1] = X[i]})}, positions from 1: the letter after the previous
 * occurrence of the current one. The answer at i is the letter at {@code find(find(...(i)))}, k times, or {@code ~} once
 * there was none; with k = 0 it is the letter itself. No letter equals its neighbour.
 *
 * <p>The first token is k, drawn evenly; letters follow, and each has a label. Groups: {@code k}.
 *
 * @param seed of the examples
 * @param length tokens, k among them
 * @param letters of the alphabet, from 3
 * @param minHops least k
 * @param maxHops greatest k, up to {@value #MAX_HOPS}
 */
public record KHop(long seed, int length, int letters, int minHops, int maxHops) implements SequenceGenerator {
    static final String NAME = "hop";

    /** The greatest k; each has a token, drawn or not, so that models of fewer hops can be asked for more. */
    public static final int MAX_HOPS = 16;

    private static final int NOWHERE = 1;
    private static final int FIRST_HOPS = 2;
    private static final int FIRST_LETTER = FIRST_HOPS + MAX_HOPS + 1;

    public KHop {
        Draws.require(
                length >= 2 && letters >= 3 && letters <= 26,
                NAME + ": a string of " + (length - 1) + " from " + letters + " letters is none of this task: take a"
                        + " length from 2 and 3 to 26 letters");
        Draws.require(
                0 <= minHops && minHops <= maxHops && maxHops <= MAX_HOPS,
                NAME + ": hops are drawn from " + minHops + ".." + maxHops + ", but must lie in 0.." + MAX_HOPS);
    }

    static KHop of(KeyValues options, long seed) {
        return new KHop(
                seed,
                options.integer("length", 100, 2, 1 << 20),
                options.integer("letters", 4, 3, 26),
                options.integer("min_hops", 0, 0, MAX_HOPS),
                options.integer("max_hops", MAX_HOPS, 0, MAX_HOPS));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<String> words() {
        List<String> words = new ArrayList<>(List.of(BLANK_WORD, "~"));
        for (int k = 0; k <= MAX_HOPS; k++) {
            words.add(String.valueOf(k));
        }
        for (int l = 0; l < letters; l++) {
            words.add(String.valueOf((char) ('a' + l)));
        }
        return words;
    }

    @Override
    public OptionalInt noAnswer() {
        return OptionalInt.of(NOWHERE);
    }

    @Override
    public int maxLength() {
        return length;
    }

    @Override
    public Example example(long index) {
        SplittableRandom random = Draws.of(seed, index);
        int k = random.nextInt(minHops, maxHops + 1);
        int[] string = new int[length - 1];
        string[0] = random.nextInt(letters);
        for (int i = 1; i < string.length; i++) {
            // Any but the one before: as many steps on, round the alphabet.
            string[i] = (string[i - 1] + 1 + random.nextInt(letters - 1)) % letters;
        }
        int[] ids = new int[length];
        int[] labels = new int[length];
        ids[0] = FIRST_HOPS + k;
        labels[0] = Example.NONE;
        int[] places = hops(string, k);
        for (int i = 0; i < string.length; i++) {
            ids[i + 1] = FIRST_LETTER + string[i];
            labels[i + 1] = places[i] < 0 ? NOWHERE : FIRST_LETTER + string[places[i]];
        }
        return new Example(ids, labels, List.of(new Example.Group("k", k)));
    }

    /** Where {@code k} hops from each position lead, from 0; -1 for nowhere. */
    static int[] hops(int[] string, int k) {
        int[] one = new int[string.length];
        int[] last = new int[1 + Arrays.stream(string).max().orElse(0)];
        Arrays.fill(last, -1);
        for (int i = 0; i < string.length; i++) {
            one[i] = last[string[i]] < 0 ? -1 : last[string[i]] + 1;
            last[string[i]] = i;
        }
        int[] places = new int[string.length];
        for (int i = 0; i < string.length; i++) {
            int at = i;
            for (int hop = 0; hop < k && at >= 0; hop++) {
                at = one[at];
            }
            places[i] = at;
        }
        return places;
    }
}
