package io.yoco4j.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import io.yoco4j.core.InvalidInputException;
import java.util.List;

/**
 * A chat model in process: the model's chat template makes a prompt of the messages, and the calling thread computes the
 * answer.
 *
 * {@snippet class="io.yoco4j.langchain4j.Langchain4jSnippets" region="chat"}
 *
 * <p>Every parameter is honoured or refused: {@code temperature}, {@code topP}, {@code topK}, both penalties,
 * {@code maxOutputTokens} (1,024 where nothing is said) and {@code stopSequences}, and {@code loops},
 * {@code exitThreshold} and {@code seed} of {@link YocoChatRequestParameters}, are honoured. Tools, a JSON response
 * format, another {@code modelName}, parameters of other providers, contents other than text, and messages of tools get an
 * {@link dev.langchain4j.exception.UnsupportedFeatureException} that names them. Values out of range, messages that the
 * template refuses, and prompts longer than the context get an
 * {@link dev.langchain4j.exception.InvalidRequestException}. An answer ends early, with the reason {@code LENGTH}, where
 * the context is full.
 *
 * <p>Thread-safe. Each call has a session of its own; calls at the same time take turns on the model, step by step, and each
 * gets what it would get alone. After {@link #close}, or once the {@link io.yoco4j.engine.YocoModel} is closed, calls get an
 * {@link IllegalStateException}, those that run at their next step.
 */
public final class YocoChatModel implements ChatModel, AutoCloseable {
    private final Chats chats;
    private final List<ChatModelListener> listeners;

    private YocoChatModel(Chats chats, List<ChatModelListener> listeners) {
        this.chats = chats;
        this.listeners = listeners;
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        Chats.Chat chat = chats.read(request);
        try (TextModel.Text text = chats.start(chat)) {
            String whole = text.join();
            return chats.response(text, whole);
        }
    }

    /** What holds where a request does not say otherwise; the model's name is among it. */
    @Override
    public YocoChatRequestParameters defaultRequestParameters() {
        return chats.model().defaults();
    }

    @Override
    public List<ChatModelListener> listeners() {
        return listeners;
    }

    /** Closes the model where the builder opened it; else does nothing. */
    @Override
    public void close() {
        chats.model().close();
    }

    /** Nothing is set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds a chat model. */
    public static final class Builder extends YocoChatModelBuilder<Builder> {
        private Builder() {}

        @Override
        Builder self() {
            return this;
        }

        /**
         * Checks the values, and opens the model where a folder was given.
         *
         * @throws InvalidInputException when the model has no chat template or no tokenizer, cannot be opened, or a value is
         *     out of range
         * @throws dev.langchain4j.exception.UnsupportedFeatureException when a default parameter asks for what it cannot do
         */
        public YocoChatModel build() {
            return new YocoChatModel(openChats(), listeners);
        }
    }
}
