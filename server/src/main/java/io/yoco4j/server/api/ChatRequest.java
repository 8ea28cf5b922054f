package io.yoco4j.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.chat.ChatMessage;
import io.yoco4j.core.arch.Architecture;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The body of {@code POST /v1/chat/completions}, but for the fields that {@link GenerationFields} reads.
 *
 * @param maxTokens of the answer; empty for the server's default
 * @param logprobs of each token, and of so many likeliest
 */
public record ChatRequest(
        List<ChatMessage> messages, OptionalInt maxTokens, OptionalInt logprobs, GenerationFields generation) {
    private static final int MAX_LOGPROBS = 20;
    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant");

    /** Copies the list. */
    public ChatRequest {
        messages = List.copyOf(messages);
    }

    /**
     * Reads a body whose {@code model} was read before.
     *
     * @throws ApiException 400 naming the field that is wrong or unknown
     */
    public static ChatRequest read(RequestFields f, Architecture model) {
        List<ChatMessage> messages = messages(f.any("messages")
                .orElseThrow(() -> ApiException.invalid("messages", "messages is missing; send a list of messages")));
        OptionalInt newer = f.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
        OptionalInt older = f.integer("max_tokens", 1, Integer.MAX_VALUE);
        if (newer.isPresent() && older.isPresent() && newer.getAsInt() != older.getAsInt()) {
            throw ApiException.invalid(
                    "max_tokens", "max_tokens and max_completion_tokens say different things; leave one out");
        }
        boolean scored = f.bool("logprobs", false);
        OptionalInt top = f.integer("top_logprobs", 0, MAX_LOGPROBS);
        if (top.isPresent() && !scored) {
            throw ApiException.invalid("top_logprobs", "top_logprobs needs logprobs to be true");
        }
        refuseOtherKinds(f);
        ChatRequest request = new ChatRequest(
                messages,
                newer.isPresent() ? newer : older,
                scored ? OptionalInt.of(top.orElse(0)) : OptionalInt.empty(),
                GenerationFields.read(f, model));
        f.refuseOthers();
        return request;
    }

    /** What other models can do and these cannot: taken where it asks for nothing. */
    private static void refuseOtherKinds(RequestFields f) {
        f.only("tools", "this model calls no tools", List.of());
        f.only("functions", "this model calls no functions", List.of());
        f.only("tool_choice", "this model calls no tools", "none", "auto");
        f.only("function_call", "this model calls no functions", "none", "auto");
        f.only("parallel_tool_calls", "this model calls no tools", true, false);
        f.only("response_format", "this model answers in text alone", Map.of("type", "text"));
        f.only("modalities", "this model answers in text alone", List.of("text"));
        f.only("store", "nothing is stored here", false);
        f.only("metadata", "nothing is stored here", Map.of());
        f.only("service_tier", "there is one tier", "auto", "default");
    }

    private static List<ChatMessage> messages(JsonNode list) {
        if (!list.isArray() || list.isEmpty()) {
            throw RequestFields.wrong("messages", list, "a list with at least one message");
        }
        List<ChatMessage> out = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            out.add(message("messages[" + i + "]", list.get(i)));
        }
        return out;
    }

    private static ChatMessage message(String place, JsonNode node) {
        if (!(node instanceof ObjectNode message)) {
            throw RequestFields.wrong(place, node, "an object with role and content");
        }
        for (var field : message.properties()) {
            String name = field.getKey();
            if (!name.equals("role")
                    && !name.equals("content")
                    && !field.getValue().isNull()) {
                throw ApiException.invalid(
                        place + "." + name, place + "." + name + " is not taken; a message has role and content");
            }
        }
        JsonNode role = message.path("role");
        if (!role.isTextual() || !ROLES.contains(role.textValue())) {
            throw RequestFields.wrong(place + ".role", role, "system, developer, user or assistant");
        }
        // What OpenAI's newer models call developer is what templates know as system.
        String known = role.textValue().equals("developer") ? "system" : role.textValue();
        return new ChatMessage(known, content(place + ".content", message.path("content")));
    }

    /** A string, or a list of texts, which are put together. */
    private static String content(String place, JsonNode content) {
        if (content.isTextual()) {
            return content.textValue();
        }
        if (!content.isArray()) {
            throw RequestFields.wrong(place, content, "a string or a list of texts");
        }
        StringBuilder text = new StringBuilder();
        for (JsonNode part : content) {
            if (!part.path("type").asText().equals("text") || !part.path("text").isTextual() || part.size() != 2) {
                throw RequestFields.wrong(place, part, "a part with type text and a text; other kinds are not taken");
            }
            text.append(part.path("text").textValue());
        }
        return text.toString();
    }
}
