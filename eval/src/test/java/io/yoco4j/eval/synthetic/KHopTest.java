package io.yoco4j.eval.synthetic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KHopTest {
    private static int[] string(String letters) {
        return letters.chars().map(c -> c - 'a').toArray();
    }

    /** Over letters, "~" for none. */
    private static String answers(String letters, int k) {
        StringBuilder text = new StringBuilder();
        for (int place : KHop.hops(string(letters), k)) {
            text.append(place < 0 ? '~' : letters.charAt(place));
        }
        return text.toString();
    }

    @Test
    void hopsByHand() {
        // Positions 0..7. One hop: a at 3 was at 0, so 1 (b); b at 4 was at 1, so 2 (c); c at 6 was at 2, so 3 (a); b
        // at 7
        // was at 4, so 5 (d). Two: from 3 to 1, whose b is new: none; from 4 to 2, none; from 6 to 3 to 1; from 7 to 5,
        // none.
        assertThat(answers("abcabdcb", 0)).isEqualTo("abcabdcb");
        assertThat(answers("abcabdcb", 1)).isEqualTo("~~~bc~ad");
        assertThat(answers("abcabdcb", 2)).isEqualTo("~~~~~~b~");
        assertThat(answers("abcabdcb", 3)).isEqualTo("~~~~~~~~");
        // Back and forth: from i to i - 1, and nowhere from the first two.
        assertThat(answers("ababab", 1)).isEqualTo("~~baba");
        assertThat(answers("ababab", 2)).isEqualTo("~~~bab");
        assertThat(answers("ababab", 4)).isEqualTo("~~~~~b");
    }

    /** The paper's definition, position by position: find(i) = max({0} + {j <= i : X[j-1] = X[i]}), from 1. */
    private static int find(int[] x, int i) {
        int found = 0;
        for (int j = 2; j <= i; j++) {
            if (x[j - 2] == x[i - 1]) {
                found = j;
            }
        }
        return found;
    }

    @Test
    void labelsAreThePapers() {
        KHop generator = new KHop(5, 60, 4, 0, KHop.MAX_HOPS);
        List<String> words = generator.words();
        Set<Integer> hops = new HashSet<>();
        for (int n = 0; n < 300; n++) {
            Example e = generator.example(n);
            int k = Integer.parseInt(words.get(e.ids()[0]));
            hops.add(k);
            assertThat(e.groups()).containsExactly(new Example.Group("k", k));
            assertThat(e.labels()[0]).isEqualTo(Example.NONE);
            int[] x = Arrays.copyOfRange(e.ids(), 1, 60);
            for (int i = 1; i <= x.length; i++) {
                assertThat(i == 1 || x[i - 1] != x[i - 2])
                        .as("neighbours differ")
                        .isTrue();
                int at = i;
                for (int hop = 0; hop < k && at > 0; hop++) {
                    at = find(x, at);
                }
                assertThat(words.get(e.labels()[i])).isEqualTo(at == 0 ? "~" : words.get(x[at - 1]));
            }
        }
        assertThat(hops).hasSize(17);
    }

    @Test
    void fewerHopsHaveTheSameVocabulary() {
        assertThat(new KHop(1, 10, 4, 2, 3).words())
                .isEqualTo(new KHop(1, 100, 4, 0, 16).words())
                .startsWith("_", "~", "0", "1")
                .endsWith("16", "a", "b", "c", "d");
        assertThat(new KHop(1, 100, 4, 0, 16).vocabulary()).isEqualTo(23);
    }
}
