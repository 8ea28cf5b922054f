package io.yoco4j.chat;

import com.fasterxml.jackson.databind.JsonNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.json.JsonFields;
import io.yoco4j.core.json.StrictJson;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a model folder says of its chat template, in Hugging Face's files. */
final class TemplateFolder {
    static final String TEMPLATE = "chat_template.jinja";
    static final String CONFIG = "tokenizer_config.json";

    private static final long LARGEST_TEMPLATE = 1 << 18;
    private static final long LARGEST_CONFIG = 64 << 20;
    private static final String FIELD = "chat_template";

    /**
     * A template as it was found.
     *
     * @param place the file, and the field where it has several
     * @param source the template
     * @param variables the special tokens, by their names in the file, such as {@code bos_token}
     */
    record Found(String place, String source, Map<String, Object> variables) {}

    private TemplateFolder() {}

    /**
     * The template of a folder, where it has one.
     *
     * @throws InvalidInputException naming the file that cannot be read, and why
     */
    static Optional<Found> find(Path folder) {
        Path template = folder.resolve(TEMPLATE);
        Path config = folder.resolve(CONFIG);
        Optional<JsonNode> fields = Files.exists(config) ? Optional.of(json(config)) : Optional.empty();
        Map<String, Object> variables = fields.map(f -> tokens(f, config)).orElse(Map.of());
        if (Files.exists(template)) {
            return Optional.of(new Found(template.toString(), text(template, LARGEST_TEMPLATE), variables));
        }
        return fields.flatMap(f -> field(f.path(FIELD), config + ": " + FIELD))
                .map(source -> new Found(config + ": " + FIELD, source, variables));
    }

    private static JsonNode json(Path file) {
        String text = text(file, LARGEST_CONFIG);
        try {
            return StrictJson.object(text);
        } catch (InvalidInputException e) {
            throw e.in(file + ": ");
        }
    }

    private static String text(Path file, long largest) {
        try {
            long size = Files.size(file);
            if (size > largest) {
                throw new InvalidInputException(
                        file + " has " + size + " bytes, more than such a file has: check that it is the right one");
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(file + " is not UTF-8 text: take the file of the model again", e);
        } catch (IOException e) {
            throw new InvalidInputException(
                    file + " cannot be read: check its permissions (" + e.getMessage() + ")", e);
        }
    }

    /** A template, or the one named "default" of a list. */
    private static Optional<String> field(JsonNode value, String place) {
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (value.isTextual()) {
            return Optional.of(checked(value.textValue(), place));
        }
        if (!value.isArray()) {
            throw new InvalidInputException(place + " is " + JsonFields.shown(value)
                    + ", but must be a template or a list of named ones: correct or remove it");
        }
        for (JsonNode entry : value) {
            JsonNode source = entry.path("template");
            if (entry.path("name").asText().equals("default") && source.isTextual()) {
                return Optional.of(checked(source.textValue(), place));
            }
        }
        return Optional.empty();
    }

    private static String checked(String source, String place) {
        if (source.length() > LARGEST_TEMPLATE) {
            throw new InvalidInputException(place + " has " + source.length()
                    + " characters, more than any chat template: check that it is the right file");
        }
        return source;
    }

    private static Map<String, Object> tokens(JsonNode fields, Path file) {
        Map<String, Object> tokens = new LinkedHashMap<>();
        fields.properties().forEach(field -> {
            String name = field.getKey();
            if (name.endsWith("_token")) {
                token(field.getValue()).ifPresent(token -> tokens.put(name, token));
            } else if (name.equals("additional_special_tokens")
                    && field.getValue().isArray()) {
                List<Object> several = new ArrayList<>();
                field.getValue().forEach(one -> token(one).ifPresent(several::add));
                tokens.put(name, several);
            }
        });
        for (String name : List.of("bos_token", "eos_token")) {
            JsonNode value = fields.path(name);
            if (!value.isMissingNode() && !value.isNull() && !tokens.containsKey(name)) {
                throw new InvalidInputException(file + ": " + name + " is " + JsonFields.shown(value)
                        + ", but must be a string, or an object whose content is one");
            }
        }
        return tokens;
    }

    /** A token: its text, or an object with the text and how it is to be matched. Flags like add_bos_token are none. */
    private static Optional<String> token(JsonNode value) {
        JsonNode text = value.isObject() ? value.path("content") : value;
        return text.isTextual() ? Optional.of(text.textValue()) : Optional.empty();
    }
}
