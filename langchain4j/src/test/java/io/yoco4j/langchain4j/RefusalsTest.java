package io.yoco4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.AudioContent;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.CustomMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ToolChoice;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.ModelFolders;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.YocoModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a model cannot do is refused by its name, before anything is computed. */
class RefusalsTest {
    private static final ToolSpecification TOOL =
            ToolSpecification.builder().name("weather").build();

    private final YocoChatModel model =
            YocoChatModel.builder().model(TrainedModel.model()).build();

    private AbstractThrowableAssert<?, ?> unsupported(Consumer<YocoChatRequestParameters.Builder> change) {
        YocoChatRequestParameters.Builder parameters = YocoChatRequestParameters.builder();
        change.accept(parameters);
        assertThatThrownBy(() -> YocoChatModel.builder()
                        .model(TrainedModel.model())
                        .defaultRequestParameters(parameters.build())
                        .build())
                .isExactlyInstanceOf(UnsupportedFeatureException.class);
        return assertThatThrownBy(() -> model.chat(request(parameters.build())))
                .isExactlyInstanceOf(UnsupportedFeatureException.class);
    }

    private static ChatRequest request(ChatRequestParameters parameters) {
        return ChatRequest.builder()
                .messages(UserMessage.from("hello"))
                .parameters(parameters)
                .build();
    }

    @Test
    void parametersOfOtherModels() {
        unsupported(p -> p.modelName("gpt"))
                .hasMessageContaining("modelName is gpt")
                .hasMessageContaining("answers");
        unsupported(p -> p.toolSpecifications(TOOL)).hasMessageContaining("toolSpecifications has weather");
        unsupported(p -> p.toolChoice(ToolChoice.REQUIRED)).hasMessageContaining("ToolChoice.REQUIRED");
        unsupported(p -> p.responseFormat(ResponseFormat.JSON)).hasMessageContaining("responseFormat");
    }

    /** As OpenAI's have a seed and a logit bias, which would be dropped unseen. */
    private static final class OfAnotherProvider extends DefaultChatRequestParameters {
        private OfAnotherProvider(Builder<?> builder) {
            super(builder);
        }
    }

    @Test
    void parametersOfAnotherProvider() {
        ChatRequestParameters others = new OfAnotherProvider(DefaultChatRequestParameters.builder());
        assertThatThrownBy(() -> model.chat(request(others)))
                .isExactlyInstanceOf(UnsupportedFeatureException.class)
                .hasMessageContaining("OfAnotherProvider are not supported");
        assertThatThrownBy(() -> YocoChatModel.builder().defaultRequestParameters(others))
                .isExactlyInstanceOf(UnsupportedFeatureException.class);
    }

    @Test
    void whatAsksForNothingIsTaken() {
        YocoChatRequestParameters nothing = YocoChatRequestParameters.builder()
                .modelName("answers")
                .toolSpecifications(List.of())
                .toolChoice(ToolChoice.AUTO)
                .responseFormat(ResponseFormat.TEXT)
                .maxOutputTokens(1)
                .build();
        assertThat(model.chat(request(nothing)).modelName()).isEqualTo("answers");
    }

    private void unsupported(String part, ChatMessage... messages) {
        assertThatThrownBy(() -> model.chat(messages))
                .isExactlyInstanceOf(UnsupportedFeatureException.class)
                .hasMessageContaining("messages[" + (messages.length - 1) + "]")
                .hasMessageContaining(part)
                .hasMessageContaining("not supported");
    }

    @Test
    void messagesThatAreNoText() {
        UserMessage user = UserMessage.from("hello");
        unsupported("image", UserMessage.from(TextContent.from("see"), ImageContent.from("http://localhost/cat")));
        unsupported("audio", user, UserMessage.from(AudioContent.from("http://localhost/cat")));
        unsupported("the name Ann", UserMessage.from("Ann", "hello"));
        ToolExecutionRequest call =
                ToolExecutionRequest.builder().id("1").name("weather").build();
        unsupported("tools", user, AiMessage.from(call));
        unsupported("TOOL_EXECUTION_RESULT", user, ToolExecutionResultMessage.from(call, "sunny"));
        unsupported("CUSTOM", CustomMessage.from(Map.of("role", "critic")));
    }

    private void invalid(String message, Consumer<YocoChatRequestParameters.Builder> change) {
        YocoChatRequestParameters.Builder parameters = YocoChatRequestParameters.builder();
        change.accept(parameters);
        assertThatThrownBy(() -> model.chat(request(parameters.build())))
                .isExactlyInstanceOf(InvalidRequestException.class)
                .hasMessageContaining(message);
        assertThatThrownBy(() -> YocoChatModel.builder()
                        .model(TrainedModel.model())
                        .defaultRequestParameters(parameters.build())
                        .build())
                .isExactlyInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void valuesOutOfRange() {
        invalid("temperature is -1", p -> p.temperature(-1.0));
        invalid("top-p is 0", p -> p.topP(0.0));
        invalid("top-k is -1", p -> p.topK(-1));
        invalid("presence penalty", p -> p.presencePenalty(1e6));
        invalid("frequency penalty", p -> p.frequencyPenalty(1e6));
        invalid("max tokens is 0", p -> p.maxOutputTokens(0));
        invalid("stop string is empty", p -> p.stopSequences(List.of("")));
        invalid("loops", p -> p.loops(0));
        invalid("exit threshold is 2.0", p -> p.exitThreshold(2));
    }

    @Test
    void aPromptLongerThanTheContextWithBothCounts() {
        int positions = TrainedModel.model().architecture().maxPositions();
        String text = "What is my favorite color? ".repeat(positions / 4);
        String counts = "the prompt has \\d+ tokens, but the model has " + positions + " positions.*";
        assertThatThrownBy(() -> model.chat(text))
                .isExactlyInstanceOf(InvalidRequestException.class)
                .hasMessageMatching(counts);
        YocoLanguageModel language =
                YocoLanguageModel.builder().model(TrainedModel.model()).build();
        assertThatThrownBy(() -> language.generate(text))
                .isExactlyInstanceOf(InvalidRequestException.class)
                .hasMessageMatching(counts);
        assertThatThrownBy(() -> language.generate(""))
                .isExactlyInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("no token");
    }

    @Test
    void modelsThatCannotChat(@TempDir Path temp) throws Exception {
        Path base = ModelFolders.create(temp.resolve("base"), "yoco", 1, "the cat sat on the mat");
        assertThatThrownBy(() -> YocoChatModel.builder().folder(base).build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("the model base has no chat template")
                .hasMessageContaining("YocoLanguageModel");
        assertThatThrownBy(
                        () -> YocoLanguageModel.builder().folder(base).loops(2).build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("no looped stage");
        Files.writeString(base.resolve("chat_template.jinja"), "{{ messages[0].content }}");
        try (YocoChatModel chat =
                YocoChatModel.builder().folder(base).maxOutputTokens(2).build()) {
            assertThat(chat.chat("the cat")).isNotNull();
        }
        Architecture a = Presets.architecture("yoco", "nano");
        try (YocoModel weights = YocoModel.of(a, RandomWeights.of(a, WeightFormat.F32, 1), EngineOptions.defaults())) {
            assertThatThrownBy(() -> YocoLanguageModel.builder().model(weights).build())
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("has no tokenizer.json");
        }
        assertThatThrownBy(() -> YocoLanguageModel.builder().build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("no model was given");
        assertThatThrownBy(() -> YocoLanguageModel.builder()
                        .model(TrainedModel.model())
                        .folder(base)
                        .build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("both");
    }
}
