package io.yoco4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import io.yoco4j.chat.ChatMessage;
import io.yoco4j.chat.ChatTemplate;
import io.yoco4j.core.InvalidInputException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What both chat models do: a text from a request, and a response from a text. Thread-safe. */
final class Chats {
    /** Where a request does not say: as many as the server generates. */
    static final int MAX_OUTPUT_TOKENS = 1024;

    private final TextModel model;
    private final ChatTemplate template;

    /**
     * @param template in place of the folder's
     * @throws InvalidInputException when there is neither
     */
    Chats(TextModel model, @Nullable ChatTemplate template) {
        this.model = model;
        this.template = template != null ? template : ofFolder(model);
    }

    private static ChatTemplate ofFolder(TextModel model) {
        Optional<ChatTemplate> found = model.model().folder().flatMap(ChatTemplate::of);
        return found.orElseThrow(() -> new InvalidInputException("the model " + model.name()
                + " has no chat template, as base models have none: use YocoLanguageModel, put chat_template.jinja in its"
                + " folder, or give the builder one"));
    }

    TextModel model() {
        return model;
    }

    /**
     * A request in the model's terms.
     *
     * @param messages to be answered
     * @param parameters all of them
     */
    record Chat(List<ChatMessage> messages, YocoChatRequestParameters parameters) {}

    /**
     * Reads a request.
     *
     * @throws dev.langchain4j.exception.UnsupportedFeatureException naming what the model cannot do
     */
    Chat read(ChatRequest request) {
        YocoChatRequestParameters parameters = model.defaults().overrideWith(request.parameters());
        Requests.requireSupported(parameters, model.name());
        return new Chat(Requests.messages(request.messages()), parameters);
    }

    /**
     * Begins an answer.
     *
     * @throws dev.langchain4j.exception.InvalidRequestException when the template refuses the messages, they are too long,
     *     or a parameter is out of range
     */
    TextModel.Text start(Chat chat) {
        // Special tokens stand in the text as they are written.
        return model.start(
                tokenizer -> tokenizer.encode(template.render(chat.messages(), true)),
                chat.parameters(),
                MAX_OUTPUT_TOKENS);
    }

    /** The response of a text that has ended. */
    ChatResponse response(TextModel.Text text, String whole) {
        return ChatResponse.builder()
                .aiMessage(AiMessage.from(whole))
                .metadata(ChatResponseMetadata.builder()
                        .id(UUID.randomUUID().toString())
                        .modelName(model.name())
                        .tokenUsage(text.usage())
                        .finishReason(text.finishReason())
                        .build())
                .build();
    }
}
