package io.yoco4j.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import io.yoco4j.core.InvalidInputException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * A chat model in process that tells its answer piece by piece, as it is generated: what {@link YocoChatModel} does, in a
 * thread of its own.
 *
 * {@snippet class="io.yoco4j.langchain4j.Langchain4jSnippets" region="streaming"}
 *
 * <p>Handlers are called in one thread, one call at a time; the next token waits until a call returns.
 * {@link dev.langchain4j.model.chat.response.StreamingHandle#cancel}, from any thread, ends the answer before its next
 * token, and nothing is told any more. What fails on the way is told once, by {@code onError}; what a handler itself throws
 * is told to its {@code onError} too, and the answer goes on, as langchain4j wants it. Only what the model cannot do at all
 * ({@link dev.langchain4j.exception.UnsupportedFeatureException}) is thrown by {@code chat} itself.
 *
 * <p>Thread-safe, as {@link YocoChatModel} is. By default each answer has a thread, which keeps the JVM up until the
 * answer has ended; {@link Builder#executor} bounds how many there are.
 */
public final class YocoStreamingChatModel implements StreamingChatModel, AutoCloseable {
    private static final Executor THREADS =
            task -> Thread.ofPlatform().name("yoco-chat").daemon(false).start(task);

    private final Chats chats;
    private final List<ChatModelListener> listeners;
    private final Executor executor;

    private YocoStreamingChatModel(Chats chats, List<ChatModelListener> listeners, Executor executor) {
        this.chats = chats;
        this.listeners = listeners;
        this.executor = executor;
    }

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        Chats.Chat chat = chats.read(request);
        StreamedAnswer answer = new StreamedAnswer(chats, chat, handler);
        try {
            executor.execute(answer::run);
        } catch (RejectedExecutionException e) {
            answer.fail(e);
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

    /** Closes the model where the builder opened it, under answers that run, which then fail; else does nothing. */
    @Override
    public void close() {
        chats.model().close();
    }

    /** Nothing is set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds a streaming chat model. */
    public static final class Builder extends YocoChatModelBuilder<Builder> {
        private Executor executor = THREADS;

        private Builder() {}

        @Override
        Builder self() {
            return this;
        }

        /** Runs answers, each one task for as long as it takes; stays the caller's. By default each has a thread. */
        public Builder executor(Executor value) {
            executor = Objects.requireNonNull(value);
            return this;
        }

        /**
         * Checks the values, and opens the model where a folder was given.
         *
         * @throws InvalidInputException when the model has no chat template or no tokenizer, cannot be opened, or a value is
         *     out of range
         * @throws dev.langchain4j.exception.UnsupportedFeatureException when a default parameter asks for what it cannot do
         */
        public YocoStreamingChatModel build() {
            return new YocoStreamingChatModel(openChats(), listeners, executor);
        }
    }
}
