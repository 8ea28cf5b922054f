package io.yoco4j.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention.Full;
import io.yoco4j.core.arch.Attention.SlidingWindow;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.arch.Stage.Position;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HuggingFaceImportTest {
    @TempDir
    Path temp;

    private Path out() {
        return temp.resolve("out");
    }

    private Architecture imported(HuggingFaceFolder folder) throws IOException {
        AtomicFiles.deleteRecursively(out());
        return HuggingFaceImport.run(folder.write(temp.resolve("hf")), out());
    }

    private static Stage full(int layers) {
        return Stage.of(layers, new Full(), Position.ROPE);
    }

    private static Stage window(int layers, int window) {
        return Stage.of(layers, new SlidingWindow(window), Position.ROPE);
    }

    // ---- what can be imported

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void llama(boolean sharded) throws IOException {
        HuggingFaceFolder source = HuggingFaceFolder.llama().with("rope_theta", "500000");
        Path hf = temp.resolve("hf");
        Architecture architecture = HuggingFaceImport.run(sharded ? source.writeSharded(hf) : source.write(hf), out());
        assertThat(architecture)
                .isEqualTo(Architecture.builder()
                        .vocabSize(17)
                        .hiddenSize(12)
                        .intermediateSize(20)
                        .attentionHeads(3)
                        .keyValueHeads(1)
                        .headDim(4)
                        .rmsNormEps(1e-5f)
                        .ropeTheta(500_000)
                        .maxPositions(64)
                        .stages(full(3))
                        .build());
        try (Arena arena = Arena.ofConfined()) {
            Checkpoint checkpoint = Checkpoint.open(out(), arena);
            assertThat(checkpoint.architecture()).isEqualTo(architecture);
            assertThat(checkpoint.generation()).isEqualTo(new GenerationConfig(OptionalInt.of(1), List.of(2)));
            assertThat(checkpoint.tokenizer().orElseThrow()).hasContent(HuggingFaceFolder.TOKENIZER);
            assertSame(checkpoint, "embed.weight", source, "model.embed_tokens.weight");
            assertSame(checkpoint, "norm.weight", source, "model.norm.weight");
            assertSame(checkpoint, "lm_head.weight", source, "lm_head.weight");
            for (int l = 0; l < 3; l++) {
                String ours = "stages.0.layers." + l + ".";
                String theirs = "model.layers." + l + ".";
                assertSame(checkpoint, ours + "attn_norm.weight", source, theirs + "input_layernorm.weight");
                assertSame(checkpoint, ours + "mlp_norm.weight", source, theirs + "post_attention_layernorm.weight");
                for (String p : List.of("q", "k", "v", "o")) {
                    String name = p + "_proj.weight";
                    assertSame(checkpoint, ours + "attn." + name, source, theirs + "self_attn." + name);
                }
                for (String p : List.of("gate", "up", "down")) {
                    String name = "mlp." + p + "_proj.weight";
                    assertSame(checkpoint, ours + name, source, theirs + name);
                }
            }
        }
    }

    @Test
    void aFolderThatIsNotImportedSaysWhatToDo() throws IOException {
        Path hf = HuggingFaceFolder.llama().write(temp.resolve("hf"));
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Checkpoint.open(hf, arena))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("config.json: this is a Hugging Face model (model_type llama)")
                    .hasMessageContaining("yoco import");
        }
    }

    private static void assertSame(Checkpoint checkpoint, String ours, HuggingFaceFolder source, String theirs) {
        HuggingFaceFolder.Tensor expected = source.tensor(theirs);
        assertThat(checkpoint.tensor(ours).shape()).as(ours).isEqualTo(expected.shape());
        assertThat(checkpoint.tensor(ours).toFloats()).as(ours).isEqualTo(expected.values());
    }

    @Test
    void mistralHasOneWindowOrNone() throws IOException {
        assertThat(imported(HuggingFaceFolder.mistral().with("sliding_window", "5"))
                        .stages())
                .containsExactly(window(3, 5));
        assertThat(imported(HuggingFaceFolder.mistral().with("sliding_window", "null"))
                        .stages())
                .containsExactly(full(3));
        // The configuration class's default.
        assertThat(imported(HuggingFaceFolder.mistral()).stages()).containsExactly(window(3, 4096));
    }

    @Test
    void qwen3HasQkNormAndStagesByLayerKind() throws IOException {
        HuggingFaceFolder source = HuggingFaceFolder.qwen3()
                .with("use_sliding_window", "true")
                .with("sliding_window", "6")
                .with("max_window_layers", "3");
        Architecture architecture = imported(source);
        assertThat(architecture.qkNorm()).isTrue();
        assertThat(architecture.stages()).containsExactly(full(3), window(1, 6));
        try (Arena arena = Arena.ofConfined()) {
            Checkpoint checkpoint = Checkpoint.open(out(), arena);
            assertSame(
                    checkpoint,
                    "stages.0.layers.2.attn.q_norm.weight",
                    source,
                    "model.layers.2.self_attn.q_norm.weight");
            assertSame(
                    checkpoint,
                    "stages.1.layers.0.attn.k_norm.weight",
                    source,
                    "model.layers.3.self_attn.k_norm.weight");
            assertSame(checkpoint, "stages.1.layers.0.mlp.up_proj.weight", source, "model.layers.3.mlp.up_proj.weight");
        }
        source.with(
                "layer_types",
                "[\"sliding_attention\", \"full_attention\", \"sliding_attention\", \"sliding_attention\"]");
        assertThat(imported(source).stages()).containsExactly(window(1, 6), full(1), window(2, 6));
        assertThat(imported(HuggingFaceFolder.qwen3().with("sliding_window", "6"))
                        .stages())
                .as("use_sliding_window is false unless given")
                .containsExactly(full(4));
    }

    @Test
    void absentFieldsHaveTheFamilysDefaults() throws IOException {
        HuggingFaceFolder source = HuggingFaceFolder.llama();
        for (String field :
                List.of("head_dim", "rms_norm_eps", "max_position_embeddings", "hidden_act", "model_type")) {
            source.without(field);
        }
        Architecture architecture = imported(source);
        assertThat(architecture.headDim()).isEqualTo(4);
        assertThat(architecture.rmsNormEps()).isEqualTo(1e-6f);
        assertThat(architecture.ropeTheta()).isEqualTo(10_000);
        assertThat(architecture.maxPositions()).isEqualTo(2048);
        assertThat(architecture.embeddingMultiplier()).isEqualTo(1);
        assertThat(architecture.tiedEmbeddings()).isFalse();
        source.with("num_key_value_heads", "null")
                .with("num_attention_heads", "1")
                .with("head_dim", "null");
        source.tensors.replaceAll(
                (name, t) -> name.contains("self_attn") ? HuggingFaceFolder.Tensor.random(new Random(1), 12, 12) : t);
        architecture = imported(source);
        assertThat(architecture.keyValueHeads()).isEqualTo(1);
        assertThat(architecture.headDim()).isEqualTo(12);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rope_parameters | {\"rope_type\": \"default\", \"rope_theta\": 1000000.0}",
                "rope_parameters | {\"rope_theta\": 1000000, \"partial_rotary_factor\": 1.0}",
                "rope_scaling    | {\"type\": \"default\", \"rope_theta\": 1000000}",
                "rope_theta      | 1000000"
            })
    void readsTheBaseOfTheRotaryFrequenciesWhereverItStands(String field, String json) throws IOException {
        assertThat(imported(HuggingFaceFolder.llama().with(field, json)).ropeTheta())
                .isEqualTo(1_000_000);
    }

    @Test
    void ignoresWhatDoesNotChangeTheComputation() throws IOException {
        HuggingFaceFolder source = HuggingFaceFolder.llama()
                .with("attention_bias", "false")
                .with("rope_scaling", "null")
                .with("quantization_config", "null")
                .with("partial_rotary_factor", "1.0")
                .with("pretraining_tp", "2")
                .with("layer_types", "[\"full_attention\", \"full_attention\", \"full_attention\"]");
        source.tensors.put(
                "model.layers.0.self_attn.rotary_emb.inv_freq", HuggingFaceFolder.Tensor.random(new Random(1), 2));
        assertThat(imported(source).stages()).containsExactly(full(3));
    }

    @Test
    void tiedEmbeddingsMayBeStoredTwiceWhenTheyAreEqual() throws IOException {
        HuggingFaceFolder source = HuggingFaceFolder.llama().tied();
        assertThat(imported(source).tiedEmbeddings()).isTrue();
        source.tensors.put("lm_head.weight", source.tensor("model.embed_tokens.weight"));
        assertThat(imported(source).tiedEmbeddings()).isTrue();
        source.tensors.put("lm_head.weight", HuggingFaceFolder.Tensor.random(new Random(3), 17, 12));
        AtomicFiles.deleteRecursively(out());
        refused(source, "config.json: tie_word_embeddings is true, but lm_head.weight differs");
    }

    @ParameterizedTest
    @ValueSource(strings = {"BF16", "F16"})
    void keepsTheTypeOfTheWeights(String dtype) throws IOException {
        HuggingFaceFolder source = HuggingFaceFolder.llama();
        Path hf = source.write(temp.resolve("hf"));
        SafetensorsWriter writer = new SafetensorsWriter();
        source.tensors.forEach((name, t) -> writer.add(
                name,
                DType.valueOf(dtype),
                t.shape(),
                () -> java.lang.foreign.MemorySegment.ofArray(new byte[2 * t.values().length])));
        writer.write(hf.resolve("model.safetensors"));
        HuggingFaceImport.run(hf, out());
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Checkpoint.open(out(), arena).tensors().values())
                    .allMatch(t -> t.dtype() == DType.valueOf(dtype));
        }
    }

    @Test
    void tokenIdsComeFromGenerationConfigFirst() throws IOException {
        Path hf = HuggingFaceFolder.llama().with("eos_token_id", "[3, 4]").write(temp.resolve("hf"));
        Files.delete(hf.resolve("tokenizer.json")); // which would say what texts begin with
        assertThat(generation(hf)).isEqualTo(new GenerationConfig(OptionalInt.of(1), List.of(3, 4)));
        Files.writeString(hf.resolve("generation_config.json"), "{\"eos_token_id\": 5, \"temperature\": 0.6}");
        assertThat(generation(hf)).isEqualTo(new GenerationConfig(OptionalInt.empty(), List.of(5)));
        Files.writeString(hf.resolve("generation_config.json"), "{\"eos_token_id\": 5, \"bos_token_id\": 6}");
        Files.writeString(hf.resolve("tokenizer_config.json"), "{\"add_bos_token\": false}");
        assertThat(generation(hf)).isEqualTo(new GenerationConfig(OptionalInt.empty(), List.of(5)));
        Files.writeString(hf.resolve("tokenizer_config.json"), "{\"add_bos_token\": true}");
        assertThat(generation(hf)).isEqualTo(new GenerationConfig(OptionalInt.of(6), List.of(5)));
        // A generation_config.json that is silent does not take it away.
        Files.writeString(hf.resolve("generation_config.json"), "{\"eos_token_id\": 5}");
        assertThat(generation(hf)).isEqualTo(new GenerationConfig(OptionalInt.of(1), List.of(5)));
    }

    /** Which is not what bos_token_id says: many models have one that no text begins with. */
    @Test
    void textsBeginAsTheTokenizerSays() throws IOException {
        Path hf = HuggingFaceFolder.llama().write(temp.resolve("hf"));
        String template = """
                {"type": "TemplateProcessing",
                 "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                 "special_tokens": {"<s>": {"id": "<s>", "ids": [%s], "tokens": ["<s>"]}}}""";
        String processors = "{\"type\": \"Sequence\", \"processors\": [{\"type\": \"ByteLevel\"}, %s]}";
        for (var expected : Map.of(
                        "null",
                        OptionalInt.empty(),
                        "{\"type\": \"ByteLevel\"}",
                        OptionalInt.empty(),
                        "{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\"}}]}",
                        OptionalInt.empty(),
                        template.formatted(3),
                        OptionalInt.of(3),
                        processors.formatted(template.formatted(4)),
                        OptionalInt.of(4))
                .entrySet()) {
            Files.writeString(hf.resolve("tokenizer.json"), "{\"post_processor\": " + expected.getKey() + "}");
            assertThat(generation(hf)).isEqualTo(new GenerationConfig(expected.getValue(), List.of(2)));
        }
        // What tokenizer_config.json says comes first; which token it is, the tokenizer knows best.
        Files.writeString(hf.resolve("tokenizer.json"), "{\"post_processor\": " + template.formatted(3) + "}");
        Files.writeString(hf.resolve("tokenizer_config.json"), "{\"add_bos_token\": false}");
        assertThat(generation(hf).bos()).isEmpty();
        Files.writeString(hf.resolve("tokenizer_config.json"), "{\"add_bos_token\": true}");
        assertThat(generation(hf).bos()).hasValue(3);
        Files.writeString(hf.resolve("tokenizer.json"), "{}");
        assertThat(generation(hf).bos()).hasValue(1);
        Files.delete(hf.resolve("tokenizer_config.json"));
        for (var wrong : Map.of(
                        "{",
                        "is not valid JSON",
                        "{\"post_processor\": " + template.formatted("\"x\"") + "}",
                        "begins with \"<s>\", which has no id",
                        "{\"post_processor\": " + template.formatted(17) + "}",
                        "tokenizer.json: bos_token_id is 17, but the vocabulary has 17 tokens")
                .entrySet()) {
            Files.writeString(hf.resolve("tokenizer.json"), wrong.getKey());
            AtomicFiles.deleteRecursively(out());
            assertThatThrownBy(() -> HuggingFaceImport.run(hf, out()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("tokenizer.json")
                    .hasMessageContaining(wrong.getValue());
        }
    }

    @Test
    void aChatTemplateComesAlong() throws IOException {
        Path hf = HuggingFaceFolder.llama().write(temp.resolve("hf"));
        Files.writeString(hf.resolve("chat_template.jinja"), "{{ messages }}");
        Files.writeString(hf.resolve("tokenizer_config.json"), "{\"chat_template\": \"{{ bos_token }}\"}");
        HuggingFaceImport.run(hf, out());
        for (String file : List.of("chat_template.jinja", "tokenizer_config.json")) {
            assertThat(out().resolve(file)).hasSameTextualContentAs(hf.resolve(file));
        }
    }

    private GenerationConfig generation(Path hf) throws IOException {
        AtomicFiles.deleteRecursively(out());
        HuggingFaceImport.run(hf, out());
        try (Arena arena = Arena.ofConfined()) {
            return Checkpoint.open(out(), arena).generation();
        }
    }

    @Test
    void worksWithoutTokenizerJson() throws IOException {
        Path hf = HuggingFaceFolder.llama().write(temp.resolve("hf"));
        Files.move(hf.resolve("tokenizer.json"), hf.resolve("tokenizer.model"));
        HuggingFaceImport.run(hf, out());
        assertThat(out().resolve("tokenizer.json")).doesNotExist();
    }

    // ---- what is refused

    static Stream<Arguments> badFields() {
        return Stream.of(
                Arguments.of("llama", "architectures", "[\"GemmaForCausalLM\"]", "only LlamaForCausalLM"),
                Arguments.of("llama", "architectures", "[]", "a list of one name"),
                Arguments.of("llama", "architectures", "\"LlamaForCausalLM\"", "a list of one name"),
                Arguments.of("llama", "model_type", "\"granite\"", "one of the two fields is wrong"),
                Arguments.of("llama", "hidden_act", "\"gelu\"", "silu"),
                Arguments.of("llama", "hidden_act", "null", "silu"),
                Arguments.of("llama", "attention_bias", "true", "only false"),
                Arguments.of("llama", "mlp_bias", "true", "only false"),
                Arguments.of("qwen3", "attention_bias", "\"yes\"", "only false"),
                Arguments.of("llama", "partial_rotary_factor", "0.5", "only 1"),
                Arguments.of("llama", "residual_multiplier", "0.22", "only 1"),
                Arguments.of("llama", "quantization_config", "{\"quant_method\": \"gptq\"}", "unquantized"),
                Arguments.of("llama", "final_logit_softcapping", "30.0", "only null"),
                Arguments.of("llama", "auto_map", "{\"AutoModelForCausalLM\": \"x.Y\"}", "code of its own"),
                Arguments.of("llama", "sliding_window", "128", "LlamaForCausalLM has none"),
                Arguments.of("llama", "rope_scaling", "{\"rope_type\": \"llama3\", \"factor\": 8.0}", "rope_type"),
                Arguments.of("llama", "rope_scaling", "{\"type\": \"linear\", \"factor\": 2.0}", "type is \"linear\""),
                Arguments.of("llama", "rope_scaling", "{\"factor\": 2.0}", "rope_scaling.factor"),
                Arguments.of("llama", "rope_scaling", "2", "must be a JSON object"),
                Arguments.of("llama", "rope_parameters", "{\"rope_type\": \"yarn\"}", "rope_type is \"yarn\""),
                Arguments.of("qwen3", "rope_parameters", "{\"full_attention\": {}}", "rope_parameters.full_attention"),
                Arguments.of(
                        "llama", "rope_parameters", "{\"partial_rotary_factor\": 0.25}", "partial_rotary_factor is"),
                Arguments.of("llama", "num_hidden_layers", "2000000000", "must lie in"),
                Arguments.of("llama", "num_hidden_layers", "0", "must lie in"),
                Arguments.of("llama", "num_hidden_layers", "3.0", "must be an integer"),
                Arguments.of("llama", "num_hidden_layers", "2", "has a tensor model.layers.2.input_layernorm.weight"),
                Arguments.of("llama", "num_hidden_layers", "4", "has no tensor model.layers.3.input_layernorm.weight"),
                Arguments.of("llama", "num_hidden_layers", "4096", "too few for the 4096 layers"),
                Arguments.of("llama", "num_key_value_heads", "2", "multiple of num_key_value_heads"),
                Arguments.of("llama", "num_key_value_heads", "null", "k_proj.weight has shape"),
                Arguments.of("llama", "num_key_value_heads", "-1", "num_key_value_heads is -1"),
                Arguments.of("llama", "vocab_size", "null", "vocab_size is null"),
                Arguments.of("llama", "vocab_size", "16", "embed_tokens.weight has shape"),
                Arguments.of("llama", "head_dim", "5", "head_dim is 5, but must be even"),
                Arguments.of("llama", "rms_norm_eps", "1e-60", "rms_norm_eps is 1.0E-60"),
                Arguments.of("llama", "rope_theta", "-1", "rope_theta is -1.0"),
                Arguments.of("llama", "tie_word_embeddings", "1", "must be true or false"),
                Arguments.of("llama", "tie_word_embeddings", "true", "lm_head.weight differs"),
                Arguments.of("llama", "bos_token_id", "17", "the vocabulary has 17 tokens"),
                Arguments.of("llama", "eos_token_id", "\"</s>\"", "must be a token id"),
                Arguments.of("llama", "layer_types", "[\"full_attention\"]", "one name for each"),
                Arguments.of(
                        "mistral",
                        "layer_types",
                        "[\"full_attention\", \"full_attention\", \"full_attention\"]",
                        "goes by sliding_window alone"),
                Arguments.of("mistral", "sliding_window", "0", "must be null or at least 1"),
                Arguments.of(
                        "qwen3",
                        "layer_types",
                        "[\"full_attention\", \"sliding_attention\", \"full_attention\", \"full_attention\"]",
                        "its window is unknown"),
                Arguments.of(
                        "qwen3",
                        "layer_types",
                        "[\"full_attention\", \"linear_attention\", \"full_attention\", \"full_attention\"]",
                        "only full_attention and sliding_attention"));
    }

    @ParameterizedTest
    @MethodSource("badFields")
    void refusesWhatWouldChangeTheComputation(String family, String field, String json, String message)
            throws IOException {
        HuggingFaceFolder source = switch (family) {
            case "llama" -> HuggingFaceFolder.llama();
            case "mistral" -> HuggingFaceFolder.mistral();
            default -> HuggingFaceFolder.qwen3();
        };
        refused(source.with(field, json), message);
    }

    @Test
    void refusesTwoBasesOfTheRotaryFrequencies() throws IOException {
        refused(
                HuggingFaceFolder.llama()
                        .with("rope_theta", "10000")
                        .with("rope_parameters", "{\"rope_theta\": 500000}"),
                "rope_theta is given more than once");
    }

    @Test
    void refusesMissingFields() throws IOException {
        refused(HuggingFaceFolder.llama().without("architectures"), "architectures is missing");
        refused(
                HuggingFaceFolder.llama().without("head_dim").with("num_attention_heads", "5"),
                "head_dim is not given and hidden_size, 12, is not a multiple");
    }

    @Test
    void refusesTensorsThatDoNotFit() throws IOException {
        HuggingFaceFolder bias = HuggingFaceFolder.llama();
        bias.tensors.put("model.layers.1.self_attn.q_proj.bias", HuggingFaceFolder.Tensor.random(new Random(1), 12));
        refused(bias, "has a tensor model.layers.1.self_attn.q_proj.bias");
        HuggingFaceFolder noHead = HuggingFaceFolder.llama();
        noHead.tensors.remove("lm_head.weight");
        refused(noHead, "has no tensor lm_head.weight");
        HuggingFaceFolder turned = HuggingFaceFolder.llama();
        turned.tensors.put(
                "model.layers.1.mlp.down_proj.weight", HuggingFaceFolder.Tensor.random(new Random(1), 20, 12));
        refused(turned, "tensor model.layers.1.mlp.down_proj.weight has shape [20, 12]");
        HuggingFaceFolder nan = HuggingFaceFolder.llama();
        nan.tensor("model.norm.weight").values()[5] = Float.NaN;
        refused(nan, "tensor model.norm.weight has a value that is NaN");
        HuggingFaceFolder unexpectedNorm = HuggingFaceFolder.qwen3()
                .with("architectures", "[\"LlamaForCausalLM\"]")
                .with("model_type", "\"llama\"");
        refused(unexpectedNorm, "self_attn.q_norm.weight");
    }

    @Test
    void refusesWeightsThatAreNotSafetensors() throws IOException {
        Path hf = HuggingFaceFolder.llama().write(temp.resolve("hf"));
        Files.move(hf.resolve("model.safetensors"), hf.resolve("pytorch_model.bin"));
        refused(hf, "only pytorch_model.bin");
        Files.delete(hf.resolve("pytorch_model.bin"));
        refused(hf, "model.safetensors is missing");
        refused(temp.resolve("nowhere"), "is not a folder");
        Files.delete(hf.resolve("config.json"));
        refused(hf, "config.json is missing");
    }

    @Test
    void refusesAnOutputFolderThatHoldsSomething() throws IOException {
        Path hf = HuggingFaceFolder.llama().write(temp.resolve("hf"));
        assertThatThrownBy(() -> HuggingFaceImport.run(hf, hf))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("exists already");
        assertThat(hf.resolve("config.json")).exists();
    }

    private void refused(HuggingFaceFolder source, String message) throws IOException {
        refused(source.write(temp.resolve("hf")), message);
    }

    private void refused(Path hf, String message) throws IOException {
        assertThatThrownBy(() -> HuggingFaceImport.run(hf, out()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(hf.toString())
                .hasMessageContaining(message);
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).allMatch(p -> p.equals(temp.resolve("hf")));
        }
    }
}
