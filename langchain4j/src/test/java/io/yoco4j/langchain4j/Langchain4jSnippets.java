package io.yoco4j.langchain4j;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.Response;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** The examples that the Javadoc shows, region by region; {@link Langchain4jSnippetsTest} runs them. */
final class Langchain4jSnippets {
    private Langchain4jSnippets() {}

    static String chat(Path folder) {
        // @start region="chat"
        try (YocoChatModel model =
                YocoChatModel.builder().folder(folder).maxOutputTokens(64).build()) {
            return model.chat("What is the capital of Germany?");
        }
        // @end
    }

    static ChatResponse parameters(ChatModel model) {
        // @start region="parameters"
        ChatRequest request = ChatRequest.builder()
                .messages(UserMessage.from("What is the capital of Germany?"))
                .parameters(YocoChatRequestParameters.builder()
                        .temperature(0.7)
                        .maxOutputTokens(64)
                        .loops(2) // depth, for this request
                        .seed(42)
                        .build())
                .build();
        return model.chat(request);
        // @end
    }

    static CompletableFuture<ChatResponse> streaming(StreamingChatModel model, StringBuilder shown, int enough) {
        CompletableFuture<ChatResponse> ended = new CompletableFuture<>();
        // @start region="streaming"
        model.chat("Tell me a long story about animals", new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
                shown.append(piece.text());
                if (shown.length() >= enough) {
                    context.streamingHandle().cancel(); // nothing comes after this
                }
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                ended.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                ended.completeExceptionally(error);
            }
        });
        // @end
        return ended;
    }

    static String language(Path folder) {
        // @start region="language"
        try (YocoLanguageModel model =
                YocoLanguageModel.builder().folder(folder).maxOutputTokens(16).build()) {
            Response<String> response = model.generate("public static ");
            return response.content();
        }
        // @end
    }
}
