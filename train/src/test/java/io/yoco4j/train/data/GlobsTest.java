package io.yoco4j.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "**/*.java|A.java|true",
                "**/*.java|a/b/A.java|true",
                "**/*.java|a/b/A.javax|false",
                "*.java|a/A.java|false",
                "*.java|A.java|true",
                "a/**|a/b/c|true",
                "a/**|ab/c|false",
                "**/util/**|java.base/java/util/List.java|true",
                "**/util/**|util/List.java|true",
                "**/util/**|java/utils/List.java|false",
                "a/**/z|a/z|true",
                "a/**/z|a/b/c/z|true",
                "?.md|ab.md|false",
                "?.md|a.md|true",
                "?.md|/.md|false",
                "*.{md,txt},x|b.txt|true",
                "*.{md,txt},x|x|true",
                "*.{md,txt},x|b.md,txt|false",
                "a+(b).[c]|a+(b).[c]|true",
                "a+(b).[c]|aab.c|false",
            })
    void matches(String globs, String path, boolean expected) {
        assertThat(Globs.parse(globs).matches(path)).isEqualTo(expected);
    }
}
