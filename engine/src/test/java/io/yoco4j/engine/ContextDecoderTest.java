package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With a tokenizer that falls back to bytes, as those of Llama 2 do. */
class ContextDecoderTest {
    private static Tokenizer tokenizer() throws IOException {
        try (InputStream in = ContextDecoderTest.class.getResourceAsStream("/tokenizer/sentencepiece.json")) {
            return Tokenizer.parse(new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static int[] ids(Tokenizer tokenizer, String tokens) {
        return Arrays.stream(tokens.split(" "))
                .mapToInt(token -> tokenizer.id(token).orElseThrow())
                .toArray();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "▁hello <0x0A>|▁the|' the'",
                "▁hello <0x0A> <0x0A>|▁wor ld|' world'",
                "<0x0A>|o|o",
                "▁hello|<0x41> o|Ao",
                "▁hello <0x41>|<0x42> o|Bo",
                "▁hello <0x41> <0x42>|<0x41> <0x42>|AB",
                "▁hello|▁the|' the'",
                // A code point that the context begins and the text completes is the text's.
                "▁a <0xE4> <0xBD>|<0xA0> o|你o",
                "▁a <0xE4> <0xBD>|<0xA0>|你"
            })
    void theTextBeginsBehindItsContext(String before, String tokens, String expected) throws IOException {
        try (Tokenizer tokenizer = tokenizer()) {
            ContextDecoder decoder = new ContextDecoder(tokenizer, ids(tokenizer, before));
            StringBuilder text = new StringBuilder();
            for (int id : ids(tokenizer, tokens)) {
                text.append(decoder.append(id));
            }
            assertThat(text.append(decoder.finish())).hasToString(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aStopStringIsNotFoundInTheContext(boolean newline) throws IOException {
        try (Tokenizer tokenizer = tokenizer()) {
            TextStream text = new TextStream(
                    new ContextDecoder(tokenizer, ids(tokenizer, newline ? "▁hello <0x0A>" : "▁hello")),
                    List.of("\n"),
                    Set.of());
            int[] generated = ids(tokenizer, "▁the <0x0A> o");
            assertThat(text.append(generated[0])).isEqualTo(" the");
            assertThat(text.finishReason()).isEmpty();
        }
    }
}
