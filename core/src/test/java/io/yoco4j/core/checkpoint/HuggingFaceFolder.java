package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** A tiny Hugging Face folder with random weights, to be bent by a test before it is written. */
final class HuggingFaceFolder {
    static final JsonMapper MAPPER = new JsonMapper();
    static final int VOCABULARY = 17;
    /** Texts begin with token 1. */
    static final String TOKENIZER = """
            {"version": "1.0", "post_processor": {"type": "TemplateProcessing",
             "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
             "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}}
            """;

    static final int HIDDEN = 12;
    static final int INTERMEDIATE = 20;
    static final int HEADS = 3;
    static final int KEY_VALUE_HEADS = 1;
    static final int HEAD_DIM = 4;

    final ObjectNode config = MAPPER.createObjectNode();
    final Map<String, Tensor> tensors = new LinkedHashMap<>();

    /** A tensor in float32. */
    record Tensor(long[] shape, float[] values) {
        static Tensor random(Random random, long... shape) {
            long n = 1;
            for (long s : shape) {
                n *= s;
            }
            float[] values = new float[Math.toIntExact(n)];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            return new Tensor(shape, values);
        }
    }

    private HuggingFaceFolder(String architecture, String modelType, int layers, boolean qkNorm) {
        config.putArray("architectures").add(architecture);
        config.put("model_type", modelType)
                .put("vocab_size", VOCABULARY)
                .put("hidden_size", HIDDEN)
                .put("intermediate_size", INTERMEDIATE)
                .put("num_hidden_layers", layers)
                .put("num_attention_heads", HEADS)
                .put("num_key_value_heads", KEY_VALUE_HEADS)
                .put("head_dim", HEAD_DIM)
                .put("hidden_act", "silu")
                .put("max_position_embeddings", 64)
                .put("rms_norm_eps", 1e-5)
                .put("bos_token_id", 1)
                .put("eos_token_id", 2)
                .put("torch_dtype", "float32");
        Random r = new Random(7);
        tensors.put("model.embed_tokens.weight", Tensor.random(r, VOCABULARY, HIDDEN));
        for (int l = 0; l < layers; l++) {
            String p = "model.layers." + l + ".";
            tensors.put(p + "input_layernorm.weight", Tensor.random(r, HIDDEN));
            tensors.put(p + "self_attn.q_proj.weight", Tensor.random(r, HEADS * HEAD_DIM, HIDDEN));
            tensors.put(p + "self_attn.k_proj.weight", Tensor.random(r, KEY_VALUE_HEADS * HEAD_DIM, HIDDEN));
            tensors.put(p + "self_attn.v_proj.weight", Tensor.random(r, KEY_VALUE_HEADS * HEAD_DIM, HIDDEN));
            if (qkNorm) {
                tensors.put(p + "self_attn.q_norm.weight", Tensor.random(r, HEAD_DIM));
                tensors.put(p + "self_attn.k_norm.weight", Tensor.random(r, HEAD_DIM));
            }
            tensors.put(p + "self_attn.o_proj.weight", Tensor.random(r, HIDDEN, HEADS * HEAD_DIM));
            tensors.put(p + "post_attention_layernorm.weight", Tensor.random(r, HIDDEN));
            tensors.put(p + "mlp.gate_proj.weight", Tensor.random(r, INTERMEDIATE, HIDDEN));
            tensors.put(p + "mlp.up_proj.weight", Tensor.random(r, INTERMEDIATE, HIDDEN));
            tensors.put(p + "mlp.down_proj.weight", Tensor.random(r, HIDDEN, INTERMEDIATE));
        }
        tensors.put("model.norm.weight", Tensor.random(r, HIDDEN));
        tensors.put("lm_head.weight", Tensor.random(r, VOCABULARY, HIDDEN));
    }

    static HuggingFaceFolder llama() {
        return new HuggingFaceFolder("LlamaForCausalLM", "llama", 3, false);
    }

    static HuggingFaceFolder mistral() {
        return new HuggingFaceFolder("MistralForCausalLM", "mistral", 3, false);
    }

    static HuggingFaceFolder qwen3() {
        return new HuggingFaceFolder("Qwen3ForCausalLM", "qwen3", 4, true);
    }

    /** Sets a field of config.json to a JSON value. */
    HuggingFaceFolder with(String field, String json) {
        try {
            config.set(field, MAPPER.readTree(json));
        } catch (IOException e) {
            throw new IllegalArgumentException(json, e);
        }
        return this;
    }

    Tensor tensor(String name) {
        return Objects.requireNonNull(tensors.get(name), name);
    }

    HuggingFaceFolder without(String field) {
        config.remove(field);
        return this;
    }

    HuggingFaceFolder tied() {
        tensors.remove("lm_head.weight");
        return with("tie_word_embeddings", "true");
    }

    Path write(Path folder) throws IOException {
        writeTexts(folder);
        weights(tensors).write(folder.resolve("model.safetensors"));
        return folder;
    }

    /** Every second tensor in the second of two shards. */
    Path writeSharded(Path folder) throws IOException {
        writeTexts(folder);
        ObjectNode index = MAPPER.createObjectNode();
        index.putObject("metadata").put("total_size", 1);
        ObjectNode map = index.putObject("weight_map");
        Map<String, Map<String, Tensor>> shards = new LinkedHashMap<>();
        int n = 0;
        for (String name : tensors.keySet()) {
            String file = "model-0000" + (1 + n++ % 2) + "-of-00002.safetensors";
            map.put(name, file);
            shards.computeIfAbsent(file, _ -> new LinkedHashMap<>()).put(name, tensors.get(name));
        }
        for (var shard : shards.entrySet()) {
            weights(shard.getValue()).write(folder.resolve(shard.getKey()));
        }
        Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
        return folder;
    }

    private void writeTexts(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), config.toPrettyString());
        Files.writeString(folder.resolve("tokenizer.json"), TOKENIZER);
    }

    private static SafetensorsWriter weights(Map<String, Tensor> tensors) {
        SafetensorsWriter writer = new SafetensorsWriter(Map.of("format", "pt"));
        tensors.forEach((name, t) -> writer.add(name, t.shape, t.values));
        return writer;
    }
}
