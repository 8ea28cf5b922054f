package io.yoco4j.core.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.yoco4j.core.InvalidInputException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    private static final Tokenizer BYTE_LEVEL = Fixtures.tokenizer("byte-level");
    private static final Tokenizer SENTENCE_PIECE = Fixtures.tokenizer("sentencepiece");

    @Property(tries = 1000)
    void everyTextComesBack(@ForAll("texts") String text) {
        assertThat(BYTE_LEVEL.decode(BYTE_LEVEL.encode(text))).isEqualTo(text);
        if (!text.contains("▁")) { // which SentencePiece takes for a space
            assertThat(SENTENCE_PIECE.decode(SENTENCE_PIECE.encode(text))).isEqualTo(text);
        }
    }

    /** SentencePiece's own leading space aside, which its decoder drops. */
    @Property(tries = 1000)
    void bytesOfTokensAreThoseOfTheText(@ForAll("texts") String text) {
        assertThat(bytes(BYTE_LEVEL, text)).isEqualTo(text);
        if (!text.contains("▁")) {
            assertThat(bytes(SENTENCE_PIECE, text)).isIn(text, " " + text);
        }
    }

    private static String bytes(Tokenizer tokenizer, String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : tokenizer.encode(text)) {
            bytes.writeBytes(tokenizer.bytes(id));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void idsOutsideTheVocabularyAreNotInIt() {
        int size = BYTE_LEVEL.vocabularySize();
        assertThat(BYTE_LEVEL.contains(size - 1)).isTrue();
        assertThat(BYTE_LEVEL.contains(size)).isFalse();
        assertThat(BYTE_LEVEL.contains(-1)).isFalse();
        assertThatThrownBy(() -> BYTE_LEVEL.bytes(size)).isInstanceOf(InvalidInputException.class);
    }

    @Provide
    Arbitrary<String> texts() {
        return Texts.any();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\u0000", "a\r\nb\n", "  two  ", "\uFFFD", "e\u0301", "👩‍👩‍👧", "\uDBFF\uDFFF"})
    void theseTextsComeBack(String text) {
        assertThat(BYTE_LEVEL.decode(BYTE_LEVEL.encode(text))).isEqualTo(text);
        assertThat(SENTENCE_PIECE.decode(SENTENCE_PIECE.encode(text))).isEqualTo(text);
    }

    @Test
    void loneSurrogatesAreReadAsReplacementCharacters() {
        String text = "a\uD83Db\uDE00\uD83D\uDE00\uD83D";
        assertThat(BYTE_LEVEL.encode(text)).isEqualTo(BYTE_LEVEL.encode("a\uFFFDb\uFFFD😀\uFFFD"));
    }

    /** Its file asks for truncation to 8 and padding to 12, and the library's own default would be 512. */
    @Test
    void nothingIsTruncatedOrPadded() {
        assertThat(SENTENCE_PIECE.encode("hello"))
                .containsExactly(SENTENCE_PIECE.id("▁hello").orElseThrow());
        int[] ids = SENTENCE_PIECE.encode("hello ".repeat(2000).strip());
        assertThat(ids).hasSize(2000).containsOnly(SENTENCE_PIECE.id("▁hello").orElseThrow());
        assertThat(BYTE_LEVEL.encode("x;".repeat(3000))).hasSize(6000);
    }

    @Test
    void specialTokensOnlyWhereAskedFor() {
        int hello = SENTENCE_PIECE.id("▁hello").orElseThrow();
        assertThat(SENTENCE_PIECE.encode("hello")).containsExactly(hello);
        assertThat(SENTENCE_PIECE.encodeWithSpecialTokens("hello")).containsExactly(1, hello);
        assertThat(SENTENCE_PIECE.encodeWithSpecialTokens("")).containsExactly(1);
        assertThat(SENTENCE_PIECE.decode(new int[] {1, hello, 2})).isEqualTo("hello");
        assertThat(SENTENCE_PIECE.decode(new int[] {1, hello, 2}, true)).isEqualTo("<s> hello</s>");
        assertThat(BYTE_LEVEL.encodeWithSpecialTokens("the<|endoftext|>"))
                .endsWith(0)
                .hasSize(2);
        assertThat(BYTE_LEVEL.decode(new int[0])).isEmpty();
    }

    @Test
    void theVocabularyIsTheLibrarys() {
        assertThat(SENTENCE_PIECE.vocabularySize()).isEqualTo(291);
        assertThat(SENTENCE_PIECE.token(290)).isEqualTo("<tool>");
        assertThat(SENTENCE_PIECE.encode("<tool>")).containsExactly(290);
        assertThat(SENTENCE_PIECE.id("nothing such")).isEmpty();
        assertThat(SENTENCE_PIECE.endOfText()).hasValue(2);
        assertThat(BYTE_LEVEL.endOfText()).hasValue(0);
        assertThat(BYTE_LEVEL.token(1 + 'a')).isEqualTo("a");
        assertThat(BYTE_LEVEL.token(1 + ' ')).isEqualTo("Ġ");
        assertThat(Fixtures.tokenizer("sentencepiece").json())
                .isEqualTo(Fixtures.sentencePiece().toString());
    }

    @Test
    void addedTokensHaveTheIdsThatTheLibraryGives() {
        try (Tokenizer tokenizer = Fixtures.tokenizer("byte-level with added tokens")) {
            int size = BYTE_LEVEL.vocabularySize();
            assertThat(tokenizer.encode("<tool call><｜end｜><last>")).containsExactly(size, size + 1, size + 2);
            assertThat(tokenizer.id("<last>")).hasValue(size + 2);
            assertThat(tokenizer.id("Ġ")).isEqualTo(BYTE_LEVEL.id("Ġ"));
            assertThat(tokenizer.vocabularySize()).isEqualTo(size + 3);
        }
    }

    @Test
    void endOfTextIsAnAddedTokenOrNone() {
        var root = Fixtures.sentencePiece();
        root.putArray("added_tokens");
        root.putNull("post_processor");
        try (Tokenizer tokenizer = Tokenizer.parse(root.toString())) {
            assertThat(tokenizer.id("</s>")).hasValue(2);
            assertThat(tokenizer.endOfText()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 291, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void idsOutsideTheVocabularyAreRefused(int id) {
        assertThatThrownBy(() -> SENTENCE_PIECE.decode(new int[] {4, id}))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("id " + id);
        assertThatThrownBy(() -> SENTENCE_PIECE.token(id)).isInstanceOf(InvalidInputException.class);
    }

    /** Long texts are encoded in parts; the library in one go gives the same. */
    @Test
    void longTextsAreEncodedAsInOneGo() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; text.length() < 150_000; i++) {
            text.append("the cat")
                    .append(i)
                    .append(";\n")
                    .append(i % 3 == 0 ? "\r\n \n" : "")
                    .append(" ".repeat(i % 9))
                    .append(i % 7 == 0 ? "\t'll<|endoftext|>\n" : "你好");
        }
        text.append(" ".repeat(40_000)).append("end");
        try (HuggingFaceTokenizer library = HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(BYTE_LEVEL.json().getBytes(StandardCharsets.UTF_8)),
                Map.of("truncation", "false", "padding", "false"))) {
            long[] whole = library.encode(text.toString(), false, false).getIds();
            assertThat(IntStream.of(BYTE_LEVEL.encode(text.toString()))
                            .asLongStream()
                            .toArray())
                    .isEqualTo(whole);
        }
    }

    @Test
    void manyThreadsMayUseOne() throws Exception {
        String text = "the cat; naïve 你好 😀 ".repeat(50);
        int[] expected = BYTE_LEVEL.encode(text);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<String>> results = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                results.add(threads.submit(() -> {
                    int[] ids = BYTE_LEVEL.encode(text);
                    assertThat(ids).isEqualTo(expected);
                    return BYTE_LEVEL.decode(ids);
                }));
            }
            for (Future<String> result : results) {
                assertThat(result.get()).isEqualTo(text);
            }
        }
    }

    @Test
    void aClosedTokenizerRefusesWork() {
        Tokenizer tokenizer = Fixtures.tokenizer("sentencepiece");
        tokenizer.close();
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.encode("hello")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> tokenizer.decode(new int[] {5})).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "{}",
                "null",
                "{} {}",
                "not JSON",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":7,\"merges\":[]}}",
                "{\"model\":{\"type\":\"Nope\",\"vocab\":{\"a\":0}}}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":2000000000},\"merges\":[]}}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0.5},\"merges\":[]}}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"added_tokens\":[{\"content\":\"x\"}]}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"decoder\":{\"type\":\"Nope\"}}",
            })
    void brokenFilesAreRefused(String json, @TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), json);
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(file.toString());
    }

    @Test
    void aTruncatedFileIsRefused(@TempDir Path folder) throws IOException {
        String json = BYTE_LEVEL.json();
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, json.substring(0, json.length() / 2));
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(file + ": is not valid JSON at line");
    }

    @Test
    void missingAndUnreadableFilesAreRefused(@TempDir Path folder) throws IOException {
        Path missing = folder.resolve("tokenizer.json");
        assertThatThrownBy(() -> Tokenizer.load(missing))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(missing + " does not exist");
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(folder + " is not a file");
        Files.write(missing, new byte[] {'{', (byte) 0xFF, '}'});
        assertThatThrownBy(() -> Tokenizer.load(missing))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(missing + " is not UTF-8");
    }

    @Test
    void loadingLeavesTheOfflinePropertyAsItWas() {
        assertThat(System.getProperty("ai.djl.offline")).isNull();
    }
}
