package io.yoco4j.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.yoco4j.core.Sha256;
import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.arch.Presets.Size;
import io.yoco4j.server.api.ApiException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/** {@code GET /}, a page to try a model on, and what it asks for beyond the API: what a context would take in other systems. */
final class PlaygroundHandlers {
    private static final String PAGE = "playground.html";
    private static final String SCRIPT = "<script>";

    private static final List<String> SYSTEMS = List.of("transformer", "rins", "yoco");

    private final Models models;
    private final byte[] page;
    private final String policy;

    PlaygroundHandlers(Models models) {
        this.models = models;
        try (InputStream in = Objects.requireNonNull(PlaygroundHandlers.class.getResourceAsStream(PAGE), PAGE)) {
            page = in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        policy = policy(new String(page, StandardCharsets.UTF_8));
    }

    /** The page is whole in itself: it loads nothing, talks to this server alone, and runs no script but its own. */
    private static String policy(String page) {
        String script = page.substring(page.indexOf(SCRIPT) + SCRIPT.length(), page.indexOf("</script>"));
        String hash = Base64.getEncoder().encodeToString(HexFormat.of().parseHex(Sha256.hex(script)));
        return "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + hash + "';"
                + " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    void page(ServerRequest request, ServerResponse response) {
        response.header(HeaderNames.CONTENT_TYPE, "text/html; charset=utf-8");
        response.header(HeaderNames.create("Content-Security-Policy"), policy);
        response.header(HeaderNames.create("Referrer-Policy"), "no-referrer");
        response.header(HeaderNames.create("X-Content-Type-Options"), "nosniff");
        response.header(HeaderNames.CACHE_CONTROL, "no-cache");
        ReplyWriter.send(request, response, page);
    }

    /**
     * {@code ?model=M&tokens=N&loops=T} to {@code {"tokens", "systems": [{"name", "bytes"}, ...]}}: the cache of a context of
     * this model first, then of other systems of the same layers, widths and format, by Accounting.
     */
    void memory(ServerRequest request, ServerResponse response) {
        ServedModel model = models.get(request.query().first("model").asOptional());
        Architecture own = model.model().architecture();
        int tokens = integer(request, "tokens", own.maxPositions()).orElse(0);
        OptionalInt loops = integer(request, "loops", 1024);
        Architecture asked = own.looped() && loops.isPresent() ? own.withLoops(loops.getAsInt()) : own;
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.put("tokens", tokens);
        ArrayNode systems = body.putArray("systems");
        add(systems, "this model", asked, model, tokens);
        Size shape = Size.of(own);
        for (String system : SYSTEMS) {
            add(systems, system, Presets.architecture(system, shape), model, tokens);
        }
        ReplyWriter.send(request, response, 200, body);
    }

    private static void add(ArrayNode systems, String name, Architecture a, ServedModel model, int tokens) {
        systems.addObject()
                .put("name", name)
                .put(
                        "bytes",
                        new Accounting(a)
                                .cacheBytes(tokens, model.model().options().kv()));
    }

    private static OptionalInt integer(ServerRequest request, String name, int most) {
        Optional<String> value = request.query().first(name).asOptional();
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        if (!value.get().matches("[0-9]{1,9}") || Integer.parseInt(value.get()) > most) {
            throw ApiException.invalid(name, name + " must be an integer in 0.." + most);
        }
        return OptionalInt.of(Integer.parseInt(value.get()));
    }
}
