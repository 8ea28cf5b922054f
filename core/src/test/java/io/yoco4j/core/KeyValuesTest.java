package io.yoco4j.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyValuesTest {
    @Test
    void whatIsNotGivenHasItsDefault() {
        KeyValues options = KeyValues.parse("x", "b=7, word = two");
        assertThat(options.integer("a", 3, 0, 9)).isEqualTo(3);
        assertThat(options.integer("b", 3, 0, 9)).isEqualTo(7);
        assertThat(options.choice("word", "one", Set.of("one", "two"))).isEqualTo("two");
        options.requireKnown();
        KeyValues.parse("x", "").requireKnown();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a         | "a" is not of the form key=value
            a=        | "a=" is not of the form key=value
            =1        | "=1" is not of the form key=value
            a=1,      | "" is not of the form key=value
            a=1,a=2   | a is given twice
            a=x       | a is "x", but must be a whole number
            a=10      | a is 10, but must lie in 0..9
            word=tree | word is "tree", but must be one of
            c=1       | c is unknown: take any of a, word
            """)
    void mistakesAreNamed(String text, String message) {
        assertThatThrownBy(() -> {
                    KeyValues options = KeyValues.parse("--thing", text);
                    options.integer("a", 0, 0, 9);
                    options.choice("word", "one", Set.of("one", "two"));
                    options.requireKnown();
                })
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("--thing: ")
                .hasMessageContaining(message);
    }
}
