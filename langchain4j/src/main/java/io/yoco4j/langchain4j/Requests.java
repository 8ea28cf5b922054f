package io.yoco4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.Sampling;
import io.yoco4j.engine.SessionOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/** Requests of langchain4j in the engine's terms. What cannot be served is refused by its name. */
final class Requests {
    private Requests() {}

    /**
     * Refuses parameters of other providers, which have fields that nothing here reads.
     *
     * @throws UnsupportedFeatureException naming their type
     */
    static void requireKnown(ChatRequestParameters p) {
        if (p.getClass() != DefaultChatRequestParameters.class && p.getClass() != YocoChatRequestParameters.class) {
            throw new UnsupportedFeatureException("parameters of the type "
                    + p.getClass().getName()
                    + " are not supported: give ChatRequestParameters, or YocoChatRequestParameters");
        }
    }

    /**
     * Refuses what these models cannot do.
     *
     * @param name the one name that may be asked for
     * @throws UnsupportedFeatureException naming the parameter
     */
    static void requireSupported(ChatRequestParameters p, String name) {
        if (p.modelName() != null && !p.modelName().equals(name)) {
            throw new UnsupportedFeatureException("modelName is " + p.modelName() + ", but other models than " + name
                    + " are not supported here: leave it out, or build another chat model");
        }
        if (p.toolChoice() == ToolChoice.REQUIRED) {
            throw new UnsupportedFeatureException(
                    "ToolChoice.REQUIRED is not supported: these models call no tools, so leave it out");
        }
        if (p.toolSpecifications() != null && !p.toolSpecifications().isEmpty()) {
            throw new UnsupportedFeatureException("toolSpecifications has "
                    + p.toolSpecifications().getFirst().name()
                    + ", but tools are not supported: these models call none, so leave them out");
        }
        if (p.responseFormat() != null && p.responseFormat().type() == ResponseFormatType.JSON) {
            throw new UnsupportedFeatureException(
                    "JSON response format is not supported: these models answer in free text, so leave responseFormat out");
        }
    }

    /**
     * Messages as templates have them: a role and a text each. Attributes and thinking of messages stay with the caller, as
     * they do with other models.
     *
     * @throws UnsupportedFeatureException naming the message and what it has beyond that
     */
    static List<io.yoco4j.chat.ChatMessage> messages(List<ChatMessage> messages) {
        List<io.yoco4j.chat.ChatMessage> out = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            String place = "messages[" + i + "]";
            out.add(
                    switch (messages.get(i)) {
                        case SystemMessage system -> new io.yoco4j.chat.ChatMessage("system", system.text());
                        case UserMessage user -> new io.yoco4j.chat.ChatMessage("user", text(user, place));
                        case AiMessage answer -> new io.yoco4j.chat.ChatMessage("assistant", text(answer, place));
                        case ChatMessage other ->
                            throw new UnsupportedFeatureException(place + " is of type " + other.type()
                                    + ", which is not supported: give system, user and AI messages");
                    });
        }
        return out;
    }

    private static String text(UserMessage message, String place) {
        if (message.name() != null) {
            throw new UnsupportedFeatureException(place + " has the name " + message.name()
                    + ", but names of users are not supported: write it into the text");
        }
        StringBuilder text = new StringBuilder();
        for (Content content : message.contents()) {
            if (!(content instanceof TextContent part)) {
                throw new UnsupportedFeatureException(place + " has content of type "
                        + content.type().toString().toLowerCase(Locale.ROOT)
                        + ", which is not supported: these models read text alone");
            }
            text.append(part.text());
        }
        return text.toString();
    }

    private static String text(AiMessage message, String place) {
        if (message.hasToolExecutionRequests()) {
            throw new UnsupportedFeatureException(
                    place + " requests the execution of tools, which is not supported: these models call none");
        }
        return message.text() == null ? "" : message.text();
    }

    /**
     * How to generate.
     *
     * @param maxTokens where the parameters do not say
     * @throws io.yoco4j.core.InvalidInputException naming the value that is out of range
     */
    static GenerationOptions options(YocoChatRequestParameters p, int maxTokens) {
        Sampling.Builder sampling =
                Sampling.builder().seed(p.seed().orElseGet(() -> new SplittableRandom().nextLong()));
        if (p.temperature() != null) {
            sampling.temperature(p.temperature());
        }
        if (p.topP() != null) {
            sampling.topP(p.topP());
        }
        if (p.topK() != null) {
            sampling.topK(p.topK());
        }
        if (p.frequencyPenalty() != null) {
            sampling.frequencyPenalty(p.frequencyPenalty());
        }
        if (p.presencePenalty() != null) {
            sampling.presencePenalty(p.presencePenalty());
        }
        SessionOptions.Builder session = SessionOptions.builder();
        p.loops().ifPresent(session::loops);
        p.exitThreshold().ifPresent(session::exitThreshold);
        return GenerationOptions.builder()
                .maxTokens(p.maxOutputTokens() == null ? maxTokens : p.maxOutputTokens())
                .sampling(sampling.build())
                .stop(p.stopSequences() == null ? List.of() : p.stopSequences())
                .session(session.build())
                .build();
    }
}
