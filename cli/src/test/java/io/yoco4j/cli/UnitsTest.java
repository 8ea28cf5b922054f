package io.yoco4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.train.TrainingOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class UnitsTest {
    @ParameterizedTest
    @CsvSource({"512, 512", "8K, 8192", "8k, 8192", "1M, 1048576"})
    void contextsAreBinary(String text, long tokens) {
        assertThat(Units.context(text)).isEqualTo(tokens);
        assertThat(Units.context(Units.shortContext(tokens))).isEqualTo(tokens);
    }

    @Test
    void contextsComeInLists() {
        assertThat(Units.contexts("512, 2K,1M")).containsExactly(512L, 2048L, 1048576L);
    }

    @ParameterizedTest
    @CsvSource({"512, 512", "8K, 8000", "8k, 8000", "1.5M, 1500000", "2e6, 2000000", "1G, 1000000000"})
    void budgetsAreDecimal(String text, long tokens) {
        assertThat(Units.budget(text)).isEqualTo(tokens);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-1", "1.5", "K", "8X", "99999999999999M"})
    void mistakesSayHowToWriteIt(String text) {
        assertThatThrownBy(() -> Units.budget(text))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("\"" + text
                        + "\" is not a number of tokens: write it as 4096, 2e6 or 15M, which is 15,000,000");
        assertThatThrownBy(() -> Units.context(text))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("\"" + text
                        + "\" is not a context length in tokens: write it as 512, 8K, which is 8,192, or 1M");
    }

    @Test
    void contextsEndWherePositionsDo() {
        assertThat(Units.context("1024M")).isEqualTo(1L << 30);
        assertThatThrownBy(() -> Units.context("9000000000000000000"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(
                        "\"9000000000000000000\" is more than the 1073741824 tokens that a context may have: ask for fewer");
    }

    @Test
    void aRunsTokensAreABudget() {
        TrainingFlags flags = CommandLine.populateCommand(
                new TrainingFlags(), "--tokens", "8K", "--batch-size", "1", "--sequence-length", "10");
        assertThat(flags.options(TrainingOptions.builder(), null).steps()).isEqualTo(800);
    }
}
