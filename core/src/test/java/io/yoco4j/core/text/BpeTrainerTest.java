package io.yoco4j.core.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpeTrainerTest {
    private static BpeVocabulary train(int size, String... documents) {
        return BpeTrainer.builder().vocabularySize(size).build().train(Stream.of(documents));
    }

    /**
     * The pieces are "low", " low" x 2, " lower" x 2, " new" x 2. First "lo" and "ow" occur 5 times each, and "lo" has the smaller left
     * byte; then (lo, w) 5; (space, low) 4; then "er", "ew", "ne", "we" occur no more than twice: (space, n) 2 has the smallest
     * left symbol.
     */
    @Test
    void mergesByHand() {
        BpeVocabulary vocabulary = train(262, "low low low lower lower", " new new");
        assertThat(vocabulary.merges()).containsExactly("l o", "lo w", "Ġ low", "Ġ n", "e r");
        assertThat(vocabulary.tokens().subList(257, 262)).containsExactly("lo", "low", "Ġlow", "Ġn", "er");
        assertThat(vocabulary.tokens().subList(0, 3)).containsExactly("<|endoftext|>", "Ā", "ā");
        assertThat(vocabulary.tokens().get(1 + 'A')).isEqualTo("A");
        assertThat(vocabulary.tokens().get(1 + 0xFF)).isEqualTo("ÿ");
    }

    @Test
    void aSmallCorpusGivesFewerIds() {
        BpeVocabulary vocabulary = train(4096, "abab abab");
        assertThat(vocabulary.merges()).containsExactly("a b", "ab ab");
        assertThat(vocabulary.vocabularySize()).isEqualTo(259);
        assertThat(train(4096).vocabularySize()).isEqualTo(257);
        assertThat(train(4096, "", "").vocabularySize()).isEqualTo(257);
        try (Tokenizer tokenizer = Tokenizer.parse(vocabulary.json())) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(259);
        }
    }

    @Test
    void rarerPairsThanTheMinimumAreNotMerged() {
        assertThat(BpeTrainer.builder()
                        .minFrequency(3)
                        .build()
                        .train(Stream.of("ab;ab;ab;cd;cd"))
                        .merges())
                .containsExactly("a b");
    }

    @Test
    void theSpecialTokenIsNotPartOfTheText() {
        assertThat(train(300, "<|endoftext|>".repeat(10)).merges()).isEmpty();
        assertThat(train(300, "xyz<|endoftext|>xyz").merges()).containsExactly("x y", "xy z");
    }

    @Test
    void onlyTheFirstBytesAreRead() {
        BpeTrainer trainer =
                BpeTrainer.builder().vocabularySize(300).maxBytes(1000).build();
        assertThat(trainer.train(Stream.generate(() -> "ééé ")).merges()).containsExactly("Ã ©", "Ã© Ã©", "Ã©Ã© Ã©");
        // "é;é", and the fourth letter does not fit whole
        assertThat(BpeTrainer.builder()
                        .maxBytes(6)
                        .build()
                        .train(Stream.of("é;éééé", "zz;zz;zz"))
                        .merges())
                .containsExactly("Ã ©");
    }

    @Test
    void loneSurrogatesAreReplaced() {
        assertThat(train(300, "\uD800;\uDC00").tokens()).contains("ï¿½");
    }

    @Test
    void overlappingPairsAreMergedFromTheLeft() {
        assertThat(train(300, "aaaaa;aaaaa").merges()).containsExactly("a a", "aa a", "aa aaa");
    }

    /** Against BPE by the book; and a training text is encoded as training left it. */
    @Property(tries = 100)
    void mergesAreThoseOfTheReference(
            @ForAll("corpora") String text,
            @ForAll @IntRange(min = 0, max = 40) int merges,
            @ForAll @IntRange(min = 1, max = 3) int minimum) {
        ReferenceBpe reference = new ReferenceBpe(text);
        List<PairMerger.Merge> expected = reference.train(merges, minimum);
        BpeVocabulary trained = BpeTrainer.builder()
                .vocabularySize(257 + merges)
                .minFrequency(minimum)
                .build()
                .train(Stream.of(text));
        assertThat(trained.merges()).isEqualTo(new BpeVocabulary(expected).merges());
        try (Tokenizer tokenizer = Tokenizer.parse(trained.json())) {
            assertThat(tokenizer.encode(text)).isEqualTo(reference.ids(text));
        }
    }

    @Provide
    Arbitrary<String> corpora() {
        Arbitrary<String> few = Arbitraries.strings().withChars('a', 'b', ' ').ofMaxLength(120);
        Arbitrary<String> some = Arbitraries.strings()
                .withChars('a', 'b', 'c', 'd', ' ', '\n', ';', '1', 'é')
                .ofMaxLength(200);
        return Arbitraries.oneOf(few, some, Texts.tricky());
    }

    @Test
    void theSameDocumentsGiveTheSameVocabulary() {
        List<String> documents = javaLike(200);
        BpeTrainer trainer = BpeTrainer.builder().vocabularySize(700).build();
        assertThat(trainer.train(documents.stream()).json())
                .isEqualTo(trainer.train(documents.stream()).json());
    }

    @Test
    void trainedVocabulariesCompress() {
        List<String> documents = javaLike(2000);
        BpeVocabulary vocabulary =
                BpeTrainer.builder().vocabularySize(1024).build().train(documents.stream());
        assertThat(vocabulary.vocabularySize()).isEqualTo(1024);
        String unseen = String.join("", javaLike(2100).subList(2000, 2100));
        int bytes = unseen.getBytes(StandardCharsets.UTF_8).length;
        try (Tokenizer tokenizer = Tokenizer.parse(vocabulary.json())) {
            int[] ids = tokenizer.encode(unseen);
            assertThat(ids.length).isLessThan(bytes / 3);
            assertThat(tokenizer.decode(ids)).isEqualTo(unseen);
        }
    }

    /** Methods of words made of syllables, so that there is something to find at every length. */
    private static List<String> javaLike(int count) {
        Random random = new Random(7);
        String[] syllables = {
            "get", "set", "read", "line", "to", "key", "map", "er", "ing", "ta", "ble", "sum", "un", "lo", "ck"
        };
        Stream<String> words = Stream.generate(() -> {
            StringBuilder word = new StringBuilder();
            for (int i = 1 + random.nextInt(3); i > 0; i--) {
                word.append(syllables[(int) (syllables.length * Math.pow(random.nextDouble(), 2))]);
            }
            return word.toString();
        });
        String[] lexicon = words.limit(400).toArray(String[]::new);
        return IntStream.range(0, count)
                .mapToObj(_ -> "    public int %s(String %s) {\n        return %s.%s(%d) + 1;\n    }\n\n"
                        .formatted(
                                lexicon[random.nextInt(400)],
                                lexicon[random.nextInt(20)],
                                lexicon[random.nextInt(20)],
                                lexicon[random.nextInt(100)],
                                random.nextInt(2000)))
                .toList();
    }

    @Test
    void writesTheFileWhole(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, "the one before");
        BpeVocabulary vocabulary = train(300, "hello hello");
        vocabulary.write(file);
        assertThat(file).hasContent(vocabulary.json());
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
        try (Tokenizer tokenizer = Tokenizer.load(file)) {
            assertThat(tokenizer.json()).isEqualTo(vocabulary.json());
            assertThat(tokenizer.endOfText()).hasValue(0);
        }
    }

    @Test
    void writingNowhereSaysSo(@TempDir Path folder) {
        assertThatThrownBy(() -> train(300).write(folder.resolve("missing").resolve("tokenizer.json")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("missing")
                .hasMessageContaining("folder does not exist");
    }

    @Test
    void optionsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> BpeTrainer.builder().vocabularySize(256).build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("256")
                .hasMessageContaining("257");
        assertThatThrownBy(() ->
                        BpeTrainer.builder().vocabularySize(Integer.MAX_VALUE).build())
                .isInstanceOf(InvalidInputException.class);
        assertThatThrownBy(() -> BpeTrainer.builder().minFrequency(0).build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("minimum frequency");
        assertThatThrownBy(() -> BpeTrainer.builder().maxBytes(0).build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("0 bytes");
    }
}
