package io.yoco4j.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.server.schedule.TokenLogprobs;
import io.yoco4j.server.schedule.TokenLogprobs.Candidate;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/** Log-probabilities of a choice's tokens, as the two endpoints tell them. */
public final class LogprobList {
    private final IntFunction<byte[]> bytes;
    private final List<Optional<TokenLogprobs>> tokens = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private final List<Integer> offsets = new ArrayList<>();
    private final CodePoints decoder = new CodePoints();
    private int offset;

    /**
     * No tokens yet.
     *
     * @param bytes of a token in a text, by its id; they may be a part of a code point
     */
    public LogprobList(IntFunction<byte[]> bytes) {
        this.bytes = bytes;
    }

    private String text(int id) {
        return new String(bytes.apply(id), StandardCharsets.UTF_8);
    }

    /** Adds a token that nothing precedes, so that nothing is known of it. */
    public void addFirst(int id) {
        add(Optional.empty(), id);
    }

    /** Adds a token. */
    public void add(TokenLogprobs token) {
        add(Optional.of(token), token.id());
    }

    private void add(Optional<TokenLogprobs> token, int id) {
        byte[] own = bytes.apply(id);
        tokens.add(token);
        names.add(new String(own, StandardCharsets.UTF_8));
        offsets.add(offset);
        offset += decoder.codePoints(own);
    }

    /** Tokens so far. */
    public int size() {
        return tokens.size();
    }

    /** {@code tokens}, {@code token_logprobs}, {@code top_logprobs} and {@code text_offset}, as text completions have them. */
    ObjectNode parallelArrays(int from) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ArrayNode ids = root.putArray("tokens");
        ArrayNode logprobs = root.putArray("token_logprobs");
        ArrayNode top = root.putArray("top_logprobs");
        ArrayNode textOffset = root.putArray("text_offset");
        for (int i = from; i < tokens.size(); i++) {
            ids.add(names.get(i));
            textOffset.add(offsets.get(i));
            if (tokens.get(i).isEmpty()) {
                logprobs.addNull();
                top.addNull();
                continue;
            }
            TokenLogprobs token = tokens.get(i).get();
            logprobs.add(token.logprob());
            ObjectNode candidates = top.addObject();
            for (Candidate c : token.top()) {
                // Tokens may be written alike: the likelier one counts.
                candidates.putIfAbsent(text(c.id()), candidates.numberNode(c.logprob()));
            }
            candidates.putIfAbsent(names.get(i), candidates.numberNode(token.logprob()));
        }
        return root;
    }

    /** {@code content}, a list of tokens with their alternatives, as chat completions have it. */
    ObjectNode content(int from) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ArrayNode content = root.putArray("content");
        for (int i = from; i < tokens.size(); i++) {
            TokenLogprobs token = tokens.get(i).orElseThrow();
            ObjectNode entry = content.addObject();
            put(entry, token.id(), token.logprob());
            ArrayNode top = entry.putArray("top_logprobs");
            token.top().forEach(c -> put(top.addObject(), c.id(), c.logprob()));
        }
        root.putNull("refusal");
        return root;
    }

    private void put(ObjectNode entry, int id, double logprob) {
        entry.put("token", text(id));
        entry.put("logprob", logprob);
        ArrayNode list = entry.putArray("bytes");
        for (byte b : bytes.apply(id)) {
            list.add(b & 0xff);
        }
    }
}
