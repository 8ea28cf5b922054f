package io.yoco4j.langchain4j;

import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import io.yoco4j.engine.Generation;

/** One answer on its way to a handler. */
final class StreamedAnswer {
    private static final System.Logger LOG = System.getLogger(StreamedAnswer.class.getName());

    private final Chats chats;
    private final Chats.Chat chat;
    private final StreamingChatResponseHandler handler;

    StreamedAnswer(Chats chats, Chats.Chat chat, StreamingChatResponseHandler handler) {
        this.chats = chats;
        this.chat = chat;
        this.handler = handler;
    }

    /** What a handler cancels with. */
    private static final class Handle implements StreamingHandle {
        private final Generation generation;
        private volatile boolean cancelled;

        Handle(Generation generation) {
            this.generation = generation;
        }

        @Override
        public void cancel() {
            cancelled = true;
            generation.cancel();
        }

        @Override
        public boolean isCancelled() {
            return cancelled;
        }
    }

    void run() {
        ChatResponse response;
        try (TextModel.Text text = chats.start(chat)) {
            Handle handle = new Handle(text.generation());
            String whole;
            try {
                whole = pass(text, handle);
            } catch (RuntimeException | Error e) {
                if (!handle.isCancelled()) {
                    fail(e);
                }
                return;
            }
            if (handle.isCancelled()) {
                return;
            }
            response = chats.response(text, whole);
        } catch (RuntimeException | Error e) {
            fail(e);
            return;
        }
        try {
            handler.onCompleteResponse(response);
        } catch (Exception e) {
            fail(e);
        }
    }

    private String pass(TextModel.Text text, Handle handle) {
        StringBuilder whole = new StringBuilder();
        PartialResponseContext context = new PartialResponseContext(handle);
        while (text.hasNext()) {
            String piece = text.generation().next().text();
            whole.append(piece);
            // The handle may have been cancelled while the token was computed.
            if (!piece.isEmpty() && !handle.isCancelled()) {
                try {
                    handler.onPartialResponse(new PartialResponse(piece), context);
                } catch (Exception e) {
                    if (!handle.isCancelled()) {
                        fail(e);
                    }
                }
            }
        }
        return whole.toString();
    }

    /** Tells the handler; what it throws at that is logged, since there is nobody left to tell. */
    void fail(Throwable error) {
        try {
            handler.onError(error);
        } catch (Exception e) {
            LOG.log(System.Logger.Level.WARNING, "onError of a streaming handler failed, and nobody is told", e);
        }
    }
}
