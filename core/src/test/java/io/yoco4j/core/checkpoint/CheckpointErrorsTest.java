package io.yoco4j.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.testing.Systems;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong with a model folder is named: the file, and the tensor or field in it. */
class CheckpointErrorsTest {
    private static final String Q = "stages.0.layers.1.attn.q_proj.weight";

    private final Architecture architecture =
            Objects.requireNonNull(Systems.all().get("yoco-u"));
    private final Map<String, StoredTensor> weights = RandomWeights.of(architecture, WeightFormat.F32, 1);

    @TempDir
    Path temp;

    private Path folder = Path.of("unset");

    @BeforeEach
    void writeASoundFolder() {
        folder = temp.resolve("model");
        writer().create(folder);
    }

    private CheckpointWriter writer() {
        SafetensorsWriter writer = new SafetensorsWriter();
        weights.values().forEach(writer::add);
        return new CheckpointWriter(architecture, writer);
    }

    private void refused(String file, String... parts) {
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Checkpoint.open(folder, arena))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining(folder.resolve(file).toString())
                    .hasMessageContainingAll(parts);
        }
    }

    @Test
    void missingFolderAndFiles() throws IOException {
        Files.delete(folder.resolve("model.safetensors"));
        refused("model.safetensors", "is missing");
        Files.delete(folder.resolve("config.json"));
        refused("config.json", "is missing");
        folder = temp.resolve("nowhere");
        refused("", "is not a folder");
    }

    @Test
    void missingTensor() {
        weights.remove(Q);
        writer().replace(folder);
        refused("model.safetensors", "has no tensor " + Q);
    }

    @Test
    void superfluousTensor() {
        StoredTensor q = Objects.requireNonNull(weights.get(Q));
        weights.put("bias", new StoredTensor("bias", q.dtype(), q.shape(), q.data()));
        writer().replace(folder);
        refused("model.safetensors", "has a tensor bias that config.json has no place for");
    }

    @Test
    void tensorOfAnotherShape() {
        StoredTensor q = Objects.requireNonNull(weights.get(Q));
        weights.put(Q, new StoredTensor(Q, q.dtype(), new long[] {q.shape()[1], q.shape()[0]}, q.data()));
        writer().replace(folder);
        refused("model.safetensors", "tensor " + Q + " has shape [24, 48], but config.json makes it [48, 24]");
    }

    @Test
    void tensorOfAnIntegerType() {
        StoredTensor q = Objects.requireNonNull(weights.get(Q));
        weights.put(Q, new StoredTensor(Q, DType.I32, q.shape(), q.data()));
        writer().replace(folder);
        refused("model.safetensors", "tensor " + Q + " is I32");
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void weightsThatAreNotFinite(float value) {
        StoredTensor q = Objects.requireNonNull(weights.get(Q));
        float[] values = q.toFloats();
        values[values.length / 2] = value;
        weights.remove(Q);
        SafetensorsWriter writer = new SafetensorsWriter().add(Q, q.shape(), values);
        weights.values().forEach(writer::add);
        new CheckpointWriter(architecture, writer).replace(folder);
        refused("model.safetensors", "tensor " + Q + " has a value that is NaN or infinite");
    }

    /** So that a short config.json cannot ask for a long layout. */
    @Test
    void moreLayersThanTensors() throws IOException {
        Path config = folder.resolve("config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("\"layers\" : 2", "\"layers\" : 4000"));
        refused("model.safetensors", "too few for the 4002 layers of config.json");
    }

    @Test
    void configThatIsNotText() throws IOException {
        Files.write(folder.resolve("config.json"), new byte[] {'{', (byte) 0xff, '}'});
        refused("config.json", "is not UTF-8 text");
        Files.writeString(folder.resolve("config.json"), "{");
        refused("config.json", ": is not valid JSON at line 1");
    }

    @Test
    void unknownAttentionKind() throws IOException {
        Path config = folder.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"sliding_window\"", "\"linear\""));
        refused("config.json", "stages[0].");
        Files.writeString(config, Files.readString(config).replaceFirst("\"window\" : 5,", ""));
        refused("config.json", "stages[0].attention is \"linear\"");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[]                       | must be a JSON object",
                "null                     | must be a JSON object",
                "{                        | is not valid JSON",
                "{\"eos_token_id\": 61}   | eos_token_id is 61, but the vocabulary has 61 tokens",
                "{\"bos_token_id\": 99}   | bos_token_id is 99, but the vocabulary has 61 tokens",
                "{\"eos_token_id\": [-1]} | eos_token_id is [-1]",
                "{\"eos_token_id\": 1e9}  | eos_token_id is 1.0E9",
                "{\"eos_token_id\": {}}   | eos_token_id is {}",
                "{\"bos_token_id\": \"1\"} | bos_token_id is \"1\"",
                "{\"bos_token_id\": [1, 2]} | bos_token_id is [1,2], but must be one token id"
            })
    void generationConfigs(String json, String message) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), json);
        refused("generation_config.json", message);
    }

    // ---- shards

    private void shard(String index) throws IOException {
        Files.move(folder.resolve("model.safetensors"), folder.resolve("a.safetensors"));
        Files.writeString(folder.resolve("model.safetensors.index.json"), index);
    }

    private String indexOf(Stream<String> names, String file) {
        return "{\"weight_map\": {"
                + String.join(
                        ",", names.map(n -> "\"" + n + "\": \"" + file + "\"").toList()) + "}}";
    }

    @Test
    void soundShards() throws IOException {
        shard(indexOf(weights.keySet().stream(), "a.safetensors"));
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Checkpoint.open(folder, arena).tensors()).isEqualTo(weights);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../a.safetensors",
                "/tmp/a.safetensors",
                "sub/a.safetensors",
                "..\\\\a.safetensors",
                "a.safetensors\\u0000",
                "a.bin",
                ""
            })
    void shardsOutsideOfTheFolder(String file) throws IOException {
        shard(indexOf(Stream.of(Q), file));
        Files.copy(folder.resolve("a.safetensors"), temp.resolve("a.safetensors"));
        refused("model.safetensors.index.json", "weight_map." + Q, "in the same folder");
    }

    @Test
    void indexesThatDoNotFit() throws IOException {
        shard("{}");
        refused("model.safetensors.index.json", "weight_map must be an object");
        Path index = folder.resolve("model.safetensors.index.json");
        for (String json : List.of("[]", "{\"weight_map\": {}}", "{\"weight_map\": 3}")) {
            Files.writeString(index, json);
            refused("model.safetensors.index.json", "must be");
        }
        Files.writeString(index, "{\"weight_map\": ");
        refused("model.safetensors.index.json", "is not valid JSON");
        Files.writeString(index, "{\"weight_map\": {\"" + Q + "\": 3}}");
        refused("model.safetensors.index.json", "weight_map." + Q);
        Files.writeString(index, "{\"weight_map\": {\"x\": \"a.safetensors\", \"x\": \"b.safetensors\"}}");
        refused("model.safetensors.index.json", "is not valid JSON");
        Files.writeString(index, indexOf(Stream.of("no.such.weight"), "a.safetensors"));
        refused("a.safetensors", "has no tensor no.such.weight");
        Files.writeString(index, indexOf(Stream.of(Q), "b.safetensors"));
        refused("b.safetensors", "is missing");
        Files.writeString(index, indexOf(Stream.of(Q), "a.safetensors"));
        refused("a.safetensors", "that model.safetensors.index.json does not name");
    }

    // ---- writing

    @Test
    void aFullDiskLeavesNoNewFolderAndTheOldWeights() throws IOException {
        SafetensorsWriter failing = new SafetensorsWriter();
        weights.values()
                .forEach(t -> failing.add(t.name(), t.dtype(), t.shape(), () -> {
                    if (t.name().equals(Q)) {
                        throw new UncheckedIOException(new IOException("No space left on device"));
                    }
                    return t.data();
                }));
        CheckpointWriter writer = new CheckpointWriter(architecture, failing);
        assertThatThrownBy(() -> writer.create(temp.resolve("new"))).isInstanceOf(UncheckedIOException.class);
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).containsExactly(folder);
        }
        assertThatThrownBy(() -> writer.replace(folder)).isInstanceOf(UncheckedIOException.class);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Checkpoint.open(folder, arena).tensors()).isEqualTo(weights);
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left)
                    .containsExactlyInAnyOrder(folder.resolve("config.json"), folder.resolve("model.safetensors"));
        }
    }

    /** A temporary path would tell the user of a folder that is not there any more. */
    @Test
    void aFailedCreateNamesTheFolderThatWasAskedFor() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "");
        assertThatThrownBy(() -> writer().create(file.resolve("new")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(file.resolve("new").toString());
    }
}
