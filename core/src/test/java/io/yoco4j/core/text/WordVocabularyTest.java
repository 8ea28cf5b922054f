package io.yoco4j.core.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.util.List;
import org.junit.jupiter.api.Test;

class WordVocabularyTest {
    @Test
    void wordsBecomeTheirIdsAndComeBack() {
        WordVocabulary words = new WordVocabulary(List.of("_", "12", "a", "?", "~"));
        try (Tokenizer tokenizer = Tokenizer.parse(words.json())) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(5);
            assertThat(tokenizer.encode("12 a ~  ?\n_ a")).containsExactly(1, 2, 4, 3, 0, 2);
            assertThat(tokenizer.encode("a? b a")).containsExactly(0, 0, 2);
            assertThat(tokenizer.decode(new int[] {1, 2, 4, 3, 0})).isEqualTo("12 a ~ ? _");
            assertThat(tokenizer.endOfText()).isEmpty();
        }
    }

    @Test
    void wordsAreDifferentAndWhole() {
        for (List<String> words : List.of(List.of("a", "a"), List.of("a b"), List.of(""), List.<String>of())) {
            assertThatThrownBy(() -> new WordVocabulary(words)).isInstanceOf(InvalidInputException.class);
        }
    }
}
