package io.yoco4j.core.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.stream.Stream;

/** One tokenizer of every kind of decoding, by name. */
final class Fixtures {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Fixtures() {}

    static Tokenizer tokenizer(String kind) {
        return Tokenizer.parse(
                switch (kind) {
                    case "byte-level" -> byteLevel().json();
                    // with an added token that is not special and one outside of the byte alphabet
                    case "byte-level with added tokens" -> withAddedTokens();
                    case "byte-level with strip" ->
                        withDecoder(
                                byteLevel().json(),
                                "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
                                        + "\"trim_offsets\":true,\"use_regex\":false},"
                                        + "{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]}");
                    case "sentencepiece" -> sentencePiece().toString();
                    case "metaspace" ->
                        withDecoder(
                                sentencePiece().toString(),
                                "{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"always\",\"split\":true}");
                    case "no decoder" -> withDecoder(sentencePiece().toString(), "null");
                    default -> throw new IllegalArgumentException(kind);
                });
    }

    static BpeVocabulary byteLevel() {
        return BpeTrainer.builder()
                .vocabularySize(320)
                .build()
                .train(Stream.of(
                        "the cat; the hat; naïve naïve 你好 你好 😀😀 😀 the café\n\n        the end\n\n        "));
    }

    /** The ids that the file gives them are wrong, and one is in the vocabulary already: the library gives its own. */
    private static String withAddedTokens() {
        ObjectNode root = read(byteLevel().json());
        String[] contents = {"<tool call>", "<｜end｜>", "Ġ", "<last>"};
        for (String content : contents) {
            root.withArray("added_tokens")
                    .addObject()
                    .put("id", 1000)
                    .put("content", content)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", false);
        }
        return root.toString();
    }

    static ObjectNode sentencePiece() {
        try (InputStream in = Fixtures.class.getResourceAsStream("/tokenizer/sentencepiece.json")) {
            return (ObjectNode) MAPPER.readTree(Objects.requireNonNull(in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String withDecoder(String json, String decoder) {
        ObjectNode root = read(json);
        root.set("decoder", node(decoder));
        return root.toString();
    }

    private static ObjectNode read(String json) {
        return (ObjectNode) node(json);
    }

    private static JsonNode node(String json) {
        try {
            return MAPPER.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
