package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.InvalidInputException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/** The post-processor of a tokenizer.json, which puts special tokens around a text. */
final class PostProcessor {
    private static final JsonMapper MAPPER = new JsonMapper();

    private PostProcessor() {}

    /**
     * The token that it puts before a text, where it does.
     *
     * @throws InvalidInputException naming the file, when it is not JSON or the token has no id
     */
    static OptionalInt first(Path tokenizerJson) {
        JsonNode root;
        try {
            root = MAPPER.readTree(Checkpoint.readText(tokenizerJson));
        } catch (JacksonException e) {
            throw new InvalidInputException(
                    tokenizerJson + " is not valid JSON, so not a tokenizer.json: " + e.getOriginalMessage(), e);
        }
        JsonNode processor = root.path("post_processor");
        Iterable<JsonNode> steps = processor.has("processors") ? processor.path("processors") : List.of(processor);
        for (JsonNode step : steps) {
            JsonNode first = step.path("single").path(0).path("SpecialToken").path("id");
            if (!first.isMissingNode()) {
                JsonNode id = step.path("special_tokens")
                        .path(first.asText())
                        .path("ids")
                        .path(0);
                if (!id.canConvertToInt() || id.intValue() < 0) {
                    throw new InvalidInputException(tokenizerJson + ": the post-processor begins with " + first
                            + ", which has no id in its special_tokens: take the file from the model's folder anew");
                }
                return OptionalInt.of(id.intValue());
            }
        }
        return OptionalInt.empty();
    }
}
