package io.yoco4j.core;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CountsTest {
    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "4096, 4096",
        "2e6, 2000000",
        "2.5e1, 25",
        "8K, 8000",
        "1.5K, 1500",
        "15M, 15000000",
        "2G, 2000000000",
        "9007199254740992, 9007199254740992"
    })
    void suffixesArePowersOfAThousand(String text, long count) {
        assertThat(Counts.parse(text)).hasValue(count);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "K",
                "0",
                "0K",
                "-5",
                "1.5",
                "1.0001K",
                "8k",
                "8KM",
                "8 K",
                "4X",
                "many",
                "NaN",
                "1e400",
                "1e-400",
                "1e999999999",
                "1e-2147483647",
                "9007199254740993",
                "99999999G"
            })
    void whatIsNoCountIsNone(String text) {
        assertThat(Counts.parse(text)).isEmpty();
    }
}
