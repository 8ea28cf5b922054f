package io.yoco4j.eval.synthetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.text.WordVocabulary;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every generator. */
class GeneratorsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "hop",
                "hop:max_hops=2,length=30,letters=3",
                "mqar",
                "mqar:pairs=2,min_length=9,max_length=40,vocabulary=32",
                "niah_small",
                "niah_small:haystack=text,distractors=3,min_length=49",
                "far_pairs",
                "far_pairs:pairs=32,min_distance=1,max_distance=7"
            })
    void examplesAreFunctionsOfSeedAndNumber(String spec) {
        SequenceGenerator generator = Generators.of(spec);
        SequenceGenerator again = Generators.of(spec);
        SequenceGenerator other = Generators.of(spec + (spec.contains(":") ? "," : ":") + "seed=2");
        int vocabulary = generator.vocabulary();
        assertThat(generator.words().getFirst()).isEqualTo(SequenceGenerator.BLANK_WORD);
        assertThat(new WordVocabulary(generator.words()).words()).hasSize(vocabulary);
        Set<List<Integer>> seen = new HashSet<>();
        int longest = 0;
        for (int i = 0; i < 200; i++) {
            for (Example e : List.of(generator.example(i), generator.test(i), other.example(i), other.test(i))) {
                assertThat(Arrays.stream(e.ids())).allMatch(id -> id >= 0 && id < vocabulary);
                assertThat(Arrays.stream(e.labels()))
                        .hasSize(e.ids().length)
                        .allMatch(l -> l >= Example.NONE && l < vocabulary);
                assertThat(e.labels()[e.firstLabel()]).isNotEqualTo(Example.NONE);
                assertThat(Arrays.copyOf(e.labels(), e.firstLabel())).containsOnly(Example.NONE);
                assertThat(e.groups()).isNotEmpty();
                longest = Math.max(longest, e.ids().length);
                seen.add(Arrays.stream(e.ids()).boxed().toList());
            }
            assertThat(again.example(i).ids()).isEqualTo(generator.example(i).ids());
            assertThat(again.example(i).labels()).isEqualTo(generator.example(i).labels());
        }
        assertThat(longest).isEqualTo(generator.maxLength());
        // Neither two of a kind, nor training and test, nor seeds share examples.
        assertThat(seen).hasSize(800);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            hops                                   | generator "hops" is unknown: take one of hop, mqar
            hop:max=3                              | hop: max is unknown: take any of seed, length, letters
            hop:max_hops=17                        | hop: max_hops is 17, but must lie in 0..16
            hop:min_hops=3,max_hops=2              | hop: hops are drawn from 3..2
            hop:letters=2                          | letters
            hop:length                             | hop: "length" is not of the form key=value
            mqar:min_length=31                     | 8 pairs and their queries need at least 32
            mqar:min_length=128,max_length=64      | mqar: lengths are 128..64
            mqar:vocabulary=64                     | has 31 keys, but the longest examples have 32 pairs
            niah_small:haystack=hay                | haystack is "hay", but must be one of noise, text
            niah_small:min_length=18               | 1 needles and the question need at least 19
            niah_small:distractors=5               | 6 needles and the question need at least 69
            niah_small:distractors=16              | distractors is 16
            niah_small:max_length=32               | lengths are 64..32
            far_pairs:pairs=33                     | pairs is 33
            far_pairs:min_distance=9,max_distance=8 | distances are 9..8
            far_pairs:seed=x                       | seed is "x"
            """)
    void mistakesAreNamed(String spec, String message) {
        assertThatThrownBy(() -> Generators.of(spec))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void namesAreThoseOfTheGenerators() {
        assertThat(Generators.names()).allSatisfy(name -> {
            assertThat(Generators.of(name).name()).isEqualTo(name);
            assertThat(Generators.named(name + ":x")).isTrue();
            assertThat(Generators.named(name + "x")).isFalse();
        });
    }

    @Test
    void drawsDoubleAndDoNotRepeat() {
        Set<Integer> lengths = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            lengths.add(Draws.doubling(Draws.of(3, i), 5, 47));
            int[] drawn = Draws.different(Draws.of(4, i), 6, 6);
            assertThat(drawn).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5);
        }
        assertThat(lengths).containsExactlyInAnyOrder(5, 10, 20, 40);
        assertThat(Draws.largest(5, 47)).isEqualTo(40);
        assertThat(Draws.largest(5, 5)).isEqualTo(5);
    }
}
