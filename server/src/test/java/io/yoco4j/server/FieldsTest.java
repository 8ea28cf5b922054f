package io.yoco4j.server;

import static io.yoco4j.server.TestModels.post;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.server.TestModels.Reply;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fields together with others, and that none of them is without effect. */
class FieldsTest {
    private static final String PROMPT = "'prompt': 'the cat', 'max_tokens': 24, ";

    @TempDir
    static Path temp;

    private static YocoServer server;

    @BeforeAll
    static void start() throws Exception {
        Path folder = TestModels.folder(temp, "nano", "yoco-u");
        Files.writeString(folder.resolve("chat_template.jinja"), "{% for m in messages %}{{ m.content }}{% endfor %}");
        server = TestModels.serve(ServerOptions.builder(), ModelSource.of(folder));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Reply complete(String fields) throws Exception {
        Reply reply = post(server, "/v1/completions", ("{" + fields + "}").replace('\'', '"'));
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return reply;
    }

    private static String text(String fields) throws Exception {
        return complete(fields).json().path("choices").path(0).path("text").asText();
    }

    /** Texts of a stream by choice; each ends once, with its last piece. */
    private static List<String> streamed(Reply reply, int choices) {
        List<StringBuilder> texts = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        for (int i = 0; i < choices; i++) {
            texts.add(new StringBuilder());
        }
        for (JsonNode event : reply.events()) {
            JsonNode choice = event.path("choices").path(0);
            int index = choice.path("index").asInt();
            assertThat(ends).doesNotContain(index);
            texts.get(index).append(choice.path("text").asText());
            if (!choice.path("finish_reason").isNull()) {
                ends.add(index);
            }
        }
        assertThat(ends).hasSize(choices);
        return texts.stream().map(StringBuilder::toString).toList();
    }

    @Test
    void severalTextsAreStreamedBesideEachOther() throws Exception {
        String fields = PROMPT + "'n': 3, 'seed': 5, 'temperature': 1";
        JsonNode whole = complete(fields).json().path("choices");
        List<String> texts = streamed(complete(fields + ", 'stream': true"), 3);
        assertThat(texts).doesNotHaveDuplicates();
        for (int i = 0; i < 3; i++) {
            assertThat(texts.get(i)).isEqualTo(whole.path(i).path("text").asText());
        }
    }

    @Test
    void echoNeedsNoLogprobsAndNoWholeReply() throws Exception {
        String without = text(PROMPT + "'temperature': 0");
        Reply echoed = complete(PROMPT + "'temperature': 0, 'echo': true");
        assertThat(echoed.json().path("choices").path(0).path("text").asText()).isEqualTo("the cat" + without);
        assertThat(echoed.json().path("choices").path(0).path("logprobs").isNull())
                .isTrue();
        assertThat(streamed(complete(PROMPT + "'temperature': 0, 'echo': true, 'stream': true"), 1))
                .containsExactly("the cat" + without);
        assertThat(text("'prompt': '<|endoftext|>the cat', 'max_tokens': 0, 'echo': true"))
                .isEqualTo("<|endoftext|>the cat");
    }

    /** Each piece has those of its tokens, whose bytes are the text's. */
    @Test
    void chatsTellLogprobsAsTheyStream() throws Exception {
        String fields = "'messages': [{'role': 'user', 'content': 'the cat'}], 'max_tokens': 20, 'temperature': 0,"
                + " 'ignore_eos': true, 'logprobs': true, 'top_logprobs': 2";
        String path = "/v1/chat/completions";
        JsonNode whole = post(server, path, ("{" + fields + "}").replace('\'', '"'))
                .json()
                .path("choices")
                .path(0);
        List<JsonNode> tokens = new ArrayList<>();
        for (JsonNode event : post(server, path, ("{" + fields + ", 'stream': true}").replace('\'', '"'))
                .events()) {
            event.path("choices").path(0).path("logprobs").path("content").forEach(tokens::add);
        }
        assertThat(tokens).hasSize(20);
        byte[] bytes = new byte[4096];
        int count = 0;
        for (int i = 0; i < 20; i++) {
            assertThat(tokens.get(i))
                    .isEqualTo(whole.path("logprobs").path("content").path(i));
            assertThat(tokens.get(i).path("top_logprobs")).hasSize(2);
            for (JsonNode b : tokens.get(i).path("bytes")) {
                bytes[count++] = (byte) b.asInt();
            }
        }
        assertThat(new String(bytes, 0, count, StandardCharsets.UTF_8))
                .isEqualTo(whole.path("message").path("content").asText());
    }

    @Test
    void messagesSayWhatTheyMiss() throws Exception {
        String path = "/v1/chat/completions";
        assertThat(post(server, path, "{\"messages\": [{\"role\": \"user\"}]}").error())
                .isEqualTo("messages[0].content is missing, but must be a string or a list of texts");
        assertThat(post(server, path, "{\"messages\": [{\"role\": \"x\", \"content\": \"a\"}]}")
                        .error())
                .contains("system, developer, user or assistant");
    }

    /** So that the likeliest token alone is left, however hot. */
    @ParameterizedTest
    @ValueSource(strings = {"'top_k': 1", "'min_p': 1", "'top_p': 1e-6"})
    void whatLeavesOneTokenIsGreedy(String field) throws Exception {
        assertThat(text(PROMPT + "'temperature': 2, 'seed': 3, " + field)).isEqualTo(text(PROMPT + "'temperature': 0"));
        assertThat(text(PROMPT + "'temperature': 2, 'seed': 3")).isNotEqualTo(text(PROMPT + "'temperature': 0"));
    }

    /** Greedy texts of random weights repeat themselves; a penalty forbids it. */
    @ParameterizedTest
    @ValueSource(strings = {"'repetition_penalty': 9", "'presence_penalty': 2", "'frequency_penalty': 2"})
    void penaltiesBear(String field) throws Exception {
        String fields = "'prompt': [5, 6, 5, 6], 'max_tokens': 60, 'ignore_eos': true, 'temperature': 0";
        assertThat(text(fields + ", " + field)).isNotEqualTo(text(fields));
    }

    @Test
    void tokensExitEarlyWhereAskedTo() throws Exception {
        assertThat(loops(PROMPT + "'temperature': 0")).isEqualTo(3);
        assertThat(loops(PROMPT + "'temperature': 0, 'exit_threshold': 1")).isLessThan(3);
    }

    private static double loops(String fields) throws Exception {
        return complete(fields)
                .json()
                .path("usage")
                .path("yoco4j")
                .path("mean_loops")
                .asDouble();
    }

    /** Wherever in the text it begins, and however the text is cut into tokens. */
    @Test
    void stopStringsMaySpanTokens() throws Exception {
        String drawn = "'prompt': 'the cat', 'max_tokens': 60, 'seed': 4, 'ignore_eos': true";
        String whole = text(drawn);
        int tried = 0;
        for (int at = 0; at + 2 <= whole.length(); at++) {
            String stop = whole.substring(at, at + 2);
            if (stop.matches(".*['\uFFFD\uD800-\uDFFF].*")) {
                continue;
            }
            tried++;
            String expected = whole.substring(0, whole.indexOf(stop));
            String fields = drawn + ", 'stop': " + new JsonMapper().writeValueAsString(stop);
            assertThat(text(fields)).isEqualTo(expected);
            assertThat(streamed(complete(fields + ", 'stream': true"), 1)).containsExactly(expected);
        }
        assertThat(tried).isPositive();
    }
}
