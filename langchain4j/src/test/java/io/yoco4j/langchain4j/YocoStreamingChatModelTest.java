package io.yoco4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import io.yoco4j.engine.YocoModel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

/** Answers piece by piece. They run in the calling thread here, so that all has been told when chat returns. */
class YocoStreamingChatModelTest {
    private static final String STORY = "Tell me a long story about animals";
    private static final Executor DIRECT = Runnable::run;

    private final YocoStreamingChatModel model = YocoStreamingChatModel.builder()
            .model(TrainedModel.model())
            .executor(DIRECT)
            .build();

    /** Notes what it is told. */
    private static class Told implements StreamingChatResponseHandler {
        final List<String> pieces = new ArrayList<>();
        final List<StreamingHandle> handles = new ArrayList<>();
        final List<ChatResponse> responses = new ArrayList<>();
        final List<Throwable> errors = new ArrayList<>();

        @Override
        public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
            pieces.add(piece.text());
            handles.add(context.streamingHandle());
        }

        @Override
        public void onCompleteResponse(ChatResponse response) {
            responses.add(response);
        }

        @Override
        public void onError(Throwable error) {
            errors.add(error);
        }
    }

    @Test
    void piecesMakeTheAnswerThatComesWhole() {
        ChatResponse whole =
                YocoChatModel.builder().model(TrainedModel.model()).build().chat(UserMessage.from(STORY));
        Told told = new Told();
        model.chat(STORY, told);
        assertThat(told.errors).isEmpty();
        assertThat(told.pieces).hasSizeGreaterThan(5).doesNotContain("");
        assertThat(String.join("", told.pieces)).isEqualTo(whole.aiMessage().text());
        assertThat(told.responses).singleElement().satisfies(response -> {
            assertThat(response.aiMessage()).isEqualTo(whole.aiMessage());
            assertThat(response.tokenUsage()).isEqualTo(whole.tokenUsage());
            assertThat(response.finishReason()).isEqualTo(whole.finishReason());
            assertThat(response.modelName()).isEqualTo("answers");
        });
        assertThat(told.handles).allMatch(handle -> !handle.isCancelled());
    }

    @Test
    void nothingIsToldAfterCancellation() {
        try (YocoModel own = YocoModel.open(TrainedModel.folder())) {
            Told told = new Told() {
                @Override
                public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
                    super.onPartialResponse(piece, context);
                    if (pieces.size() == 3) {
                        context.streamingHandle().cancel();
                        context.streamingHandle().cancel();
                        throw new IllegalStateException("not told either");
                    }
                }
            };
            YocoStreamingChatModel.builder().model(own).executor(DIRECT).build().chat(STORY, told);
            assertThat(told.pieces).hasSize(3);
            assertThat(told.responses).isEmpty();
            assertThat(told.errors).isEmpty();
            assertThat(told.handles.getLast().isCancelled()).isTrue();
            assertThat(own.cacheUsage().blocks()).isZero();
        }
    }

    @Test
    void whatFailsIsToldOnce() {
        Told refused = new Told();
        model.chat(TrainedModel.REFUSED, refused);
        assertThat(refused.errors)
                .singleElement()
                .isExactlyInstanceOf(InvalidRequestException.class)
                .asString()
                .contains("not this one");
        assertThat(refused.pieces).isEmpty();
        assertThat(refused.responses).isEmpty();

        YocoModel own = YocoModel.open(TrainedModel.folder());
        Told halfway = new Told() {
            @Override
            public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
                super.onPartialResponse(piece, context);
                own.close();
            }
        };
        YocoStreamingChatModel.builder().model(own).executor(DIRECT).build().chat(STORY, halfway);
        assertThat(halfway.pieces).hasSize(1);
        assertThat(halfway.responses).isEmpty();
        assertThat(halfway.errors).singleElement().isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anExecutorThatRefusesIsTold() {
        Told told = new Told();
        YocoStreamingChatModel.builder()
                .model(TrainedModel.model())
                .executor(_ -> {
                    throw new RejectedExecutionException("full");
                })
                .build()
                .chat(STORY, told);
        assertThat(told.errors).singleElement().isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void whatTheModelCannotDoIsThrown() {
        Told told = new Told();
        assertThatThrownBy(() -> model.chat(List.of(UserMessage.from(ImageContent.from("http://localhost/cat"))), told))
                .isExactlyInstanceOf(UnsupportedFeatureException.class);
        assertThat(told.errors).isEmpty();
    }

    @Test
    void closesTheModelItOpened() {
        YocoStreamingChatModel opened = YocoStreamingChatModel.builder()
                .folder(TrainedModel.folder())
                .executor(DIRECT)
                .build();
        opened.close();
        Told told = new Told();
        opened.chat(STORY, told);
        assertThat(told.errors).singleElement().isInstanceOf(IllegalStateException.class);
    }
}
