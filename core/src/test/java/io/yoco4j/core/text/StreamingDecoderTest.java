package io.yoco4j.core.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamingDecoderTest {
    private static final List<String> KINDS = List.of(
            "byte-level",
            "byte-level with added tokens",
            "byte-level with strip",
            "sentencepiece",
            "metaspace",
            "no decoder");
    private static final Map<String, Tokenizer> TOKENIZERS = new HashMap<>();

    private static Tokenizer tokenizer(String kind) {
        return TOKENIZERS.computeIfAbsent(kind, Fixtures::tokenizer);
    }

    /** Any ids, so most byte sequences are broken ones. */
    @Property(tries = 800)
    void anyIdsStreamAsTheyDecode(@ForAll("kinds") String kind, @ForAll("seeds") List<Integer> seeds) {
        Tokenizer tokenizer = tokenizer(kind);
        streamsAsItDecodes(
                tokenizer,
                seeds.stream()
                        .mapToInt(s -> Math.floorMod(s, tokenizer.vocabularySize()))
                        .toArray());
    }

    /** Few bytes that code points start, go on and break with: E4 BD A0, F0 9F 98 80, ED A0 80, C3 A9, FF. */
    @Property(tries = 800)
    void brokenUtf8StreamsAsItDecodes(@ForAll("bytes") List<Integer> bytes) {
        streamsAsItDecodes(
                tokenizer("byte-level"), bytes.stream().mapToInt(b -> b + 1).toArray());
        streamsAsItDecodes(
                tokenizer("sentencepiece"), bytes.stream().mapToInt(b -> b + 3).toArray());
    }

    @Property(tries = 500)
    void anyTextStreamsAsItDecodes(@ForAll("kinds") String kind, @ForAll("texts") String text) {
        streamsAsItDecodes(tokenizer(kind), tokenizer(kind).encode(text));
    }

    private static void streamsAsItDecodes(Tokenizer tokenizer, int[] ids) {
        StreamingDecoder decoder = tokenizer.streamingDecoder();
        StringBuilder text = new StringBuilder();
        String whole = tokenizer.decode(ids);
        for (int round = 0; round < 2; round++) { // finish() makes it a fresh one
            text.setLength(0);
            for (int id : ids) {
                String part = decoder.append(id);
                assertThat(WellFormed.of(part)).as("no half code points").isEqualTo(part);
                text.append(part);
                assertThat(whole).as("nothing is taken back").startsWith(text);
            }
            text.append(decoder.finish());
            assertThat(text.toString()).isEqualTo(whole);
        }
        assertThat(decoder.finish()).isEmpty();
    }

    @Test
    void byteLevelHoldsBackNoMoreThanACodePoint() {
        StreamingDecoder decoder = tokenizer("byte-level").streamingDecoder();
        assertThat(appendBytes(decoder, 'a', 0xE4, 0xBD, 0xA0, '!')).containsExactly("a", "", "", "你", "!");
        assertThat(appendBytes(decoder, 0xF0, 0x9F, 0x98, 0x80)).containsExactly("", "", "", "😀");
        assertThat(appendBytes(decoder, 0x80, 0xE4, 'b', 0xED, 0xA0))
                .containsExactly("\uFFFD", "", "\uFFFDb", "", "\uFFFD\uFFFD");
        assertThat(appendBytes(decoder, 0xF0, 0x9F)).containsExactly("", "");
        assertThat(decoder.finish()).isEqualTo("\uFFFD");
        assertThat(appendBytes(decoder, 0x98)).as("a new text").containsExactly("\uFFFD");
    }

    private static List<String> appendBytes(StreamingDecoder decoder, int... bytes) {
        List<String> parts = new ArrayList<>();
        for (int b : bytes) {
            parts.add(decoder.append(b + 1));
        }
        return parts;
    }

    @Test
    void sentencePieceDropsTheFirstSpaceOnly() {
        Tokenizer tokenizer = tokenizer("sentencepiece");
        assertThat(parts(tokenizer, "▁hello", "▁wor", "ld", "▁", "▁the"))
                .containsExactly("hello", " wor", "ld", " ", " the", "");
        assertThat(parts(tokenizer, "<s>", "▁", "<s>", "▁a", "</s>")).containsExactly("", "", "", " a", "", "");
    }

    @Test
    void byteTokensWaitForTheEndOfTheirRun() {
        Tokenizer tokenizer = tokenizer("sentencepiece");
        assertThat(parts(tokenizer, "▁a", "<0xE4>", "<0xBD>", "<0xA0>", "o"))
                .containsExactly("a", "", "", "", "你o", "");
        assertThat(parts(tokenizer, "▁a", "<0x0A>", "<s>", "<0x0A>")).containsExactly("a", "", "", "", "\n\n");
        // the library gives up the whole run for one bad byte
        assertThat(parts(tokenizer, "<0xE4>", "<0xBD>", "<0xA0>", "<0xFF>", "o"))
                .containsExactly("", "", "", "", "\uFFFD\uFFFD\uFFFD\uFFFDo", "");
    }

    private static List<String> parts(Tokenizer tokenizer, String... tokens) {
        StreamingDecoder decoder = tokenizer.streamingDecoder();
        List<String> parts = new ArrayList<>();
        for (String token : tokens) {
            parts.add(decoder.append(tokenizer.id(token).orElseThrow()));
        }
        parts.add(decoder.finish());
        return parts;
    }

    @ParameterizedTest
    @ValueSource(strings = {"byte-level", "sentencepiece"})
    void anUnknownIdLeavesTheDecoderAsItWas(String kind) {
        Tokenizer tokenizer = tokenizer(kind);
        StreamingDecoder decoder = tokenizer.streamingDecoder();
        int byteC3 = kind.equals("byte-level") ? 0xC3 + 1 : 0xC3 + 3;
        assertThat(decoder.append(byteC3)).isEmpty();
        assertThatThrownBy(() -> decoder.append(tokenizer.vocabularySize()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(String.valueOf(tokenizer.vocabularySize()));
        assertThatThrownBy(() -> decoder.append(-1)).isInstanceOf(InvalidInputException.class);
        assertThat(decoder.append(byteC3 - 0xC3 + 0xA9) + decoder.finish()).isEqualTo("é");
    }

    @Provide
    Arbitrary<String> kinds() {
        return Arbitraries.of(KINDS);
    }

    @Provide
    Arbitrary<List<Integer>> seeds() {
        return Arbitraries.integers().list().ofMaxSize(40);
    }

    @Provide
    Arbitrary<List<Integer>> bytes() {
        return Arbitraries.<Integer>of(List.of(
                        0xE4, 0xBD, 0xA0, 0xF0, 0x9F, 0x98, 0x80, 0xED, 0xC3, 0xA9, 0xFF, 0xC0, 0xF4, 0x8F, 0x90, 0xE0,
                        (int) 'a'))
                .list()
                .ofMaxSize(30);
    }

    @Provide
    Arbitrary<String> texts() {
        return Texts.any();
    }
}
