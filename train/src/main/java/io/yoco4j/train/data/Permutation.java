package io.yoco4j.train.data;

/**
 * A pseudo-random permutation of 0..n-1 in constant memory: a Feistel network (Luby and Rackoff 1988) over the next even
 * power of two, walked along its cycle until it falls below n (Black and Rogaway 2002), four steps on average at most.
 */
final class Permutation {
    private static final int ROUNDS = 6;

    private final long n;
    private final int halfBits;
    private final long mask;
    private final long key;

    /** @param n at least 1 and at most 2^62 */
    Permutation(long n, long key) {
        if (n < 1 || n > 1L << 62) {
            throw new IllegalArgumentException("a permutation of " + n + " numbers");
        }
        this.n = n;
        this.halfBits = Math.max(1, (64 - Long.numberOfLeadingZeros(n - 1) + 1) / 2);
        this.mask = (1L << halfBits) - 1;
        this.key = key;
    }

    /** Where {@code i}, 0 <= i < n, goes. */
    long apply(long i) {
        long x = i;
        do {
            x = feistel(x);
        } while (x >= n);
        return x;
    }

    private long feistel(long x) {
        long left = x >>> halfBits;
        long right = x & mask;
        for (int round = 0; round < ROUNDS; round++) {
            long next = left ^ (mix(key, right + ((long) round << 32)) & mask);
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }

    /** A hash of two numbers: the finalizer of SplitMix64 (Steele, Lea and Flood 2014), applied to each. */
    static long mix(long a, long b) {
        return finish(finish(a + 0x9E3779B97F4A7C15L) ^ b);
    }

    private static long finish(long z) {
        long x = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
        return x ^ (x >>> 31);
    }
}
