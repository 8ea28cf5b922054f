package io.yoco4j.core.text;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreTokenizerTest {
    private static final TokenizersLibrary LIBRARY = NativeTokenizers.library();
    /** A vocabulary without merges: each byte is a token, and the library says of which piece. */
    private static final long BYTES = LIBRARY.createTokenizerFromString(new BpeVocabulary(List.of()).json());

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "I'll say it's don't~I|'ll| say| it|'s| don|'t",
                "char c = 's'; 'd'~char| c| =| '|s|';| '|d|'",
                "int x12345 = foo.bar(a_b);~int| x|123|45| =| foo|.bar|(a|_b|);",
                "`{\n        return x;\n    }\n\n`~`{\n       | return| x|;\n   | }\n\n`",
                "`a\r\n\r\n\tb`~`a|\r\n\r\n|\tb`",
                "`a   b  `~`a|  | b|  `",
                "`x \n y`~`x| \n| y`",
                "naïve — 你好，世界！~naïve| —| 你好|，世界|！",
                "e\u0301te\u0301 क्षि~e\u0301te\u0301| क्षि",
            })
    void piecesByHand(String text, String pieces) {
        assertThat(split(text)).containsExactly(pieces.split(Pattern.quote("|"), -1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "\r",
                "\r\r\n\n",
                "a\u00A0b\u2028c\u3000d\u0085e\u1680f",
                "\u0000\u0001\u001F\u007F\u0080\u009F",
                "it'S 'ſ \u212Aelvin 'LLama they'RE",
                "\t\t\tif (x) {\r\n\t\t\t\treturn '\\n';\r\n\t\t\t}\r\n",
                "٣٤٥ ²³ ½ Ⅷ １２３ 123 1 12 1234",
                "👩‍👩‍👧 🏳️‍🌈 e\u0301\u0301 \uD835\uDCB3 \uD840\uDC00",
                "\uFFFD\uFFFE\uFFFF\uDBFF\uDFFF",
            })
    void theLibrarySplitsAlike(String text) {
        assertThat(split(text)).isEqualTo(librarySplit(text));
    }

    @Property(tries = 2000)
    void theLibrarySplitsAnyTextAlike(@ForAll("texts") String text) {
        assertThat(split(text)).isEqualTo(librarySplit(text));
    }

    /** Each code point alone and between letters, spaces and signs. */
    @Property(tries = 4000)
    void theLibraryPutsAnyCodePointInTheSameClass(@ForAll("codePoints") int c) {
        String s = Character.toString(c);
        String text = s + "a" + s + " " + s + s + ";" + s + "1" + s + "\n " + s + "'s" + s;
        assertThat(split(text)).isEqualTo(librarySplit(text));
    }

    @Property(tries = 1000)
    void cuttingAtLinesChangesNoPiece(@ForAll("texts") String text) {
        List<String> parts = new ArrayList<>();
        for (int from = 0; from < text.length(); ) {
            int to = PreTokenizer.cut(text, from + 1);
            parts.addAll(split(text.substring(from, to)));
            from = to;
        }
        assertThat(parts).isEqualTo(split(text));
    }

    /** A run of spaces or letters must not be matched by recursion. */
    @ParameterizedTest
    @ValueSource(strings = {" ", "a", "\n", "\t", ";", "1", "你", "😀", "'"})
    void longRunsDoNotOverflowTheStack(String part) {
        String text = part.repeat(200_000);
        assertThat(String.join("", split(text))).isEqualTo(text);
    }

    @Provide
    Arbitrary<String> texts() {
        return Texts.any();
    }

    @Provide
    Arbitrary<Integer> codePoints() {
        return Arbitraries.oneOf(
                Arbitraries.integers().between(0, 0x2FFF),
                Arbitraries.integers().between(0x3000, 0xD7FF),
                Arbitraries.integers().between(0xE000, 0xFFFF),
                Arbitraries.integers().between(0x10000, 0x1FFFF),
                Arbitraries.integers().between(0x20000, 0x10FFFF));
    }

    private static List<String> split(String text) {
        List<String> pieces = new ArrayList<>();
        PreTokenizer.split(text, pieces::add);
        return pieces;
    }

    private static List<String> librarySplit(String text) {
        long encoding = LIBRARY.encode(BYTES, text, false);
        try {
            long[] words = LIBRARY.getWordIds(encoding);
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            assertThat(words).hasSameSizeAs(utf8);
            List<String> pieces = new ArrayList<>();
            for (int from = 0, i = 1; i <= words.length; i++) {
                if (i == words.length || words[i] != words[i - 1]) {
                    pieces.add(new String(utf8, from, i - from, StandardCharsets.UTF_8));
                    from = i;
                }
            }
            return pieces;
        } finally {
            LIBRARY.deleteEncoding(encoding);
        }
    }
}
