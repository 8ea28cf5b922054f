package io.yoco4j.eval.synthetic;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.eval.synthetic.NoiseNeedle.Haystack;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Generators that ask for something of the context: it is there, once, where they say. */
class RetrievalTest {
    private static int value(Example e, String by) {
        return e.groups().stream()
                .filter(g -> g.by().equals(by))
                .mapToInt(Example.Group::value)
                .findFirst()
                .orElseThrow();
    }

    private static List<Integer> labelled(Example e) {
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < e.labels().length; i++) {
            if (e.labels()[i] != Example.NONE) {
                places.add(i);
            }
        }
        return places;
    }

    /** Values of the pairs that an example begins with, by key. */
    private static Map<Integer, Integer> pairs(Example e, int count) {
        Map<Integer, Integer> pairs = new HashMap<>();
        for (int i = 0; i < count; i++) {
            pairs.put(e.ids()[2 * i], e.ids()[2 * i + 1]);
        }
        assertThat(pairs).as("keys differ").hasSize(count);
        return pairs;
    }

    @Test
    void mqarAsksForEveryKeyOnce() {
        Mqar generator = new Mqar(1, 256, 64, 256, 8);
        Set<Integer> lengths = new HashSet<>();
        int near = 0;
        int queries = 0;
        for (int n = 0; n < 300; n++) {
            Example e = generator.example(n);
            int length = e.ids().length;
            lengths.add(length);
            assertThat(value(e, "length")).isEqualTo(length);
            int count = length / 8;
            Map<Integer, Integer> pairs = pairs(e, count);
            assertThat(pairs.keySet()).allMatch(k -> k >= 1 && k < 128);
            assertThat(pairs.values()).allMatch(v -> v >= 128 && v < 256).doesNotHaveDuplicates();
            assertThat(labelled(e)).hasSize(count);
            Set<Integer> asked = new HashSet<>();
            for (int at : labelled(e)) {
                assertThat(at).isGreaterThanOrEqualTo(2 * count).isEven();
                asked.add(e.ids()[at]);
                assertThat(e.labels()[at]).isEqualTo(pairs.get(e.ids()[at]));
                near += at < 2 * count + (length - 2 * count) / 2 ? 1 : 0;
                queries++;
            }
            assertThat(asked).isEqualTo(pairs.keySet());
            for (int i = 2 * count; i < length; i++) {
                assertThat(e.labels()[i] != Example.NONE || e.ids()[i] == SequenceGenerator.BLANK)
                        .isTrue();
            }
        }
        assertThat(lengths).containsExactlyInAnyOrder(64, 128, 256);
        // The power law puts most queries in the nearer half.
        assertThat((double) near / queries).isBetween(0.6, 0.9);
    }

    @ParameterizedTest
    @EnumSource
    void needlesLieInTheHaystackOnce(Haystack haystack) {
        NoiseNeedle generator = new NoiseNeedle(1, haystack, 3, 64, 256);
        List<String> words = generator.words();
        Set<Integer> tenths = new HashSet<>();
        for (int n = 0; n < 300; n++) {
            Example e = generator.example(n);
            List<String> text = Arrays.stream(e.ids()).mapToObj(words::get).toList();
            int length = text.size();
            assertThat(value(e, "length")).isEqualTo(length);
            // what KEY is d d d d d d, and the labels are the seven digits from "is" on.
            assertThat(text.get(length - 9)).isEqualTo("what");
            String key = text.get(length - 8);
            assertThat(text.get(length - 7)).isEqualTo("is");
            int answer = length - 7;
            assertThat(labelled(e))
                    .containsExactly(answer, answer + 1, answer + 2, answer + 3, answer + 4, answer + 5, answer + 6);
            List<String> digits =
                    labelled(e).stream().map(i -> words.get(e.labels()[i])).toList();
            assertThat(text.subList(length - 6, length)).isEqualTo(digits.subList(0, 6));
            assertThat(digits).allMatch(d -> d.matches("\\d"));

            int needle = text.indexOf(key);
            assertThat(text.subList(needle + 1, length - 9)).doesNotContain(key);
            assertThat(text.get(needle + 1)).isEqualTo("is");
            assertThat(text.subList(needle + 2, needle + 9)).isEqualTo(digits);
            assertThat(text.get(needle + 9)).isEqualTo(".");
            assertThat(value(e, "distance from")).isEqualTo(Integer.highestOneBit(answer - needle - 2));
            tenths.add(10 * needle / (length - 9));
            assertThat(text.subList(0, length - 9).stream().filter(w -> w.matches("\\d")))
                    .as("digits of four needles")
                    .hasSize(28);
            assertThat(text.contains("grass") || haystack != Haystack.NOISE || length < 128)
                    .isTrue();
        }
        assertThat(tenths).as("anywhere").hasSizeGreaterThanOrEqualTo(9);
    }

    @Test
    void noiseIsRulersAndTextIsRandom() {
        NoiseNeedle noise = new NoiseNeedle(1, Haystack.NOISE, 0, 64, 64);
        assertThat(noise.example(0).ids()).hasSize(64);
        String text = String.join(
                " ",
                Arrays.stream(noise.example(0).ids())
                        .mapToObj(noise.words()::get)
                        .toList());
        String hay = text.replaceFirst("[a-z]+ is (\\d ){7}\\. ", "").replaceFirst("what .*", "");
        assertThat(("the grass is green . the sky is blue . the sun is yellow . here we go . there and back again . "
                        .repeat(3)))
                .startsWith(hay);
        assertThat(hay.split(" ")).hasSize(64 - 10 - 9);
        NoiseNeedle random = new NoiseNeedle(1, Haystack.TEXT, 0, 1024, 1024);
        Map<String, Integer> counts = new HashMap<>();
        for (int id : random.example(0).ids()) {
            counts.merge(random.words().get(id), 1, Integer::sum);
        }
        assertThat(Objects.requireNonNull(counts.get("w0"))).isGreaterThan(counts.getOrDefault("w40", 0));
        assertThat(Objects.requireNonNull(counts.get("."))).isBetween(1024 / 13, 1024 / 5);
        assertThat(counts).hasSizeGreaterThan(50);
    }

    @Test
    void mixedHaystacksAreOfOneKindEach() {
        NoiseNeedle mixed = new NoiseNeedle(1, Haystack.MIXED, 0, 64, 256);
        int noise = 0;
        Set<Integer> seen = new HashSet<>();
        for (int n = 0; n < 300; n++) {
            Example e = mixed.example(n);
            List<String> text =
                    Arrays.stream(e.ids()).mapToObj(mixed.words()::get).toList();
            boolean grass = text.contains("grass");
            noise += grass ? 1 : 0;
            assertThat(text.stream().anyMatch(w -> w.matches("w\\d+"))).isNotEqualTo(grass);
            assertThat(mixed.example(n).ids()).isEqualTo(e.ids());
            Arrays.stream(e.ids()).forEach(seen::add);
        }
        assertThat(noise).isBetween(120, 180);
        assertThat(seen).as("all words but the blank are trained on").hasSize(mixed.vocabulary() - 1);
    }

    @Test
    void farValuesAreBeyondTheDistance() {
        FarPairs generator = new FarPairs(1, 5, 16, 64);
        Set<Integer> distances = new HashSet<>();
        for (int n = 0; n < 200; n++) {
            Example e = generator.example(n);
            int distance = value(e, "distance");
            distances.add(distance);
            Map<Integer, Integer> pairs = pairs(e, 5);
            assertThat(e.ids()).hasSize(15 + distance);
            Set<Integer> asked = new HashSet<>();
            for (int at : labelled(e)) {
                asked.add(e.ids()[at]);
                assertThat(e.labels()[at]).isEqualTo(pairs.get(e.ids()[at]));
                int key = 0;
                while (e.ids()[key] != e.ids()[at]) {
                    key++;
                }
                assertThat(at - (key + 1)).isGreaterThan(distance);
            }
            assertThat(asked).isEqualTo(pairs.keySet());
            assertThat(Arrays.stream(e.ids(), 10, 10 + distance)).allMatch(id -> id >= 65);
        }
        assertThat(distances).containsExactlyInAnyOrder(16, 32, 64);
    }
}
