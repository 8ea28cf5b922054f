package io.yoco4j.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class PermutationTest {
    @Property(tries = 200)
    void isABijection(@ForAll @IntRange(min = 1, max = 5000) int n, @ForAll long key) {
        Permutation permutation = new Permutation(n, key);
        BitSet seen = new BitSet(n);
        for (int i = 0; i < n; i++) {
            long to = permutation.apply(i);
            assertThat(to).isBetween(0L, n - 1L);
            seen.set((int) to);
        }
        assertThat(seen.cardinality()).isEqualTo(n);
    }

    @Property(tries = 200)
    void staysWithinLargeSizes(@ForAll @LongRange(min = 1, max = 1L << 62) long n, @ForAll long key) {
        Permutation permutation = new Permutation(n, key);
        for (long i : new long[] {0, n / 2, n - 1}) {
            assertThat(permutation.apply(i)).isBetween(0L, n - 1);
        }
    }

    /** Of 1000 places, about one keeps its number and about half lie in the upper half. */
    @Property(tries = 50)
    void looksRandom(@ForAll long key) {
        Permutation permutation = new Permutation(1000, key);
        int fixed = 0;
        int upper = 0;
        for (int i = 0; i < 500; i++) {
            fixed += permutation.apply(i) == i ? 1 : 0;
            upper += permutation.apply(i) >= 500 ? 1 : 0;
        }
        assertThat(fixed).isLessThan(15);
        assertThat(upper).isBetween(175, 325);
    }
}
