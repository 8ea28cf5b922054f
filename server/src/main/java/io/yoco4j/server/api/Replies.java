package io.yoco4j.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.engine.FinishReason;
import java.util.Optional;

/**
 * Replies of one request, whole or in pieces. The two endpoints differ in names and in where a text goes, and in nothing
 * else: each is a {@link Shape}.
 */
public final class Replies {
    private final Shape shape;
    private final String id;
    private final String model;
    private final long created;

    /** What the replies of an endpoint look like. */
    public enum Shape {
        /** Of {@code POST /v1/completions}. */
        COMPLETION("cmpl-", "text_completion", "text_completion") {
            @Override
            void text(ObjectNode choice, String text, boolean piece, boolean first) {
                choice.put("text", text);
            }

            @Override
            ObjectNode logprobs(LogprobList list, int from) {
                return list.parallelArrays(from);
            }
        },
        /** Of {@code POST /v1/chat/completions}. */
        CHAT("chatcmpl-", "chat.completion", "chat.completion.chunk") {
            @Override
            void text(ObjectNode choice, String text, boolean piece, boolean first) {
                ObjectNode message = choice.putObject(piece ? "delta" : "message");
                if (!piece || first) {
                    message.put("role", "assistant");
                }
                if (!piece || first || !text.isEmpty()) {
                    message.put("content", text);
                }
                if (!piece) {
                    message.putNull("refusal");
                }
            }

            @Override
            ObjectNode logprobs(LogprobList list, int from) {
                return list.content(from);
            }
        };

        private final String prefix;
        private final String whole;
        private final String piece;

        Shape(String prefix, String whole, String piece) {
            this.prefix = prefix;
            this.whole = whole;
            this.piece = piece;
        }

        abstract void text(ObjectNode choice, String text, boolean piece, boolean first);

        abstract ObjectNode logprobs(LogprobList list, int from);
    }

    /**
     * Replies of a request.
     *
     * @param request its id
     * @param created seconds since 1970
     */
    public Replies(Shape shape, String request, String model, long created) {
        this.shape = shape;
        id = shape.prefix + request;
        this.model = model;
        this.created = created;
    }

    private ObjectNode reply(String object) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("id", id);
        root.put("object", object);
        root.put("created", created);
        root.put("model", model);
        root.putArray("choices");
        return root;
    }

    /** A whole reply, whose choices {@link #choice} adds. */
    public ObjectNode whole(Usage usage) {
        ObjectNode root = reply(shape.whole);
        usage.addTo(root);
        return root;
    }

    /** Adds a choice to a whole reply. */
    public void choice(ObjectNode reply, int index, String text, Optional<LogprobList> logprobs, FinishReason reason) {
        ObjectNode choice = ((ArrayNode) reply.get("choices")).addObject();
        choice.put("index", index);
        shape.text(choice, text, false, true);
        choice.set("logprobs", logprobs.map(l -> shape.logprobs(l, 0)).orElse(null));
        choice.put("finish_reason", name(reason));
    }

    /**
     * A piece of a choice.
     *
     * @param first whether it is the choice's first
     * @param from of the tokens whose log-probabilities were not told yet
     * @param reason in the last piece
     */
    public ObjectNode piece(
            int index,
            String text,
            boolean first,
            Optional<LogprobList> logprobs,
            int from,
            Optional<FinishReason> reason) {
        ObjectNode root = reply(shape.piece);
        ObjectNode choice = ((ArrayNode) root.get("choices")).addObject();
        choice.put("index", index);
        shape.text(choice, text, true, first);
        choice.set("logprobs", logprobs.map(l -> shape.logprobs(l, from)).orElse(null));
        choice.put("finish_reason", reason.map(Replies::name).orElse(null));
        return root;
    }

    /** The piece behind the last one that tells the usage, without choices. */
    public ObjectNode usagePiece(Usage usage) {
        ObjectNode root = reply(shape.piece);
        usage.addTo(root);
        return root;
    }

    private static String name(FinishReason reason) {
        return switch (reason) {
            case STOP_STRING, END_OF_TEXT -> "stop";
            case LENGTH -> "length";
            case CANCELLED -> throw new IllegalArgumentException("nobody reads what was cancelled");
        };
    }
}
