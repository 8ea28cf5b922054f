package io.yoco4j.core.json;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Parses a JSON object strictly: no repeated names, nothing after its end, nesting of at most {@value #MAX_DEPTH}. What
 * it allocates is bounded by a multiple of the text's length.
 */
public final class StrictJson {
    /** No file of ours nests deeper than a handful; a parser's stack is not to be an input's choice. */
    static final int MAX_DEPTH = 100;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    // Names come from files: interned, they would stay in memory for good.
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private StrictJson() {}

    /**
     * The object that a text holds.
     *
     * @throws InvalidInputException naming line and column; the caller puts the file's name before the message
     */
    public static ObjectNode object(String json) {
        try {
            return requireObject(MAPPER.readTree(json));
        } catch (JacksonException e) {
            var at = e.getLocation();
            String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw new InvalidInputException("is not valid JSON" + where + ": " + e.getOriginalMessage(), e);
        }
    }

    /**
     * The object that a text in UTF-8 holds.
     *
     * @param firstByte the text's place in its file, for messages
     * @throws InvalidInputException naming the byte; the caller puts the file's name before the message
     */
    public static ObjectNode object(byte[] json, long firstByte) {
        // The library would take other encodings, too, by zeros or a mark among the first bytes.
        if (json.length > 1 && (json[0] == 0 || json[1] == 0 || (json[0] & 0xff) >= 0xef)) {
            throw new InvalidInputException(
                    "is not UTF-8 text near byte " + firstByte + ": it must begin with a brace");
        }
        try {
            return requireObject(MAPPER.readTree(json));
        } catch (JacksonException e) {
            long at = e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getByteOffset());
            throw new InvalidInputException(
                    "is not valid JSON near byte " + (firstByte + at) + ": " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            // The bytes are in memory: what fails is their decoding.
            throw new InvalidInputException("is not UTF-8 text near byte " + firstByte + ": " + e.getMessage(), e);
        }
    }

    private static ObjectNode requireObject(@Nullable JsonNode root) {
        if (root instanceof ObjectNode object) {
            return object;
        }
        throw new InvalidInputException("must be a JSON object, in braces");
    }
}
