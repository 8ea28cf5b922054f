package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ParameterLayout;
import io.yoco4j.core.json.StrictJson;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Import of Hugging Face folders of the Llama family: {@code LlamaForCausalLM}, {@code MistralForCausalLM} and
 * {@code Qwen3ForCausalLM}. Weights keep their type; layers become stages, one for each run of layers of one kind.
 * Whatever would silently change the computation is refused by name: another activation, biases, scaled or partial
 * rotary encodings, quantized weights, tensors too many or too few.
 */
public final class HuggingFaceImport {
    private static final Logger LOG = System.getLogger(HuggingFaceImport.class.getName());

    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";

    /** Buffers that old versions saved; they follow from rope_theta. */
    private static final String ROTARY_BUFFER = "rotary_emb.inv_freq";

    /** Names within a layer, ours to theirs. */
    private static final Map<String, String> LAYER_NAMES = Map.ofEntries(
            Map.entry("attn_norm.weight", "input_layernorm.weight"),
            Map.entry("attn.q_proj.weight", "self_attn.q_proj.weight"),
            Map.entry("attn.k_proj.weight", "self_attn.k_proj.weight"),
            Map.entry("attn.v_proj.weight", "self_attn.v_proj.weight"),
            Map.entry("attn.o_proj.weight", "self_attn.o_proj.weight"),
            Map.entry("attn.q_norm.weight", "self_attn.q_norm.weight"),
            Map.entry("attn.k_norm.weight", "self_attn.k_norm.weight"),
            Map.entry("mlp_norm.weight", "post_attention_layernorm.weight"),
            Map.entry("mlp.gate_proj.weight", "mlp.gate_proj.weight"),
            Map.entry("mlp.up_proj.weight", "mlp.up_proj.weight"),
            Map.entry("mlp.down_proj.weight", "mlp.down_proj.weight"));

    private HuggingFaceImport() {}

    /**
     * Writes the model of a Hugging Face folder as a folder of our format, one tensor in memory at a time. tokenizer.json
     * is copied; the token ids that start and end a text come from generation_config.json, or else from config.json. The
     * starting one is left out where tokenizer_config.json says {@code "add_bos_token": false}: ours is put before every
     * prompt.
     *
     * @param hfFolder with config.json and model.safetensors, or shards with their index
     * @param out must not exist, or be empty; it appears whole or not at all
     * @return the architecture that config.json there describes
     * @throws InvalidInputException naming file and field or tensor
     * @throws UncheckedIOException when reading or writing fails
     */
    public static Architecture run(Path hfFolder, Path out) {
        CheckpointWriter.requireFree(out);
        if (!Files.isDirectory(hfFolder)) {
            throw new InvalidInputException(hfFolder + " is not a folder: name a Hugging Face model folder");
        }
        Path configFile = hfFolder.resolve(Checkpoint.CONFIG);
        ObjectNode config = object(configFile);
        Architecture architecture;
        try {
            architecture = HuggingFaceConfig.read(config);
        } catch (InvalidInputException e) {
            throw e.in(configFile + ": ");
        }
        GenerationConfig generation = generation(hfFolder, config, architecture);
        requireSafetensors(hfFolder);
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsWriter weights = new SafetensorsWriter();
            tensors(hfFolder, architecture, WeightFiles.open(hfFolder, arena).tensors())
                    .forEach((name, t) -> weights.add(name, t.dtype(), t.shape(), t::data));
            CheckpointWriter writer = new CheckpointWriter(architecture, weights);
            if (!generation.equals(GenerationConfig.NONE)) {
                writer.generation(generation);
            }
            copyTokenizer(hfFolder, writer);
            Checkpoint.CHAT_FILES.forEach(file -> writer.copy(hfFolder, file));
            writer.create(out);
        }
        return architecture;
    }

    private static ObjectNode object(Path file) {
        String text = Checkpoint.readText(file);
        try {
            return StrictJson.object(text);
        } catch (InvalidInputException e) {
            throw e.in(file + ": ");
        }
    }

    private static void requireSafetensors(Path folder) {
        boolean safetensors = Files.exists(WeightFiles.index(folder));
        boolean pickled = Files.exists(folder.resolve("pytorch_model.bin"))
                || Files.exists(folder.resolve("pytorch_model.bin.index.json"));
        if (!safetensors && pickled) {
            throw new InvalidInputException(folder + " has only pytorch_model.bin, which cannot be read safely:"
                    + " convert it to model.safetensors first");
        }
    }

    // ---- tensors

    /** The model's tensors by our names, in the layout's order. */
    private static Map<String, StoredTensor> tensors(
            Path folder, Architecture architecture, Map<String, StoredTensor> read) {
        Map<String, StoredTensor> stored = new LinkedHashMap<>(read);
        stored.keySet().removeIf(name -> name.equals(ROTARY_BUFFER) || name.endsWith("." + ROTARY_BUFFER));
        if (architecture.tiedEmbeddings()) {
            dropTiedHead(folder, stored);
        }
        WeightChecks checks = new WeightChecks(folder);
        checks.requireEnough(architecture, stored);
        Map<String, String> theirs = names(architecture);
        Map<String, StoredTensor> out = new LinkedHashMap<>();
        ParameterLayout.of(architecture).forEach((name, shape) -> {
            String source = theirs.getOrDefault(name, name);
            StoredTensor tensor = stored.remove(source);
            if (tensor == null) {
                throw new InvalidInputException(WeightFiles.index(folder) + " has no tensor " + source
                        + ", which config.json calls for: the folder is incomplete or of another model");
            }
            checks.requireSound(tensor, shape);
            out.put(name, tensor);
        });
        if (!stored.isEmpty()) {
            throw new InvalidInputException(WeightFiles.index(folder) + " has a tensor "
                    + stored.keySet().iterator().next()
                    + " that config.json has no place for: without it the model would compute something else");
        }
        return out;
    }

    /** A stored output matrix beside tied embeddings is let go only when it is the embedding. */
    private static void dropTiedHead(Path folder, Map<String, StoredTensor> stored) {
        StoredTensor head = stored.remove(HEAD);
        StoredTensor embedding = stored.get(EMBEDDING);
        if (head == null || embedding == null) {
            return;
        }
        boolean same = head.dtype() == embedding.dtype()
                && Arrays.equals(head.shape(), embedding.shape())
                && head.data().mismatch(embedding.data()) == -1;
        if (!same) {
            throw new InvalidInputException(folder.resolve(Checkpoint.CONFIG) + ": tie_word_embeddings is true, but "
                    + HEAD + " differs from " + EMBEDDING
                    + ": set it to false if the model was trained with two matrices, or remove " + HEAD);
        }
    }

    /** Names of tensors, ours to theirs. */
    private static Map<String, String> names(Architecture architecture) {
        Map<String, String> theirs = new HashMap<>();
        theirs.put(ParameterLayout.EMBEDDING, EMBEDDING);
        theirs.put(ParameterLayout.FINAL_NORM, "model.norm.weight");
        theirs.put(ParameterLayout.HEAD, HEAD);
        int layer = 0;
        for (int s = 0; s < architecture.stages().size(); s++) {
            for (int l = 0; l < architecture.stages().get(s).layers(); l++) {
                String prefix = "model.layers." + layer++ + ".";
                String ours = ParameterLayout.layer(s, l);
                LAYER_NAMES.forEach((name, their) -> theirs.put(ours + name, prefix + their));
            }
        }
        return theirs;
    }

    // ---- the other files

    private static GenerationConfig generation(Path folder, ObjectNode config, Architecture architecture) {
        Path own = folder.resolve(Checkpoint.GENERATION_CONFIG);
        Path file = Files.exists(own) ? own : folder.resolve(Checkpoint.CONFIG);
        ObjectNode root = Files.exists(own) ? object(own) : config;
        GenerationConfig generation;
        try {
            generation = GenerationConfig.of(root);
            Checkpoint.requireTokens(generation, architecture);
        } catch (InvalidInputException e) {
            throw e.in(file + ": ");
        }
        GenerationConfig begun = begun(folder, generation);
        try {
            Checkpoint.requireTokens(begun, architecture);
        } catch (InvalidInputException e) {
            throw e.in(folder.resolve(Checkpoint.TOKENIZER) + ": ");
        }
        return begun;
    }

    /**
     * Whether texts begin with a token is the tokenizer's to say there, not bos_token_id's: by add_bos_token, or else by what
     * its post-processor puts in front.
     */
    private static GenerationConfig begun(Path folder, GenerationConfig generation) {
        Path settings = folder.resolve(TOKENIZER_CONFIG);
        JsonNode add = Files.exists(settings) ? object(settings).path("add_bos_token") : MissingNode.getInstance();
        Path tokenizer = folder.resolve(Checkpoint.TOKENIZER);
        OptionalInt bos;
        if (add.isBoolean()) {
            bos = add.booleanValue() ? named(folder, tokenizer, generation) : OptionalInt.empty();
        } else if (Files.exists(tokenizer)) {
            bos = PostProcessor.first(tokenizer);
        } else {
            bos = generation.bos();
        }
        return new GenerationConfig(bos, generation.eos());
    }

    /** The first that one of the files names, the tokenizer's before all others. */
    private static OptionalInt named(Path folder, Path tokenizer, GenerationConfig generation) {
        OptionalInt own = Files.exists(tokenizer) ? PostProcessor.first(tokenizer) : OptionalInt.empty();
        if (own.isPresent()) {
            return own;
        }
        if (generation.bos().isPresent()) {
            return generation.bos();
        }
        Path config = folder.resolve(Checkpoint.CONFIG);
        try {
            return GenerationConfig.of(object(config)).bos();
        } catch (InvalidInputException e) {
            throw e.in(config + ": ");
        }
    }

    private static void copyTokenizer(Path folder, CheckpointWriter writer) {
        Path tokenizer = folder.resolve(Checkpoint.TOKENIZER);
        if (Files.exists(tokenizer)) {
            writer.tokenizer(Checkpoint.readText(tokenizer));
        } else {
            LOG.log(
                    Level.WARNING,
                    "{0} has no tokenizer.json: the imported model can only be run on token ids until one is put there",
                    folder);
        }
    }
}
