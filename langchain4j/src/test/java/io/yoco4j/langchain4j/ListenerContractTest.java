package io.yoco4j.langchain4j;

import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelListenerIT;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import java.util.List;
import org.junit.jupiter.api.Nested;

/** langchain4j's own tests of listeners. Models fail at a message that their template refuses. */
class ListenerContractTest {

    @Nested
    class Whole extends AbstractChatModelListenerIT {
        @Override
        protected ChatModel createModel(ChatModelListener listener) {
            return YocoChatModel.builder()
                    .model(TrainedModel.model())
                    .temperature(temperature())
                    .topP(topP())
                    .maxOutputTokens(maxTokens())
                    .listeners(List.of(listener))
                    .build();
        }

        @Override
        protected String modelName() {
            return "answers";
        }

        @Override
        protected ChatModel createFailingModel(ChatModelListener listener) {
            return createModel(listener);
        }

        @Override
        protected Class<? extends Exception> expectedExceptionClass() {
            return InvalidRequestException.class;
        }

        @Override
        protected boolean supportsTools() {
            return false;
        }
    }

    @Nested
    class Streamed extends AbstractStreamingChatModelListenerIT {
        @Override
        protected StreamingChatModel createModel(ChatModelListener listener) {
            return YocoStreamingChatModel.builder()
                    .model(TrainedModel.model())
                    .temperature(temperature())
                    .topP(topP())
                    .maxOutputTokens(maxTokens())
                    .listeners(List.of(listener))
                    .build();
        }

        @Override
        protected String modelName() {
            return "answers";
        }

        @Override
        protected StreamingChatModel createFailingModel(ChatModelListener listener) {
            return createModel(listener);
        }

        @Override
        protected Class<? extends Exception> expectedExceptionClass() {
            return InvalidRequestException.class;
        }

        @Override
        protected boolean supportsTools() {
            return false;
        }
    }
}
