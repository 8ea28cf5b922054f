package io.yoco4j.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.yoco4j.chat.ChatTemplate;
import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.server.api.ApiException;
import io.yoco4j.server.api.RequestFields;
import java.util.Locale;
import java.util.Optional;

/**
 * What there is to know of models: {@code GET /v1/models}, {@code /tokenize}, {@code /detokenize}, {@code /tokenizer_info},
 * {@code /health}.
 */
final class ModelHandlers {
    private final Models models;
    private final BodyReader bodies;
    private final Connections connections;

    ModelHandlers(Models models, BodyReader bodies, Connections connections) {
        this.models = models;
        this.bodies = bodies;
        this.connections = connections;
    }

    /** 503 until all models are loaded and while the server ends, 500 when one cannot be loaded. */
    void health(ServerRequest request, ServerResponse response) {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        Optional<String> failure = models.failure();
        if (failure.isPresent()) {
            ReplyWriter.send(
                    request, response, 500, body.put("status", "failed").put("reason", failure.get()));
        } else if (models.isStopping()) {
            ReplyWriter.send(request, response, 503, body.put("status", "stopping"));
        } else if (models.isReady()) {
            ReplyWriter.send(request, response, 200, body.put("status", "ok"));
        } else {
            ReplyWriter.send(request, response, 503, body.put("status", "loading"));
        }
    }

    void list(ServerRequest request, ServerResponse response) {
        models.requireReady();
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.put("object", "list");
        ArrayNode data = body.putArray("data");
        models.all().forEach(m -> data.add(describe(m)));
        ReplyWriter.send(request, response, 200, body);
    }

    void one(ServerRequest request, ServerResponse response) {
        models.requireReady();
        String name = request.path().pathParameters().get("model");
        ReplyWriter.send(request, response, 200, describe(models.get(Optional.of(name))));
    }

    private static ObjectNode describe(ServedModel m) {
        Architecture a = m.model().architecture();
        ObjectNode model = JsonNodeFactory.instance.objectNode();
        model.put("id", m.name());
        model.put("object", "model");
        model.put("created", m.created());
        model.put("owned_by", "yoco4j");
        model.put("max_model_len", a.maxPositions());
        ObjectNode own = model.putObject("yoco4j");
        own.put("parameters", new Accounting(a).parameters());
        own.put("looped", a.looped());
        own.put("loops", a.stages().stream().mapToInt(Stage::loops).max().orElseThrow());
        own.put("kv", m.model().options().kv().name().toLowerCase(Locale.ROOT));
        own.put("kernels", m.model().kernels());
        own.put("tokenizer", m.hasTokenizer());
        own.put("chat", m.template().isPresent());
        return model;
    }

    /** {@code {"model", "prompt", "add_special_tokens": true}} to {@code {"tokens", "count", "max_model_len"}}. */
    void tokenize(ServerRequest request, ServerResponse response) {
        RequestFields f = bodies.read(request, connections.client());
        ServedModel m = models.get(f.string("model"));
        String prompt = f.string("prompt")
                .orElseThrow(() -> ApiException.invalid("prompt", "prompt is missing; send a string"));
        boolean special = f.bool("add_special_tokens", true);
        f.refuseOthers();
        int[] ids = m.encode(prompt, special, "model");
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        ArrayNode tokens = body.putArray("tokens");
        for (int id : ids) {
            tokens.add(id);
        }
        body.put("count", ids.length);
        body.put("max_model_len", m.model().architecture().maxPositions());
        ReplyWriter.send(request, response, 200, body);
    }

    /** {@code {"model", "tokens"}} to {@code {"prompt"}}. */
    void detokenize(ServerRequest request, ServerResponse response) {
        RequestFields f = bodies.read(request, connections.client());
        ServedModel m = models.get(f.string("model"));
        int[] ids = f.integers("tokens", m.model().architecture().vocabSize());
        f.refuseOthers();
        m.tokenizer("model");
        ReplyWriter.send(
                request, response, 200, JsonNodeFactory.instance.objectNode().put("prompt", m.decode(ids)));
    }

    /**
     * What a client needs that has no tokenizer of its own and asks {@code /tokenize}, in vLLM's fields:
     * lm-evaluation-harness reads it before anything else.
     */
    void tokenizerInfo(ServerRequest request, ServerResponse response) {
        ServedModel m = models.get(request.query().first("model").asOptional());
        Tokenizer t = m.tokenizer("model");
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.put("tokenizer_class", "PreTrainedTokenizerFast"); // Hugging Face's name for whatever is a tokenizer.json
        putToken(
                body,
                "bos_token",
                t,
                m.model().generationConfig().bos().stream().boxed().findFirst());
        putToken(body, "eos_token", t, t.endOfText().stream().boxed().findFirst());
        putToken(body, "pad_token", t, Optional.empty());
        body.put("model_max_length", m.model().architecture().maxPositions());
        body.put("chat_template", m.template().map(ChatTemplate::source).orElse(null));
        ReplyWriter.send(request, response, 200, body);
    }

    private static void putToken(ObjectNode body, String field, Tokenizer t, Optional<Integer> id) {
        body.put(field, id.map(t::token).orElse(null));
    }
}
