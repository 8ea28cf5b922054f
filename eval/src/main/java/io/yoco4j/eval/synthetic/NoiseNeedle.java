package io.yoco4j.eval.synthetic;

import io.yoco4j.core.KeyValues;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Needles in a haystack after S-NIAH-1 and S-NIAH-2 of RULER (Hsieh et al. 2024), in about a hundred words of their own, so
 * that a small model can be trained on them from scratch. A needle is {@code KEY is 4 8 0 1 9 3 7 .}, seven digits; it lies
 * anywhere, evenly, and at the end stands {@code what KEY is}, where the number is asked for: its digits are the labels, and
 * all but the last follow as tokens. The haystack is RULER's repeated noise, or sentences of random words, some common and
 * most rare (a Zipf law), or either of them by example; needles of other keys may lie there too.
 *
 * <p>Groups: {@code length}; {@code distance from}, how far back the number begins, rounded down to a power of two.
 *
 * @param seed of the examples
 * @param haystack what lies around the needles
 * @param distractors needles that are not asked for
 * @param minLength least tokens of an example
 * @param maxLength most tokens; lengths are minLength and its doubles
 */
public record NoiseNeedle(long seed, Haystack haystack, int distractors, int minLength, int maxLength)
        implements SequenceGenerator {
    static final String NAME = "niah_small";

    /** What lies around the needles. */
    public enum Haystack {
        /** The same few sentences over and over. */
        NOISE,
        /** Sentences of random words. */
        TEXT,
        /** Either by example: to train on, since a model of one alone has never seen the other's words. */
        MIXED
    }

    private static final List<String> KEYS = List.of(
            "river", "candle", "harbor", "violin", "meadow", "lantern", "copper", "orchard", "glacier", "pepper",
            "saddle", "tunnel", "walnut", "anchor", "mirror", "basket");
    private static final List<String> NOISE =
            List.of(("the grass is green . the sky is blue . the sun is yellow . here we go . there and back again .")
                    .split(" "));
    private static final int TEXT_WORDS = 64;
    private static final int SHORTEST_SENTENCE = 4;
    private static final int LONGEST_SENTENCE = 12;

    private static final int DIGITS = 7;
    /** KEY is, digits, and the stop. */
    private static final int NEEDLE = 2 + DIGITS + 1;
    /** what KEY is, and all digits but the last. */
    private static final int QUESTION = 3 + DIGITS - 1;

    private static final List<String> WORDS = vocabularyWords();
    private static final int FIRST_DIGIT = id("0");
    private static final int WHAT = id("what");
    private static final int IS = id("is");
    private static final int STOP = id(".");
    private static final int FIRST_KEY = id(KEYS.getFirst());
    private static final int FIRST_TEXT = id("w0");
    private static final int[] NOISE_IDS =
            NOISE.stream().mapToInt(NoiseNeedle::id).toArray();
    private static final double[] CUMULATIVE = zipf();

    public NoiseNeedle {
        Draws.require(
                distractors >= 0 && distractors < KEYS.size(),
                NAME + ": distractors are " + distractors + ", but must lie in 0.." + (KEYS.size() - 1));
        int least = (1 + distractors) * NEEDLE + QUESTION;
        Draws.require(
                minLength >= least,
                NAME + ": min_length is " + minLength + ", but " + (1 + distractors)
                        + " needles and the question need at least " + least
                        + " tokens: take fewer distractors or longer examples");
        Draws.require(
                minLength <= maxLength && maxLength <= 1 << 24,
                NAME + ": lengths are " + minLength + ".." + maxLength
                        + ", but must grow and be at most 16777216: change min_length or max_length");
    }

    static NoiseNeedle of(KeyValues options, long seed) {
        Set<String> haystacks = new LinkedHashSet<>();
        for (Haystack h : Haystack.values()) {
            haystacks.add(h.name().toLowerCase(Locale.ROOT));
        }
        return new NoiseNeedle(
                seed,
                Haystack.valueOf(options.choice("haystack", "noise", haystacks).toUpperCase(Locale.ROOT)),
                options.integer("distractors", 0, 0, KEYS.size() - 1),
                options.integer("min_length", 64, 1, 1 << 24),
                options.integer("max_length", 256, 1, 1 << 24));
    }

    private static List<String> vocabularyWords() {
        Set<String> words = new LinkedHashSet<>();
        words.add(BLANK_WORD);
        for (int d = 0; d < 10; d++) {
            words.add(String.valueOf(d));
        }
        words.addAll(List.of("what", "is", "."));
        words.addAll(KEYS);
        words.addAll(NOISE);
        for (int w = 0; w < TEXT_WORDS; w++) {
            words.add("w" + w);
        }
        return List.copyOf(words);
    }

    private static int id(String word) {
        return WORDS.indexOf(word);
    }

    private static double[] zipf() {
        double[] cumulative = new double[TEXT_WORDS];
        double sum = 0;
        for (int w = 0; w < TEXT_WORDS; w++) {
            sum += 1.0 / (w + 1);
            cumulative[w] = sum;
        }
        return cumulative;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<String> words() {
        return WORDS;
    }

    @Override
    public int maxLength() {
        return Draws.largest(minLength, maxLength);
    }

    /** A key's number, before a place of the haystack. */
    private record Needle(int key, int[] digits, int place) {}

    @Override
    public Example example(long index) {
        SplittableRandom random = Draws.of(seed, index);
        int length = Draws.doubling(random, minLength, maxLength);
        int hay = length - QUESTION - (1 + distractors) * NEEDLE;
        List<Needle> needles = new ArrayList<>();
        for (int key : Draws.different(random, 1 + distractors, KEYS.size())) {
            int[] digits = random.ints(DIGITS, FIRST_DIGIT, FIRST_DIGIT + 10).toArray();
            needles.add(new Needle(FIRST_KEY + key, digits, random.nextInt(hay + 1)));
        }
        Needle asked = needles.getFirst();
        boolean noise = haystack == Haystack.MIXED ? random.nextBoolean() : haystack == Haystack.NOISE;
        int[] straws = noise ? noise(hay) : text(random, hay);
        int[] ids = new int[length];
        int at = 0;
        int begin = 0;
        for (int place = 0; place <= hay; place++) {
            for (Needle needle : needles) {
                if (needle.place == place) {
                    begin = needle == asked ? at + 2 : begin;
                    at = put(ids, at, needle.key, IS);
                    at = put(ids, put(ids, at, needle.digits), STOP);
                }
            }
            if (place < hay) {
                ids[at++] = straws[place];
            }
        }
        at = put(ids, at, WHAT, asked.key, IS);
        put(ids, at, Arrays.copyOf(asked.digits, DIGITS - 1));
        int[] labels = new int[length];
        Arrays.fill(labels, Example.NONE);
        put(labels, at - 1, asked.digits);
        return new Example(
                ids,
                labels,
                List.of(
                        new Example.Group("length", length),
                        new Example.Group("distance from", Integer.highestOneBit(at - 1 - begin))));
    }

    private static int put(int[] into, int at, int... tokens) {
        System.arraycopy(tokens, 0, into, at, tokens.length);
        return at + tokens.length;
    }

    private static int[] noise(int count) {
        int[] straws = new int[count];
        Arrays.setAll(straws, i -> NOISE_IDS[i % NOISE_IDS.length]);
        return straws;
    }

    private static int[] text(SplittableRandom random, int count) {
        int[] straws = new int[count];
        int left = random.nextInt(SHORTEST_SENTENCE, LONGEST_SENTENCE + 1);
        for (int i = 0; i < count; i++) {
            if (left == 0) {
                straws[i] = STOP;
                left = random.nextInt(SHORTEST_SENTENCE, LONGEST_SENTENCE + 1);
            } else {
                int w = Arrays.binarySearch(CUMULATIVE, random.nextDouble() * CUMULATIVE[TEXT_WORDS - 1]);
                straws[i] = FIRST_TEXT + Math.min(TEXT_WORDS - 1, w < 0 ? ~w : w);
                left--;
            }
        }
        return straws;
    }
}
