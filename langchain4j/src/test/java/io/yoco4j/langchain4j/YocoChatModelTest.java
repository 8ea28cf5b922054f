package io.yoco4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import io.yoco4j.engine.Generation;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.Sampling;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Answers are what the engine generates of the template's text. */
class YocoChatModelTest {
    private static final String STORY = "Tell me a long story about animals";

    private final YocoModel engine = TrainedModel.model();
    private final YocoChatModel model = YocoChatModel.builder().model(engine).build();

    private static String prompt(String user) {
        return "<user>\n" + user + "\n<assistant>\n";
    }

    private String expected(String prompt, GenerationOptions options) {
        int[] ids = engine.tokenizer().orElseThrow().encode(prompt);
        try (Session session = engine.session(options.session());
                Generation text = session.generate(ids, options)) {
            return text.join();
        }
    }

    private static ChatRequest request(Consumer<YocoChatRequestParameters.Builder> change) {
        YocoChatRequestParameters.Builder parameters =
                YocoChatRequestParameters.builder().maxOutputTokens(30);
        change.accept(parameters);
        return ChatRequest.builder()
                .messages(UserMessage.from(STORY))
                .parameters(parameters.build())
                .build();
    }

    private void honours(Consumer<YocoChatRequestParameters.Builder> asked, Consumer<GenerationOptions.Builder> meant) {
        GenerationOptions.Builder options = GenerationOptions.builder().maxTokens(30);
        meant.accept(options);
        assertThat(model.chat(request(asked)).aiMessage().text()).isEqualTo(expected(prompt(STORY), options.build()));
    }

    private static Consumer<GenerationOptions.Builder> sampling(Consumer<Sampling.Builder> change) {
        Sampling.Builder sampling = Sampling.builder().seed(7).temperature(3);
        change.accept(sampling);
        return options -> options.sampling(sampling.build());
    }

    @Test
    void everyParameterIsHonoured() {
        honours(p -> {}, o -> {});
        honours(p -> p.maxOutputTokens(3), o -> o.maxTokens(3));
        honours(p -> p.stopSequences(List.of("dog")), o -> o.stop("dog"));
        honours(p -> p.temperature(3.0).seed(7), sampling(s -> {}));
        honours(p -> p.temperature(3.0).seed(8), sampling(s -> s.seed(8)));
        honours(p -> p.temperature(3.0).seed(7).topP(0.8), sampling(s -> s.topP(0.8)));
        honours(p -> p.temperature(3.0).seed(7).topK(4), sampling(s -> s.topK(4)));
        honours(p -> p.temperature(3.0).seed(7).presencePenalty(2.0), sampling(s -> s.presencePenalty(2)));
        honours(p -> p.temperature(3.0).seed(7).frequencyPenalty(2.0), sampling(s -> s.frequencyPenalty(2)));
        honours(
                p -> p.loops(1),
                o -> o.session(SessionOptions.builder().loops(1).build()));
        honours(
                p -> p.exitThreshold(1),
                o -> o.session(SessionOptions.builder().exitThreshold(1).build()));
        // Depth is not lost on the way: another one gives another text.
        assertThat(model.chat(request(p -> p.loops(1))).aiMessage())
                .isNotEqualTo(model.chat(request(p -> {})).aiMessage());
    }

    @Test
    void aBuilderMakesSeveralModels() {
        YocoChatModel.Builder builder = YocoChatModel.builder().model(engine).modelName("a");
        assertThat(builder.build().defaultRequestParameters().modelName()).isEqualTo("a");
        assertThat(builder.modelName("b").build().defaultRequestParameters().modelName())
                .isEqualTo("b");
    }

    @Test
    void drawsDifferFromRequestToRequestUnlessTheyHaveASeed() {
        List<AiMessage> drawn = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            drawn.add(model.chat(request(p -> p.temperature(3.0))).aiMessage());
        }
        assertThat(drawn.stream().distinct()).hasSizeGreaterThan(1);
        assertThat(model.chat(request(p -> p.temperature(3.0).seed(1))).aiMessage())
                .isEqualTo(model.chat(request(p -> p.temperature(3.0).seed(1))).aiMessage());
    }

    @Test
    void conversationsAreWrittenAsTheTemplateSays() {
        List<ChatMessage> messages = List.of(
                SystemMessage.from("be short"),
                UserMessage.from(TextContent.from("Hi, my "), TextContent.from("cat")),
                AiMessage.from("Hi"),
                UserMessage.from("hello"));
        GenerationOptions options = GenerationOptions.builder().maxTokens(1024).build();
        assertThat(model.chat(messages).aiMessage().text())
                .isEqualTo(expected(
                        "<system>\nbe short\n<user>\nHi, my cat\n<assistant>\nHi\n<user>\nhello\n<assistant>\n",
                        options));
    }

    @Test
    void responsesCarryCountsAndTheReasonOfTheEnd() {
        ChatResponse whole = model.chat(UserMessage.from("hello"));
        assertThat(whole.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(whole.modelName()).isEqualTo("answers");
        assertThat(whole.id())
                .isNotBlank()
                .isNotEqualTo(model.chat(UserMessage.from("hello")).id());
        int prompt = engine.tokenizer().orElseThrow().encode(prompt("hello")).length;
        assertThat(whole.tokenUsage().inputTokenCount()).isEqualTo(prompt);
        ChatResponse cut = model.chat(request(p -> p.maxOutputTokens(2)));
        assertThat(cut.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(cut.tokenUsage().outputTokenCount()).isEqualTo(2);
        ChatResponse stopped = model.chat(request(p -> p.stopSequences(List.of("dog"))));
        assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(stopped.aiMessage().text()).isEqualTo("A cat met a ");
    }

    @Test
    void defaultsHoldUnlessARequestSaysOtherwise() {
        YocoChatModel short2 = YocoChatModel.builder()
                .model(engine)
                .modelName("short")
                .maxOutputTokens(2)
                .loops(2)
                .build();
        assertThat(short2.defaultRequestParameters().loops()).hasValue(2);
        assertThat(short2.defaultRequestParameters().modelName()).isEqualTo("short");
        ChatResponse response = short2.chat(UserMessage.from("hello"));
        assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(2);
        assertThat(response.modelName()).isEqualTo("short");
        // Parameters of langchain4j's own class lose nothing of ours.
        ChatRequest plain = ChatRequest.builder()
                .messages(UserMessage.from(STORY))
                .parameters(ChatRequestParameters.builder().maxOutputTokens(30).build())
                .build();
        assertThat(short2.chat(plain).aiMessage())
                .isEqualTo(model.chat(request(p -> p.loops(2))).aiMessage());
    }

    @Test
    void parametersAreCombinedFieldByField() {
        YocoChatRequestParameters ours = YocoChatRequestParameters.builder()
                .temperature(0.5)
                .loops(2)
                .seed(1)
                .build();
        YocoChatRequestParameters others = YocoChatRequestParameters.builder()
                .topK(3)
                .loops(4)
                .exitThreshold(0.5)
                .build();
        assertThat(ours.overrideWith(others))
                .isEqualTo(YocoChatRequestParameters.builder()
                        .temperature(0.5)
                        .topK(3)
                        .loops(4)
                        .exitThreshold(0.5)
                        .seed(1)
                        .build())
                .isEqualTo(others.defaultedBy(ours))
                .hasSameHashCodeAs(others.defaultedBy(ours))
                .isNotEqualTo(ours.defaultedBy(others));
        ChatRequestParameters plain =
                DefaultChatRequestParameters.builder().topK(5).build();
        assertThat(plain.overrideWith(ours))
                .isEqualTo(ours.overrideWith(plain))
                .hasToString(ours.overrideWith(plain).toString());
        assertThat(ours.toString()).contains("loops=2", "temperature=0.5");
    }

    @Test
    void callsAtTheSameTimeGetWhatTheyWouldGetAlone() throws Exception {
        List<String> questions = List.of("hello", STORY, "Say 'Hello World'", "What is the capital of Germany?");
        List<String> alone = questions.stream().map(model::chat).toList();
        try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
            List<Future<String>> answers = IntStream.range(0, 16)
                    .mapToObj(i -> executor.submit(() -> model.chat(questions.get(i % 4))))
                    .toList();
            for (int i = 0; i < 16; i++) {
                assertThat(answers.get(i).get()).isEqualTo(alone.get(i % 4));
            }
        }
    }

    @Test
    void languageModelsGoOnWithTheTextAsItIs() {
        YocoLanguageModel language = YocoLanguageModel.builder()
                .model(engine)
                .maxOutputTokens(12)
                .stopSequences(List.of("cat"))
                .build();
        GenerationOptions options =
                GenerationOptions.builder().maxTokens(12).stop("cat").build();
        Response<String> response = language.generate(prompt("hello"));
        try (Generation text = engine.generate(prompt("hello"), options)) {
            assertThat(response.content()).isEqualTo(text.join());
            assertThat(response.tokenUsage())
                    .isEqualTo(new TokenUsage(
                            text.stats().promptTokens(), text.stats().generatedTokens()));
        }
    }

    @Test
    void whoOpensAModelClosesIt() {
        try (YocoModel own = YocoModel.open(TrainedModel.folder())) {
            YocoChatModel over = YocoChatModel.builder().model(own).build();
            over.close();
            assertThat(over.chat("hello")).startsWith("hello");
            own.close();
            assertThatThrownBy(() -> over.chat("hello"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the model is closed: open it again");
        }
        YocoChatModel opened =
                YocoChatModel.builder().folder(TrainedModel.folder()).build();
        assertThat(opened.chat("hello")).startsWith("hello");
        opened.close();
        assertThatThrownBy(() -> opened.chat("hello")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void nothingIsKeptOfACall() {
        try (YocoModel own = YocoModel.open(TrainedModel.folder())) {
            YocoChatModel over = YocoChatModel.builder().model(own).build();
            over.chat("hello");
            assertThatThrownBy(() -> over.chat(TrainedModel.REFUSED)).hasMessageContaining("not this one");
            assertThat(own.cacheUsage().blocks()).isZero();
        }
    }
}
