package io.yoco4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.model.output.FinishReason;
import io.yoco4j.core.testing.Javadoc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples in the Javadoc do what they say, and javadoc finds them. */
class Langchain4jSnippetsTest {
    @Test
    void chats() throws Exception {
        assertThat(Langchain4jSnippets.chat(TrainedModel.folder())).isEqualTo("Berlin is the capital of Germany.");
        assertThat(Langchain4jSnippets.language(TrainedModel.folder())).isNotNull();
        YocoChatModel model =
                YocoChatModel.builder().model(TrainedModel.model()).build();
        assertThat(Langchain4jSnippets.parameters(model).aiMessage())
                .isEqualTo(Langchain4jSnippets.parameters(model).aiMessage());
        YocoStreamingChatModel streaming =
                YocoStreamingChatModel.builder().model(TrainedModel.model()).build();
        StringBuilder shown = new StringBuilder();
        assertThat(Langchain4jSnippets.streaming(streaming, shown, Integer.MAX_VALUE)
                        .get(60, TimeUnit.SECONDS)
                        .finishReason())
                .isEqualTo(FinishReason.STOP);
        assertThat(shown).startsWith("A cat met a dog");
    }

    @Test
    void javadocIsWholeAndValid(@TempDir Path out) throws IOException {
        assertThat(Javadoc.problems("io.yoco4j.langchain4j", out)).isEmpty();
    }
}
