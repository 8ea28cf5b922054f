package io.yoco4j.core.text;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Texts that tokenizers get wrong. */
final class Texts {
    /** Joined in any order, they meet every alternative of the split pattern and its edges. */
    private static final List<String> PARTS = List.of(
            "a",
            "Z",
            "the",
            "é",
            "e\u0301",
            "ñ",
            "ß",
            "ſ",
            "K",
            "ж",
            "你好",
            "가",
            "क्षि",
            "العربية",
            "\u200d",
            "\u200c",
            "😀",
            "👩‍👩‍👧",
            "𝒳",
            "𠀀",
            "\uDBFF\uDFFF",
            "\uFFFD",
            "\uFEFF",
            "\u0000",
            "\u0007",
            "\u007F",
            "\u0085",
            "\u00A0",
            "\u2028",
            "\u3000",
            "\u1680",
            " ",
            "  ",
            "        ",
            "\t",
            "\t\t",
            "\n",
            "\n\n",
            "\r\n",
            "\r",
            "\u000B",
            "\f",
            "0",
            "7",
            "1234567",
            "٣",
            "²",
            "½",
            "Ⅷ",
            "'",
            "'s",
            "'S",
            "'t",
            "'ll",
            "'LL",
            "'re",
            "'ve",
            "'ſ",
            "\"",
            "_",
            ".",
            "...",
            "{",
            "}",
            ";",
            "//",
            "<|",
            "|>",
            "=>",
            "—",
            "…",
            "€",
            "→",
            "Ａ",
            "１",
            "！",
            "<",
            "endoftext");

    private Texts() {}

    /** Without the special token, which its parts make now and then: it is a token, no text. */
    static Arbitrary<String> tricky() {
        return Arbitraries.of(PARTS)
                .list()
                .ofMaxSize(30)
                .map(parts -> String.join("", parts))
                .filter(text -> !text.contains("<|endoftext|>"));
    }

    /** Any code points but surrogates. */
    static Arbitrary<String> unicode() {
        return Arbitraries.oneOf(
                        Arbitraries.integers().between(0, 0x7F),
                        Arbitraries.integers().between(0, 0xD7FF),
                        Arbitraries.integers().between(0xE000, 0xFFFF),
                        Arbitraries.integers().between(0x10000, 0x10FFFF))
                .list()
                .ofMaxSize(40)
                .map(points -> {
                    StringBuilder text = new StringBuilder();
                    points.forEach(text::appendCodePoint);
                    return text.toString();
                });
    }

    static Arbitrary<String> any() {
        return Arbitraries.oneOf(tricky(), unicode());
    }
}
