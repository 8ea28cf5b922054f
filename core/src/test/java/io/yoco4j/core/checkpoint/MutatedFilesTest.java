package io.yoco4j.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.testing.Systems;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Whatever lies in a file, a reader reads it or refuses it with an {@link InvalidInputException} of one line that names
 * the file, and allocates no more than a multiple of the files' bytes: lists of empty lists cost Jackson about 30 bytes
 * of tree for a byte of text, growing its lists as much again, and quoting a value once more; 8 MB are for buffers and
 * for classes loaded on the way.
 */
class MutatedFilesTest {
    private static final int TRIES = 250;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** The valid files' contents. */
    private static final Map<Path, byte[]> ORIGINALS = new HashMap<>();

    private static Path root = Path.of("unset");
    private static Path model = root;
    private static Path sharded = root;
    private static Path quantized = root;
    private static Path huggingFace = root;
    private static Path shardedHuggingFace = root;

    @BeforeContainer
    static void writeValidFolders() throws IOException {
        root = Files.createTempDirectory("mutated");
        Architecture architecture = Objects.requireNonNull(Systems.all().get("yoco-u, qk-norm, untied"));
        SafetensorsWriter weights = new SafetensorsWriter(Map.of("made by", "a test"));
        RandomWeights.of(architecture, WeightFormat.BF16, 1).values().forEach(weights::add);
        model = root.resolve("model");
        new CheckpointWriter(architecture, weights)
                .generation(new GenerationConfig(OptionalInt.of(1), List.of(2, 3)))
                .create(model);
        quantized = root.resolve("quantized");
        CheckpointQuantizer.run(model, WeightFormat.Q4, quantized);
        huggingFace = HuggingFaceFolder.qwen3()
                .with("rope_parameters", "{\"rope_type\": \"default\", \"rope_theta\": 1000000.0}")
                .with("use_sliding_window", "true")
                .with("sliding_window", "8")
                .with("max_window_layers", "2")
                .with(
                        "layer_types",
                        "[\"full_attention\", \"full_attention\", \"sliding_attention\", \"sliding_attention\"]")
                .write(root.resolve("hf"));
        Files.writeString(huggingFace.resolve("generation_config.json"), "{\"eos_token_id\": [2, 3]}");
        Files.writeString(huggingFace.resolve("tokenizer_config.json"), "{\"add_bos_token\": false}");
        shardedHuggingFace = HuggingFaceFolder.llama().writeSharded(root.resolve("hf-sharded"));
        sharded = root.resolve("sharded");
        Files.createDirectories(sharded);
        // The same names in our format: an index over one shard.
        Files.copy(model.resolve("config.json"), sharded.resolve("config.json"));
        Files.copy(model.resolve("model.safetensors"), sharded.resolve("all.safetensors"));
        try (Arena arena = Arena.ofConfined()) {
            var index = HuggingFaceFolder.MAPPER.createObjectNode();
            var map = index.putObject("weight_map");
            Checkpoint.open(model, arena).tensors().keySet().forEach(name -> map.put(name, "all.safetensors"));
            Files.writeString(sharded.resolve("model.safetensors.index.json"), index.toString());
            Checkpoint.open(sharded, arena);
        }
        runImport(huggingFace);
        runImport(shardedHuggingFace);
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                ORIGINALS.put(file, Files.readAllBytes(file));
            }
        }
    }

    @AfterProperty
    void mend() throws IOException {
        for (var file : ORIGINALS.entrySet()) {
            if (!Arrays.equals(Files.readAllBytes(file.getKey()), file.getValue())) {
                Files.write(file.getKey(), file.getValue());
            }
        }
    }

    @AfterContainer
    static void removeFolders() throws IOException {
        AtomicFiles.deleteRecursively(root);
    }

    // ---- properties

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void safetensorsBytes(@ForAll long seed) {
        readsOrRefuses(model, "model.safetensors", in -> new Mutations(seed).bytes(in), MutatedFilesTest::openWeights);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void safetensorsHeaders(@ForAll long seed) {
        readsOrRefuses(
                model, "model.safetensors", in -> new Mutations(seed).safetensors(in), MutatedFilesTest::openWeights);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void checkpointWeights(@ForAll long seed) {
        readsOrRefuses(model, "model.safetensors", in -> new Mutations(seed).safetensors(in), MutatedFilesTest::open);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void checkpointConfig(@ForAll long seed) {
        readsOrRefuses(model, "config.json", text(seed), MutatedFilesTest::open);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void checkpointConfigBytes(@ForAll long seed) {
        readsOrRefuses(model, "config.json", in -> new Mutations(seed).bytes(in), MutatedFilesTest::open);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void quantizedConfig(@ForAll long seed) {
        readsOrRefuses(quantized, "config.json", text(seed), MutatedFilesTest::open);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void quantizedWeights(@ForAll long seed) {
        readsOrRefuses(
                quantized, "model.safetensors", in -> new Mutations(seed).safetensors(in), MutatedFilesTest::open);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void quantizedWeightBytes(@ForAll long seed) {
        readsOrRefuses(quantized, "model.safetensors", in -> new Mutations(seed).bytes(in), MutatedFilesTest::open);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void checkpointIndex(@ForAll long seed) {
        readsOrRefuses(sharded, "model.safetensors.index.json", text(seed), MutatedFilesTest::open);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void checkpointIndexBytes(@ForAll long seed) {
        readsOrRefuses(
                sharded, "model.safetensors.index.json", in -> new Mutations(seed).bytes(in), MutatedFilesTest::open);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void generationConfig(@ForAll long seed) {
        readsOrRefuses(model, "generation_config.json", text(seed), MutatedFilesTest::open);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void huggingFaceConfig(@ForAll long seed) {
        readsOrRefuses(huggingFace, "config.json", text(seed), MutatedFilesTest::runImport);
    }

    @Property(tries = TRIES / 10, shrinking = ShrinkingMode.OFF)
    void huggingFaceOtherFiles(@ForAll long seed) throws IOException {
        for (String file : List.of("generation_config.json", "tokenizer_config.json", "tokenizer.json")) {
            readsOrRefuses(huggingFace, file, text(seed), MutatedFilesTest::runImport);
            Files.write(huggingFace.resolve(file), Objects.requireNonNull(ORIGINALS.get(huggingFace.resolve(file))));
        }
        readsOrRefuses(
                huggingFace,
                "model.safetensors",
                in -> new Mutations(seed).safetensors(in),
                MutatedFilesTest::runImport);
        readsOrRefuses(shardedHuggingFace, "model.safetensors.index.json", text(seed), MutatedFilesTest::runImport);
    }

    /** What was read is valid, so it can be written and read again. */
    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void whatIsReadCanBeWrittenAndReadAgain(@ForAll long seed) throws IOException {
        String json = new Mutations(seed).json(Files.readString(quantized.resolve("config.json")));
        CheckpointConfig config;
        try {
            config = CheckpointConfig.read(json);
        } catch (InvalidInputException _) {
            return;
        }
        assertThat(CheckpointConfig.read(config.write())).isEqualTo(config);
    }

    // ---- the contract

    @FunctionalInterface
    private interface Mutation {
        byte[] of(byte[] original);
    }

    @FunctionalInterface
    private interface Reader {
        void read(Path folder);
    }

    private static Mutation text(long seed) {
        return in ->
                new Mutations(seed).json(new String(in, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
    }

    private static void openWeights(Path folder) {
        try (Arena arena = Arena.ofConfined()) {
            Safetensors.open(folder.resolve("model.safetensors"), arena);
        }
    }

    private static void open(Path folder) {
        try (Arena arena = Arena.ofConfined()) {
            Checkpoint.open(folder, arena);
        }
    }

    private static void runImport(Path folder) {
        Path out = root.resolve("imported");
        try {
            HuggingFaceImport.run(folder, out);
            assertThat(out).isDirectoryContaining("glob:**config.json");
            AtomicFiles.deleteRecursively(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(out).doesNotExist();
    }

    private static void readsOrRefuses(Path folder, String file, Mutation mutation, Reader reader) {
        Path path = folder.resolve(file);
        try {
            byte[] original = Objects.requireNonNull(ORIGINALS.get(path));
            Files.write(path, mutation.of(original));
            readsOrRefuses(folder, reader);
            assertThat(root.resolve("imported")).doesNotExist();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void readsOrRefuses(Path folder, Reader reader) throws IOException {
        long bytes = size(folder);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            reader.read(folder);
        } catch (InvalidInputException e) {
            assertThat(e.getMessage())
                    .contains(folder.toString())
                    .hasSizeLessThan(1300)
                    .doesNotContainPattern("[\\p{Cc}\\u2028\\u2029]");
        }
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before)
                .as("bytes allocated for files of %d bytes", bytes)
                .isLessThan(64 * bytes + (8 << 20));
    }

    private static long size(Path folder) throws IOException {
        long sum = 0;
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                sum += Files.size(file);
            }
        }
        return sum;
    }
}
