package io.yoco4j.eval.synthetic;

import io.yoco4j.core.InvalidInputException;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Random choices that all generators make. */
final class Draws {
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;

    private Draws() {}

    /** The random numbers of an example. Mixed twice: numbers of neighbouring seeds must not be each other's, shifted. */
    static SplittableRandom of(long seed, long index) {
        long mixed = new SplittableRandom(seed * MULTIPLIER).nextLong();
        return new SplittableRandom(new SplittableRandom(mixed ^ index).nextLong());
    }

    /** {@code count} different numbers below {@code bound}, in random order. */
    static int[] different(SplittableRandom random, int count, int bound) {
        int[] all = IntStream.range(0, bound).toArray();
        for (int i = 0; i < count; i++) {
            int other = random.nextInt(i, bound);
            int kept = all[i];
            all[i] = all[other];
            all[other] = kept;
        }
        return Arrays.copyOf(all, count);
    }

    /** One of {@code min}, 2 {@code min}, 4 {@code min}, ... up to {@code max}. */
    static int doubling(SplittableRandom random, int min, int max) {
        return min << random.nextInt(doublings(min, max) + 1);
    }

    /** The largest that {@link #doubling} draws. */
    static int largest(int min, int max) {
        return min << doublings(min, max);
    }

    private static int doublings(int min, int max) {
        int times = 0;
        while ((long) min << times + 1 <= max) {
            times++;
        }
        return times;
    }

    /** Refuses options that do not go together. */
    static void require(boolean holds, String message) {
        if (!holds) {
            throw new InvalidInputException(message);
        }
    }
}
