package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.arch.Stage.Position;
import io.yoco4j.core.json.JsonFields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A Hugging Face config.json of the Llama family, read as an {@link Architecture}. Absent fields have the defaults of
 * the family's configuration class; a field that would change the computation in a way that stages cannot say is
 * refused by name.
 */
final class HuggingFaceConfig {
    /** What a configuration class of Hugging Face Transformers says where config.json is silent. */
    private enum Family {
        LLAMA("LlamaForCausalLM", "llama", 11_008, NONE, NONE, 2048, 32_000),
        MISTRAL("MistralForCausalLM", "mistral", 14_336, 8, NONE, 131_072, 32_000),
        QWEN3("Qwen3ForCausalLM", "qwen3", 22_016, 32, 128, 32_768, 151_936);

        private final String architecture;
        private final String modelType;
        private final int intermediate;
        private final int keyValueHeads;
        private final int headDim;
        private final int maxPositions;
        private final int vocabulary;

        Family(
                String architecture,
                String modelType,
                int intermediate,
                int keyValueHeads,
                int headDim,
                int maxPositions,
                int vocabulary) {
            this.architecture = architecture;
            this.modelType = modelType;
            this.intermediate = intermediate;
            this.keyValueHeads = keyValueHeads;
            this.headDim = headDim;
            this.maxPositions = maxPositions;
            this.vocabulary = vocabulary;
        }

        static Optional<Family> of(String architecture) {
            return Arrays.stream(values())
                    .filter(f -> f.architecture.equals(architecture))
                    .findFirst();
        }

        static String all() {
            return String.join(
                    ", ", Arrays.stream(values()).map(f -> f.architecture).toList());
        }
    }

    /** Stands for null: the value then follows from another field, or there is no window. */
    private static final int NONE = Integer.MIN_VALUE;

    private static final int DEFAULT_WINDOW = 4096;
    private static final String SLIDING = "sliding_attention";

    /** Fields that may only say that nothing is added to the computation. */
    private static final Set<String> MUST_BE_FALSE =
            Set.of("attention_bias", "mlp_bias", "qkv_bias", "attention_qkv_bias", "rope_interleave");

    private static final Set<String> MUST_BE_ONE = Set.of(
            "partial_rotary_factor",
            "embedding_multiplier",
            "attention_multiplier",
            "residual_multiplier",
            "logits_scaling",
            "logit_scale");
    private static final Set<String> MUST_BE_NULL = Set.of(
            "quantization_config",
            "attn_logit_softcapping",
            "final_logit_softcapping",
            "query_pre_attn_scalar",
            "no_rope_layers",
            "attention_chunk_size");
    private static final Set<String> PLAIN_ROPE_FIELDS =
            Set.of("rope_type", "type", "rope_theta", "partial_rotary_factor");

    private final JsonFields f;
    private final Family family;

    private HuggingFaceConfig(JsonFields fields, Family family) {
        f = fields;
        this.family = family;
    }

    /**
     * Reads config.json.
     *
     * @throws InvalidInputException naming the field; the caller adds the file's name
     */
    static Architecture read(ObjectNode root) {
        JsonFields fields = new JsonFields(root, "");
        JsonNode names = fields.required("architectures");
        if (!names.isArray() || names.size() != 1 || !names.get(0).isTextual()) {
            throw fields.wrong("architectures", "must be a list of one name, one of " + Family.all());
        }
        Family family = Family.of(names.get(0).textValue())
                .orElseThrow(() -> fields.wrong("architectures", "only " + Family.all() + " can be imported"));
        return new HuggingFaceConfig(fields, family).architecture();
    }

    private Architecture architecture() {
        if (f.hasValue("model_type") && !f.text("model_type").equals(family.modelType)) {
            throw f.wrong(
                    "model_type", "architectures names " + family.architecture + ": one of the two fields is wrong");
        }
        requireActivation();
        requireNeutral(f);
        if (f.hasValue("auto_map") && f.required("auto_map").has("AutoModelForCausalLM")) {
            throw new InvalidInputException("auto_map.AutoModelForCausalLM is given, so the model runs code of its own"
                    + " that cannot be imported: remove the field if the weights are a plain " + family.architecture);
        }
        int layers = integer("num_hidden_layers", 32);
        if (layers < 1 || layers > Stage.MAX_LAYERS) {
            throw f.wrong("num_hidden_layers", "must lie in 1.." + Stage.MAX_LAYERS);
        }
        int heads = integer("num_attention_heads", 32);
        int hidden = integer("hidden_size", 4096);
        int keyValueHeads = integerOrNone("num_key_value_heads", family.keyValueHeads);
        return Architecture.builder()
                .vocabSize(integer("vocab_size", family.vocabulary))
                .hiddenSize(hidden)
                .intermediateSize(integer("intermediate_size", family.intermediate))
                .attentionHeads(heads)
                .keyValueHeads(keyValueHeads == NONE ? heads : keyValueHeads)
                .headDim(headDim(hidden, heads))
                .rmsNormEps(f.has("rms_norm_eps") ? f.positiveFloat("rms_norm_eps") : 1e-6f)
                .ropeTheta(ropeTheta())
                .qkNorm(family == Family.QWEN3)
                .tiedEmbeddings(flag("tie_word_embeddings"))
                .maxPositions(integer("max_position_embeddings", family.maxPositions))
                .stages(stages(windows(layers)))
                .build();
    }

    private void requireActivation() {
        if (f.has("hidden_act") && !f.required("hidden_act").asText().equals("silu")) {
            throw f.wrong("hidden_act", "the gated MLP here is silu: this model cannot be imported");
        }
    }

    private static void requireNeutral(JsonFields f) {
        for (var field : f.node().properties()) {
            String name = field.getKey();
            JsonNode value = field.getValue();
            if (value.isNull()) {
                continue;
            }
            if (name.equals("quantization_config")) {
                throw f.wrong(name, "quantized weights cannot be imported: take the unquantized model");
            }
            boolean other = MUST_BE_FALSE.contains(name) && !(value.isBoolean() && !value.booleanValue())
                    || MUST_BE_ONE.contains(name) && !(value.isNumber() && value.doubleValue() == 1)
                    || MUST_BE_NULL.contains(name);
            if (other) {
                String neutral = MUST_BE_FALSE.contains(name) ? "false" : MUST_BE_ONE.contains(name) ? "1" : "null";
                throw f.wrong(name, "stages have no such computation, so only " + neutral + " can be imported");
            }
        }
    }

    private int headDim(int hidden, int heads) {
        int headDim = integerOrNone("head_dim", family.headDim);
        if (headDim != NONE) {
            return headDim;
        }
        if (heads < 1 || hidden % heads != 0) {
            throw new InvalidInputException("head_dim is not given and hidden_size, " + hidden
                    + ", is not a multiple of num_attention_heads, " + heads + ": one of the three is wrong");
        }
        return hidden / heads;
    }

    // ---- rotary frequencies

    private double ropeTheta() {
        List<Double> given = new ArrayList<>();
        if (f.hasValue("rope_theta")) {
            given.add(f.number("rope_theta"));
        }
        for (String name : List.of("rope_parameters", "rope_scaling")) {
            if (f.hasValue(name)) {
                JsonFields rope = new JsonFields(f.required(name), name + ".");
                requirePlain(rope);
                if (rope.hasValue("rope_theta")) {
                    given.add(rope.number("rope_theta"));
                }
            }
        }
        if (given.stream().distinct().count() > 1) {
            throw new InvalidInputException("rope_theta is given more than once, with different values, " + given
                    + ": keep the one the model was trained with");
        }
        return given.isEmpty() ? 10_000 : given.getFirst();
    }

    /** Refuses every rotary encoding but the plain one; {@code type} is the older name of {@code rope_type}. */
    private static void requirePlain(JsonFields rope) {
        for (String name : List.of("rope_type", "type")) {
            if (rope.hasValue(name) && !rope.required(name).asText().equals("default")) {
                throw rope.wrong(name, "only default, the rotary encoding without scaling, can be imported");
            }
        }
        for (var field : rope.node().properties()) {
            if (!PLAIN_ROPE_FIELDS.contains(field.getKey()) && !field.getValue().isNull()) {
                throw rope.wrong(field.getKey(), "only a rotary encoding without scaling can be imported");
            }
        }
        requireNeutral(rope);
    }

    // ---- windows

    /** The window of each layer, {@link #NONE} for full attention. */
    private int[] windows(int layers) {
        int[] windows = new int[layers];
        switch (family) {
            case LLAMA -> {
                if (f.hasValue("sliding_window")) {
                    throw f.wrong("sliding_window", "LlamaForCausalLM has none: only null can be imported");
                }
                Arrays.fill(windows, NONE);
            }
            case MISTRAL -> Arrays.fill(windows, window());
            case QWEN3 -> {
                int window = flag("use_sliding_window") ? window() : NONE;
                int first = integer("max_window_layers", 28);
                for (int l = 0; l < layers; l++) {
                    windows[l] = l >= first ? window : NONE;
                }
            }
        }
        return f.hasValue("layer_types") ? typed(windows) : windows;
    }

    private int window() {
        int window = integerOrNone("sliding_window", DEFAULT_WINDOW);
        if (f.hasValue("sliding_window") && window < 1) {
            throw f.wrong("sliding_window", "must be null or at least 1");
        }
        return window;
    }

    /** The windows as {@code layer_types} deals them out; only Qwen3 lets it differ from the other fields. */
    private int[] typed(int[] windows) {
        JsonNode types = f.required("layer_types");
        if (!types.isArray() || types.size() != windows.length) {
            throw f.wrong("layer_types", "must be a list with one name for each of num_hidden_layers");
        }
        boolean qwen = family == Family.QWEN3;
        int window = qwen && flag("use_sliding_window") ? window() : NONE;
        int[] out = new int[windows.length];
        for (int l = 0; l < out.length; l++) {
            String type = types.get(l).asText();
            String where = "layer_types[" + l + "] is " + JsonFields.shown(types.get(l)) + ", but ";
            if (!type.equals(SLIDING) && !type.equals("full_attention")) {
                throw new InvalidInputException(where + "only full_attention and " + SLIDING + " can be imported");
            }
            boolean sliding = type.equals(SLIDING);
            if (qwen && sliding && window == NONE) {
                throw new InvalidInputException(
                        where + "use_sliding_window is not true or sliding_window is null, so its window is unknown");
            }
            if (!qwen && sliding != (windows[l] != NONE)) {
                throw new InvalidInputException(where + family.architecture + " goes by sliding_window alone:"
                        + " remove layer_types or make it agree");
            }
            out[l] = qwen && sliding ? window : qwen ? NONE : windows[l];
        }
        return out;
    }

    /** One stage for each run of layers of one kind. */
    private static List<Stage> stages(int[] windows) {
        List<Stage> stages = new ArrayList<>();
        int begin = 0;
        for (int l = 1; l <= windows.length; l++) {
            if (l == windows.length || windows[l] != windows[begin]) {
                int window = windows[begin];
                Attention attention = window == NONE ? new Attention.Full() : new Attention.SlidingWindow(window);
                stages.add(Stage.of(l - begin, attention, Position.ROPE));
                begin = l;
            }
        }
        return stages;
    }

    // ---- fields

    private int integer(String name, int absent) {
        return f.has(name) ? f.integer(name) : absent;
    }

    /** An integer that may be null. */
    private int integerOrNone(String name, int absent) {
        return f.has(name) && !f.hasValue(name) ? NONE : integer(name, absent);
    }

    private boolean flag(String name) {
        return f.hasValue(name) && f.bool(name);
    }
}
