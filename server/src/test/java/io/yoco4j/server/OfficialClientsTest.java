package io.yoco4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiLanguageModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.YocoModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What OpenAI's and langchain4j's clients read of the server's replies. */
class OfficialClientsTest {
    private static final String TEMPLATE =
            "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

    @TempDir
    static Path temp;

    private static YocoServer server;
    private static YocoModel model;
    private static OpenAIClient openai;

    @BeforeAll
    static void start() throws Exception {
        Path chat = TestModels.folder(temp, "chat", "yoco-u");
        Files.writeString(chat.resolve("chat_template.jinja"), TEMPLATE);
        Path base = TestModels.folder(temp, "base", "yoco-u");
        server = TestModels.serve(ServerOptions.builder(), ModelSource.of(chat), ModelSource.of(base));
        model = YocoModel.open(chat);
        openai = OpenAIOkHttpClient.builder()
                .baseUrl(url())
                .apiKey("none")
                .maxRetries(0)
                .build();
    }

    @AfterAll
    static void stop() {
        openai.close();
        model.close();
        server.close();
    }

    private static String url() {
        return "http://127.0.0.1:" + server.port() + "/v1";
    }

    private static String alone(String prompt, int maxTokens) {
        GenerationOptions options =
                GenerationOptions.builder().maxTokens(maxTokens).build();
        int[] ids = model.tokenizer().orElseThrow().encode(prompt);
        try (var session = model.session();
                var generation = session.generate(ids, options)) {
            return generation.join();
        }
    }

    @Test
    void openAiCompletes() {
        Completion completion = openai.completions()
                .create(CompletionCreateParams.builder()
                        .model("chat")
                        .prompt("the cat")
                        .maxTokens(10)
                        .temperature(0)
                        .build());
        assertThat(completion.choices().getFirst().text()).isEqualTo(alone("the cat", 10));
        assertThat(completion.choices().getFirst().finishReason().asString()).isEqualTo("length");
        assertThat(completion.usage().orElseThrow().completionTokens()).isEqualTo(10);
        assertThat(openai.models().list().data()).hasSize(2);
    }

    private static ChatCompletionCreateParams.Builder chat(String model) {
        return ChatCompletionCreateParams.builder()
                .model(model)
                .addSystemMessage("be short")
                .addUserMessage("the cat")
                .maxCompletionTokens(10)
                .temperature(0);
    }

    @Test
    void openAiChats() {
        String expected = alone("<system>be short<user>the cat<assistant>", 10);
        ChatCompletion answer = openai.chat()
                .completions()
                .create(chat("chat").logprobs(true).topLogprobs(2).build());
        assertThat(answer.choices().getFirst().message().content()).contains(expected);
        assertThat(answer.choices()
                        .getFirst()
                        .logprobs()
                        .orElseThrow()
                        .content()
                        .orElseThrow())
                .hasSize(10)
                .allMatch(l -> l.topLogprobs().size() == 2);
        StringBuilder streamed = new StringBuilder();
        try (StreamResponse<ChatCompletionChunk> chunks =
                openai.chat().completions().createStreaming(chat("chat").build())) {
            chunks.stream()
                    .flatMap(c -> c.choices().stream())
                    .forEach(c -> c.delta().content().ifPresent(streamed::append));
        }
        assertThat(streamed.toString()).isEqualTo(expected);
    }

    @Test
    void openAiReadsErrors() {
        assertThatThrownBy(() -> openai.chat().completions().create(chat("base").build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("has no chat template");
        assertThatThrownBy(() -> openai.chat().completions().create(chat("none").build()))
                .isInstanceOf(NotFoundException.class);
        assertThatThrownBy(() -> openai.chat()
                        .completions()
                        .create(chat("chat").maxCompletionTokens(10_000_000).build()))
                .isInstanceOf(BadRequestException.class)
                .extracting(e -> ((BadRequestException) e).code().orElse(""))
                .isEqualTo("context_length_exceeded");
    }

    @Test
    void langchain4jChats() throws Exception {
        String expected = alone("<user>the cat<assistant>", 10);
        OpenAiChatModel chat = OpenAiChatModel.builder()
                .baseUrl(url())
                .apiKey("none")
                .modelName("chat")
                .temperature(0.0)
                .maxTokens(10)
                .maxRetries(0)
                .timeout(Duration.ofMinutes(1))
                .build();
        ChatResponse answer = chat.chat(UserMessage.from("the cat"));
        assertThat(answer.aiMessage().text()).isEqualTo(expected);
        assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(answer.tokenUsage().outputTokenCount()).isEqualTo(10);

        OpenAiStreamingChatModel streaming = OpenAiStreamingChatModel.builder()
                .baseUrl(url())
                .apiKey("none")
                .modelName("chat")
                .temperature(0.0)
                .maxTokens(10)
                .build();
        CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
        StringBuilder pieces = new StringBuilder();
        streaming.chat("the cat", new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
                pieces.append(piece);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                whole.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                whole.completeExceptionally(error);
            }
        });
        assertThat(whole.get(60, TimeUnit.SECONDS).aiMessage().text()).isEqualTo(expected);
        assertThat(pieces.toString()).isEqualTo(expected);
        assertThat(whole.get().tokenUsage().outputTokenCount()).isEqualTo(10);

        OpenAiLanguageModel language = OpenAiLanguageModel.builder()
                .baseUrl(url())
                .apiKey("none")
                .modelName("base")
                .temperature(0.0)
                .build();
        // Sixteen tokens is what the API has where nothing is said.
        assertThat(language.generate("the cat").content()).isEqualTo(alone("the cat", 16));
    }
}
