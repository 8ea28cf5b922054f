package io.yoco4j.core.arch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Stage.LoopInput;
import io.yoco4j.core.arch.Stage.LoopKv;
import io.yoco4j.core.arch.Stage.Position;
import io.yoco4j.core.json.JsonFields;
import io.yoco4j.core.json.StrictJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * config.json in and out (docs/format.md). Reading is strict: an unknown, missing, repeated or ill-typed field is an
 * {@link InvalidInputException} that names it, since a misspelt {@code loops} would otherwise run another model.
 */
public final class ArchitectureJson {
    /** The version of the format that this code reads and writes. */
    public static final int FORMAT_VERSION = 1;

    private static final String FORMAT = "format version " + FORMAT_VERSION;
    private static final JsonMapper MAPPER = new JsonMapper();

    private static final Set<String> FIELDS = Set.of(
            "format_version",
            "vocab_size",
            "hidden_size",
            "intermediate_size",
            "num_attention_heads",
            "num_key_value_heads",
            "head_dim",
            "rms_norm_eps",
            "rope_theta",
            "qk_norm",
            "tie_word_embeddings",
            "max_position_embeddings",
            "embedding_multiplier",
            "stages");
    private static final Set<String> STAGE_FIELDS =
            Set.of("layers", "attention", "window", "position", "loops", "loop_input", "loop_kv");

    private ArchitectureJson() {}

    /**
     * Reads config.json.
     *
     * @param json the file's text
     * @throws InvalidInputException naming the field; the caller adds the file's name
     */
    public static Architecture read(String json) {
        return read(StrictJson.object(json));
    }

    /** As {@link #read(String)}, from a JSON object that has no other fields than an architecture's. */
    public static Architecture read(ObjectNode root) {
        JsonFields f = new JsonFields(root, "").requireKnown(FIELDS, FORMAT);
        int version = f.integer("format_version");
        if (version != FORMAT_VERSION) {
            throw new InvalidInputException("format_version is " + version + ", but this version of yoco4j reads "
                    + FORMAT_VERSION + ": take a newer yoco4j");
        }
        JsonNode stageNodes = f.required("stages");
        if (!stageNodes.isArray()) {
            throw new InvalidInputException("stages must be a list");
        }
        if (stageNodes.size() > Stage.MAX_LAYERS) {
            throw new InvalidInputException(
                    "stages has " + stageNodes.size() + " entries, but at most " + Stage.MAX_LAYERS + " are supported");
        }
        List<Stage> stages = new ArrayList<>();
        for (int s = 0; s < stageNodes.size(); s++) {
            stages.add(stage(stageNodes.get(s), "stages[" + s + "]."));
        }
        return Architecture.builder()
                .vocabSize(f.integer("vocab_size"))
                .hiddenSize(f.integer("hidden_size"))
                .intermediateSize(f.integer("intermediate_size"))
                .attentionHeads(f.integer("num_attention_heads"))
                .keyValueHeads(f.integer("num_key_value_heads"))
                .headDim(f.integer("head_dim"))
                .rmsNormEps(f.positiveFloat("rms_norm_eps"))
                .ropeTheta(f.number("rope_theta"))
                .qkNorm(f.bool("qk_norm"))
                .tiedEmbeddings(f.bool("tie_word_embeddings"))
                .maxPositions(f.integer("max_position_embeddings"))
                .embeddingMultiplier(f.has("embedding_multiplier") ? f.positiveFloat("embedding_multiplier") : 1)
                .stages(stages)
                .build();
    }

    private static Stage stage(JsonNode node, String prefix) {
        JsonFields f = new JsonFields(node, prefix).requireKnown(STAGE_FIELDS, FORMAT);
        String kind = f.text("attention");
        if (f.has("window") && !kind.equals("sliding_window")) {
            throw new InvalidInputException(
                    prefix + "window is given, but attention is " + kind + ": only sliding_window has a window");
        }
        int layers = f.integer("layers");
        int window = kind.equals("sliding_window") ? f.integer("window") : 0;
        Position position = f.choice("position", "rope", Position.ROPE, "nope", Position.NOPE);
        int loops = f.has("loops") ? f.integer("loops") : 1;
        LoopInput loopInput = f.has("loop_input")
                ? f.choice("loop_input", "carry", LoopInput.CARRY, "inject", LoopInput.INJECT)
                : LoopInput.CARRY;
        LoopKv loopKv =
                f.has("loop_kv") ? f.choice("loop_kv", "each", LoopKv.EACH, "first", LoopKv.FIRST) : LoopKv.EACH;
        try {
            Attention attention = switch (kind) {
                case "full" -> new Attention.Full();
                case "sliding_window" -> new Attention.SlidingWindow(window);
                case "gated_retention" -> new Attention.GatedRetention();
                case "cross" -> new Attention.Cross();
                default ->
                    throw new InvalidInputException("attention is \"" + kind
                            + "\", but must be full, sliding_window, gated_retention or cross");
            };
            return new Stage(layers, attention, position, loops, loopInput, loopKv);
        } catch (InvalidInputException e) {
            throw e.in(prefix);
        }
    }

    /** config.json of {@code a}, indented, with every field written out. */
    public static String write(Architecture a) {
        return tree(a).toPrettyString() + "\n";
    }

    /** As {@link #write}, as a JSON tree. */
    public static ObjectNode tree(Architecture a) {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("format_version", FORMAT_VERSION)
                .put("vocab_size", a.vocabSize())
                .put("hidden_size", a.hiddenSize())
                .put("intermediate_size", a.intermediateSize())
                .put("num_attention_heads", a.attentionHeads())
                .put("num_key_value_heads", a.keyValueHeads())
                .put("head_dim", a.headDim())
                .put("rms_norm_eps", a.rmsNormEps())
                .put("rope_theta", a.ropeTheta())
                .put("qk_norm", a.qkNorm())
                .put("tie_word_embeddings", a.tiedEmbeddings())
                .put("max_position_embeddings", a.maxPositions())
                .put("embedding_multiplier", a.embeddingMultiplier());
        var stages = root.putArray("stages");
        for (Stage s : a.stages()) {
            ObjectNode node = stages.addObject();
            node.put("layers", s.layers()).put("attention", s.attention().name());
            if (s.attention() instanceof Attention.SlidingWindow(int window)) {
                node.put("window", window);
            }
            node.put("position", s.rope() ? "rope" : "nope")
                    .put("loops", s.loops())
                    .put("loop_input", s.loopInput() == LoopInput.INJECT ? "inject" : "carry")
                    .put("loop_kv", s.loopKv() == LoopKv.FIRST ? "first" : "each");
        }
        return root;
    }
}
