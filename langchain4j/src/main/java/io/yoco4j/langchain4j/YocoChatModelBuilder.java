package io.yoco4j.langchain4j;

import dev.langchain4j.model.chat.listener.ChatModelListener;
import io.yoco4j.chat.ChatTemplate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the builders of chat models have beyond those of all models.
 *
 * @param <B> the builder
 */
public abstract sealed class YocoChatModelBuilder<B extends YocoChatModelBuilder<B>> extends YocoModelBuilder<B>
        permits YocoChatModel.Builder, YocoStreamingChatModel.Builder {
    /** Told of requests. */
    List<ChatModelListener> listeners = List.of();

    private @Nullable ChatTemplate template;

    YocoChatModelBuilder() {}

    /** The template to use; by default that of the model's folder. */
    public B chatTemplate(ChatTemplate value) {
        template = value;
        return self();
    }

    /** Told of each request and what became of it; but a request to stream that is refused ends in what {@code chat} throws alone. */
    public B listeners(List<ChatModelListener> value) {
        listeners = List.copyOf(value);
        return self();
    }

    /** As {@link #open}, with the template: the one given, or the folder's. */
    Chats openChats() {
        TextModel opened = open();
        try {
            return new Chats(opened, template);
        } catch (RuntimeException | Error e) {
            opened.close();
            throw e;
        }
    }
}
