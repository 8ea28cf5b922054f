package io.yoco4j.server;

import static io.yoco4j.server.TestModels.get;
import static io.yoco4j.server.TestModels.post;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.server.TestModels.Reply;
import io.yoco4j.server.schedule.SchedulerOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.StringJoiner;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /v1/completions}, field by field, against what the model generates alone. */
class CompletionsTest {
    @TempDir
    static Path temp;

    private static Path folder;
    private static YocoServer server;
    private static YocoModel model;

    @BeforeAll
    static void start() throws Exception {
        folder = TestModels.folder(temp, "nano", "yoco-u");
        Path dense = TestModels.folder(temp, "dense", "transformer");
        server = TestModels.serve(ServerOptions.builder(), ModelSource.of(folder), ModelSource.of(dense));
        model = YocoModel.open(folder);
    }

    @AfterAll
    static void stop() {
        model.close();
        server.close();
    }

    /** A body of single-quoted JSON for the looped model, greedy unless it says otherwise. */
    private static Reply complete(String fields) throws Exception {
        String temperature = fields.contains("temperature") ? "" : "'temperature': 0, ";
        return post(server, "/v1/completions", ("{'model': 'nano', " + temperature + fields + "}").replace('\'', '"'));
    }

    private static JsonNode choice(Reply reply, int i) throws Exception {
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return reply.json().path("choices").path(i);
    }

    private static String alone(String prompt, int maxTokens) {
        return model.generate(
                        prompt, GenerationOptions.builder().maxTokens(maxTokens).build())
                .join();
    }

    @Test
    void completesAsTheModelDoes() throws Exception {
        Reply reply = complete("'prompt': 'the cat', 'max_tokens': 12");
        assertThat(choice(reply, 0).path("text").asText()).isEqualTo(alone("the cat", 12));
        assertThat(choice(reply, 0).path("finish_reason").asText()).isEqualTo("length");
        JsonNode body = reply.json();
        assertThat(body.path("object").asText()).isEqualTo("text_completion");
        assertThat(body.path("id").asText()).startsWith("cmpl-");
        assertThat(body.path("model").asText()).isEqualTo("nano");
        JsonNode usage = body.path("usage");
        assertThat(usage.path("completion_tokens").asInt()).isEqualTo(12);
        assertThat(usage.path("total_tokens").asInt())
                .isEqualTo(usage.path("prompt_tokens").asInt() + 12);
        assertThat(usage.path("yoco4j").path("mean_loops").asDouble()).isEqualTo(3);
        assertThat(usage.path("yoco4j").path("cache_bytes").asLong()).isPositive();
        assertThat(complete("'prompt': 'the cat'")
                        .json()
                        .path("usage")
                        .path("completion_tokens")
                        .asInt())
                .isEqualTo(16);
    }

    @Test
    void takesPromptsOfFourKinds() throws Exception {
        int[] ids = model.encode("the mat");
        StringJoiner list = new StringJoiner(", ", "[", "]");
        for (int id : ids) {
            list.add(String.valueOf(id));
        }
        String expected = alone("the mat", 5);
        assertThat(choice(complete("'max_tokens': 5, 'prompt': " + list), 0)
                        .path("text")
                        .asText())
                .isEqualTo(expected);
        Reply many = complete("'max_tokens': 5, 'prompt': [" + list + ", " + list + "]");
        assertThat(choice(many, 1).path("text").asText()).isEqualTo(expected);
        Reply texts = complete("'max_tokens': 5, 'n': 2, 'prompt': ['the mat', 'a cat']");
        assertThat(texts.json().path("choices")).hasSize(4);
        for (int i = 0; i < 4; i++) {
            assertThat(choice(texts, i).path("index").asInt()).isEqualTo(i);
            assertThat(choice(texts, i).path("text").asText()).isEqualTo(alone(i < 2 ? "the mat" : "a cat", 5));
        }
    }

    @Test
    void streamsTheSameText() throws Exception {
        Reply reply = complete("'prompt': 'the cat', 'max_tokens': 30, 'stream': true,"
                + " 'stream_options': {'include_usage': true}");
        assertThat(reply.response().headers().firstValue("content-type").orElse(""))
                .startsWith("text/event-stream");
        assertThat(reply.body()).endsWith("data: [DONE]\n\n");
        List<JsonNode> events = reply.events();
        StringBuilder text = new StringBuilder();
        for (JsonNode e : events.subList(0, events.size() - 1)) {
            text.append(e.path("choices").path(0).path("text").asText());
            assertThat(e.has("usage")).isFalse();
        }
        assertThat(text.toString()).isEqualTo(alone("the cat", 30));
        assertThat(events.get(events.size() - 2)
                        .path("choices")
                        .path(0)
                        .path("finish_reason")
                        .asText())
                .isEqualTo("length");
        JsonNode last = events.getLast();
        assertThat(last.path("choices")).isEmpty();
        assertThat(last.path("usage").path("completion_tokens").asInt()).isEqualTo(30);
    }

    @Test
    void tellsWithEachPieceWhatItTookSoFar() throws Exception {
        Reply reply = complete("'prompt': 'the cat', 'max_tokens': 9, 'loops': 2, 'stream': true,"
                + " 'stream_options': {'include_usage': true, 'continuous_usage_stats': true}");
        List<JsonNode> events = reply.events();
        int before = 0;
        for (JsonNode e : events) {
            JsonNode usage = e.path("usage");
            assertThat(usage.path("completion_tokens").asInt()).isGreaterThanOrEqualTo(before);
            before = usage.path("completion_tokens").asInt();
            assertThat(before).isPositive();
            assertThat(usage.path("prompt_tokens").asInt()).isPositive();
            assertThat(usage.path("yoco4j").path("mean_loops").asDouble()).isEqualTo(2);
            assertThat(usage.path("yoco4j").path("cache_bytes").asLong()).isPositive();
        }
        assertThat(before).isEqualTo(9);
    }

    @Test
    void endsBeforeAStopString() throws Exception {
        String whole = alone("the cat", 40);
        String stop = whole.substring(5, 8);
        Reply reply = complete("'prompt': 'the cat', 'max_tokens': 40, 'stop': ['never there', "
                + new JsonMapper().writeValueAsString(stop) + "]");
        assertThat(choice(reply, 0).path("text").asText()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
        assertThat(choice(reply, 0).path("finish_reason").asText()).isEqualTo("stop");
    }

    @Test
    void drawsBySeed() throws Exception {
        String fields = "'prompt': 'the cat', 'max_tokens': 20, 'temperature': 1.5, 'top_p': 0.9, 'seed': ";
        String first = choice(complete(fields + 1), 0).path("text").asText();
        assertThat(choice(complete(fields + 1), 0).path("text").asText()).isEqualTo(first);
        assertThat(choice(complete(fields + 2), 0).path("text").asText()).isNotEqualTo(first);
    }

    @Test
    void depthIsAChoicePerRequest() throws Exception {
        for (int loops = 1; loops <= 4; loops++) {
            GenerationOptions options = GenerationOptions.builder()
                    .maxTokens(8)
                    .session(SessionOptions.builder().loops(loops).build())
                    .build();
            Reply reply = complete("'prompt': 'the cat', 'max_tokens': 8, 'loops': " + loops);
            assertThat(choice(reply, 0).path("text").asText())
                    .isEqualTo(model.generate("the cat", options).join());
            assertThat(reply.json()
                            .path("usage")
                            .path("yoco4j")
                            .path("mean_loops")
                            .asDouble())
                    .isEqualTo(loops);
        }
        List<Double> efforts = new ArrayList<>();
        for (String effort : List.of("low", "medium", "high")) {
            efforts.add(complete("'prompt': 'a', 'reasoning_effort': '" + effort + "'")
                    .json()
                    .path("usage")
                    .path("yoco4j")
                    .path("mean_loops")
                    .asDouble());
        }
        assertThat(efforts).containsExactly(2.0, 3.0, 4.0);
    }

    /** What lm-evaluation-harness sends and reads (its local-completions). */
    @Test
    void scoresPromptsForEvaluations() throws Exception {
        Reply reply =
                complete("'prompt': [[70, 71, 72, 73]], 'max_tokens': 1, 'logprobs': 1, 'echo': true, 'seed': 1234");
        JsonNode logprobs = choice(reply, 0).path("logprobs");
        assertThat(logprobs.path("tokens")).hasSize(5);
        assertThat(logprobs.path("token_logprobs")).hasSize(5);
        assertThat(logprobs.path("token_logprobs").get(0).isNull()).isTrue();
        assertThat(logprobs.path("top_logprobs").get(0).isNull()).isTrue();
        for (int i = 1; i < 5; i++) {
            double own = logprobs.path("token_logprobs").get(i).asDouble();
            assertThat(own).isNegative();
            List<Double> top = new ArrayList<>();
            logprobs.path("top_logprobs").get(i).forEach(v -> top.add(v.asDouble()));
            assertThat(top).isNotEmpty().contains(own).allMatch(v -> v <= 0);
        }
        // The last one was drawn greedily: it is the likeliest.
        assertThat(logprobs.path("top_logprobs").get(4)).hasSize(1);
        String text = choice(reply, 0).path("text").asText();
        assertThat(text).startsWith("EFGH");
        JsonNode offsets = logprobs.path("text_offset");
        assertThat(offsets.get(4).asInt()).isEqualTo(4);

        Reply only = complete("'prompt': [70, 71, 72, 73], 'max_tokens': 0, 'logprobs': 2, 'echo': true");
        assertThat(choice(only, 0).path("logprobs").path("tokens")).hasSize(4);
        assertThat(choice(only, 0).path("logprobs").path("token_logprobs").get(2))
                .isEqualTo(logprobs.path("token_logprobs").get(2));
        assertThat(choice(only, 0).path("text").asText()).isEqualTo(text.substring(0, 4));
    }

    @Test
    void biasesAndPenaltiesBear() throws Exception {
        // Token 75 is what a bias of 100 makes it.
        String text = model.tokenizer().orElseThrow().decode(new int[] {75});
        Reply biased = complete("'prompt': 'a', 'max_tokens': 3, 'logit_bias': {'75': 100}");
        assertThat(choice(biased, 0).path("text").asText()).isEqualTo(text.repeat(3));
        Reply penalized = complete("'prompt': 'a', 'max_tokens': 3, 'logit_bias': {'75': 1.5}, 'presence_penalty': 2");
        assertThat(choice(penalized, 0).path("text").asText()).isNotEqualTo(text.repeat(3));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | 400 | model is missing",
                "{'model': 'other', 'prompt': 'a'} | 404 | The model other is not served",
                "{'model': 'nano'} | 400 | prompt is missing",
                "{'model': 'nano', 'prompt': 3} | 400 | prompt is 3",
                "{'model': 'nano', 'prompt': [3, 'a']} | 400 | prompt[1] is",
                "{'model': 'nano', 'prompt': []} | 400 | prompt is []",
                "{'model': 'nano', 'prompt': [-1]} | 400 | prompt[0] is -1",
                "{'model': 'nano', 'prompt': [999999]} | 400 | token id 999999",
                "{'model': 'nano', 'prompt': ''} | 400 | The prompt has no token",
                "{'model': 'nano', 'prompt': 'a', 'max_tokens': -1} | 400 | max_tokens is -1",
                "{'model': 'nano', 'prompt': 'a', 'max_tokens': 1.5} | 400 | max_tokens is 1.5",
                "{'model': 'nano', 'prompt': 'a', 'temperature': 3} | 400 | temperature is 3",
                "{'model': 'nano', 'prompt': 'a', 'temperature': 'hot'} | 400 | temperature is \"hot\"",
                "{'model': 'nano', 'prompt': 'a', 'top_p': 0} | 400 | top_p is 0",
                "{'model': 'nano', 'prompt': 'a', 'stop': ['']} | 400 | stop is",
                "{'model': 'nano', 'prompt': 'a', 'n': 0} | 400 | n is 0",
                "{'model': 'nano', 'prompt': 'a', 'n': 100} | 400 | n is 100",
                "{'model': 'nano', 'prompt': 'a', 'best_of': 2} | 400 | best_of is 2",
                "{'model': 'nano', 'prompt': 'a', 'suffix': 'b'} | 400 | suffix is",
                "{'model': 'nano', 'prompt': 'a', 'logit_bias': {'x': 1}} | 400 | logit_bias has the key",
                "{'model': 'nano', 'prompt': 'a', 'logit_bias': {'99999': 1}} | 400 | token id 99999",
                "{'model': 'nano', 'prompt': 'a', 'stream_options': {}} | 400 | stream_options needs stream",
                "{'model': 'nano', 'prompt': 'a', 'stream': true, 'stream_options': {'continuous_usage_stats': true}}"
                        + " | 400 | needs include_usage",
                "{'model': 'nano', 'prompt': 'a', 'loops': 0} | 400 | loops is 0",
                "{'model': 'nano', 'prompt': 'a', 'loops': 2, 'reasoning_effort': 'low'} | 400 | both choose the depth",
                "{'model': 'nano', 'prompt': 'a', 'reasoning_effort': 'huge'} | 400 | must be low, medium or high",
                "{'model': 'dense', 'prompt': 'a', 'loops': 2} | 400 | has none that does",
                "{'model': 'nano', 'prompt': 'a', 'tool': 1} | 400 | Unrecognized request argument supplied: tool",
                "{'model': 'nano', 'prompt': 'a', 'model': 'nano'} | 400 | Duplicate",
                "{'model': 'nano', 'prompt': 'a', 'logit_bias': {'05': 1}} | 400 | logit_bias has the key",
                "{'model': 'nano', 'prompt': 'a', 'stream': true, 'stream_options': {'x': 1}}"
                        + " | 400 | supplied: stream_options.x",
                "{'model': 'nano', 'prompt': 'a', 'stream': true, 'stream_options': {'include_usage': 1}}"
                        + " | 400 | stream_options.include_usage is 1",
                "{'model': 'nano', 'prompt': NaN} | 400 | does not belong there, at line 1, column",
                "{'model': 'nano', 'prompt | 400 | it ends in the middle, at line 1, column",
                "{'model': 'nano', 'model': 'nano'} | 400 | Duplicate field; send each once, at line 1, column",
                "{} {} | 400 | one object alone is taken",
                "[1] | 400 | not a JSON object",
                "{'model' | 400 | not valid JSON",
                "{} {} | 400 | not valid JSON"
            })
    void refusesByName(String body, int status, String message) throws Exception {
        Reply reply = post(server, "/v1/completions", body.replace('\'', '"'));
        assertThat(reply.status()).as(reply.body()).isEqualTo(status);
        assertThat(reply.error()).contains(message).doesNotContain("Source").doesNotContain("Feature");
        assertThat(reply.json().path("error").path("type").asText()).isEqualTo("invalid_request_error");
    }

    @Test
    void tellsWhatAContextMayHave() throws Exception {
        Reply reply = complete("'prompt': [1, 2, 3], 'max_tokens': 1000000");
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.json().path("error").path("code").asText()).isEqualTo("context_length_exceeded");
        assertThat(reply.error()).contains("131072").contains("1000003").contains("3 of the prompt");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "'prompt': [1], 'n': 100 | n",
                "'prompt': [1], 'top_p': 0 | top_p",
                "'prompt': [1], 'logit_bias': {'99999': 1} | logit_bias",
                "'prompt': [999999] | prompt",
                "'prompt': [1], 'max_tokens': 1000000 | prompt"
            })
    void namesTheFieldThatIsWrong(String fields, String param) throws Exception {
        Reply reply = complete(fields);
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.json().path("error").path("param").asText()).isEqualTo(param);
    }

    /** More prompts than may run or wait: they go in as others end. */
    @Test
    void manyPromptsTakeNoMoreThanTheirTurn() throws Exception {
        ServerOptions.Builder options = ServerOptions.builder()
                .scheduler(
                        SchedulerOptions.builder().maxConcurrent(2).maxQueue(1).build());
        try (YocoServer small = TestModels.serve(options, ModelSource.of(folder))) {
            String prompts = String.join(", ", Collections.nCopies(9, "'the mat', 'a cat'"));
            String body = "{'temperature': 0, 'max_tokens': 5, 'prompt': [" + prompts + "]";
            Reply reply = post(small, "/v1/completions", (body + "}").replace('\'', '"'));
            assertThat(reply.json().path("choices")).hasSize(18);
            for (int i = 0; i < 18; i++) {
                assertThat(choice(reply, i).path("index").asInt()).isEqualTo(i);
                assertThat(choice(reply, i).path("text").asText())
                        .isEqualTo(alone(i % 2 == 0 ? "the mat" : "a cat", 5));
            }
            Reply wrong = post(
                    small,
                    "/v1/completions",
                    (body + "}").replace("'a cat']", "[999999]]").replace('\'', '"'));
            assertThat(wrong.error()).contains("token id 999999");
        }
    }

    @Test
    void nestsNoDeeperThanItShould() throws Exception {
        Reply reply = post(server, "/v1/completions", "[".repeat(100_000));
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.error()).contains("not valid JSON");
    }

    @Test
    void answersToItsOtherPaths() throws Exception {
        assertThat(get(server, "/health").json().path("status").asText()).isEqualTo("ok");
        JsonNode models = get(server, "/v1/models").json().path("data");
        assertThat(models.findValuesAsText("id")).containsExactly("nano", "dense");
        assertThat(get(server, "/v1/models/nano")
                        .json()
                        .path("yoco4j")
                        .path("loops")
                        .asInt())
                .isEqualTo(3);
        assertThat(get(server, "/v1/models/none").status()).isEqualTo(404);

        JsonNode tokens = post(server, "/tokenize", "{\"model\": \"nano\", \"prompt\": \"the cat\"}")
                .json();
        assertThat(tokens.path("count").asInt()).isEqualTo(tokens.path("tokens").size());
        Reply back = post(server, "/detokenize", "{\"model\": \"nano\", \"tokens\": " + tokens.path("tokens") + "}");
        assertThat(back.json().path("prompt").asText()).isEqualTo("the cat");

        JsonNode info = get(server, "/tokenizer_info?model=nano").json();
        String end = model.tokenizer()
                .orElseThrow()
                .token(model.tokenizer().orElseThrow().endOfText().orElseThrow());
        assertThat(info.path("eos_token").asText()).isEqualTo(end);
        assertThat(info.path("bos_token").isNull()).isTrue();
        assertThat(info.path("model_max_length").asInt())
                .isEqualTo(model.architecture().maxPositions());
        assertThat(info.path("chat_template").isNull()).isTrue();
        assertThat(post(
                                server,
                                "/tokenize",
                                "{\"model\": \"nano\", \"prompt\": \"" + end + "\", \"add_special_tokens\": false}")
                        .json()
                        .path("tokens"))
                .hasSize(1);

        JsonNode memory = get(server, "/playground/memory?model=nano&tokens=8192&loops=2")
                .json()
                .path("systems");
        assertThat(memory.findValuesAsText("name")).containsExactly("this model", "transformer", "rins", "yoco");
        assertThat(memory.get(0).path("bytes").asLong())
                .isGreaterThan(memory.get(3).path("bytes").asLong())
                .isLessThan(memory.get(1).path("bytes").asLong());

        Reply missing = get(server, "/v2/nothing");
        assertThat(missing.status()).isEqualTo(404);
        assertThat(missing.error()).contains("/v2/nothing");
        Reply wrong = get(server, "/v1/completions");
        assertThat(wrong.status()).isEqualTo(405);
        assertThat(wrong.response().headers().firstValue("allow")).contains("POST");
        Reply posted = post(server, "/health", "{}");
        assertThat(posted.status()).isEqualTo(405);
        assertThat(posted.response().headers().firstValue("allow")).contains("GET, HEAD");
    }

    @Test
    void countsForPrometheus() throws Exception {
        complete("'prompt': 'count me', 'max_tokens': 3");
        String text = get(server, "/metrics").body();
        assertThat(text)
                .contains("yoco_num_requests_running{model_name=\"nano\"} 0.0")
                .contains("yoco_num_requests_waiting{model_name=\"nano\"} 0.0")
                .contains("yoco_time_to_first_token_seconds_bucket{model_name=\"nano\",le=\"0.25\"}")
                .contains("yoco_inter_token_latency_seconds_count{model_name=\"nano\"}")
                .contains("yoco_prompt_tokens_total{model_name=\"nano\"}")
                .contains("yoco_generation_tokens_total{model_name=\"nano\"}")
                .contains("yoco_prefix_cache_queries_total{model_name=\"nano\"}")
                .contains("yoco_prefix_cache_hits_total{model_name=\"nano\"}")
                .contains("yoco_kv_blocks_used{model_name=\"nano\"}")
                .contains("yoco_loops_run_total{model_name=\"nano\"}")
                .contains("yoco_request_success_total{finished_reason=\"length\",model_name=\"nano\"}")
                .contains("yoco_http_responses_total{path=\"/v1/completions\",status=\"200\"}");
    }

    @Test
    void repliesWithTheRequestsId() throws Exception {
        Reply reply = post(server, "/v1/completions", "{}", "X-Request-Id", "my-id.7");
        assertThat(reply.response().headers().firstValue("x-request-id")).contains("my-id.7");
        Reply other = post(server, "/v1/completions", "{}", "X-Request-Id", "my id");
        assertThat(other.response().headers().firstValue("x-request-id").orElse(""))
                .matches("[0-9a-f]{17,}");
    }
}
