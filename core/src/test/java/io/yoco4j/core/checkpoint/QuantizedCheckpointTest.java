package io.yoco4j.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ParameterLayout;
import io.yoco4j.core.testing.Systems;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Quantized folders: written from others, read, and refused where they do not fit together. */
class QuantizedCheckpointTest {
    private static final String Q = "stages.0.layers.1.attn.q_proj.weight";
    private static final String NORM = "norm.weight";

    private final Architecture architecture =
            Objects.requireNonNull(Systems.all().get("yoco-u, qk-norm, untied"));

    @TempDir
    Path temp;

    private Path source() {
        return folder("source", RandomWeights.of(architecture, WeightFormat.F32, 1));
    }

    private Path folder(String name, Map<String, StoredTensor> weights) {
        SafetensorsWriter writer = new SafetensorsWriter();
        weights.values().forEach(writer::add);
        Path folder = temp.resolve(name);
        new CheckpointWriter(architecture, writer)
                .tokenizer("{\"a\": \"tokenizer\"}")
                .text("generation_config.json", "{\"eos_token_id\": 2, \"temperature\": 1}")
                .text("README.md", "# The model card")
                .text("chat_template.jinja", "{{ messages }}")
                .text("tokenizer_config.json", "{\"eos_token\": \"</s>\"}")
                .create(folder);
        return folder;
    }

    private Path quantized(WeightFormat format) {
        Path out = temp.resolve(format.label());
        CheckpointQuantizer.run(source(), format, out);
        return out;
    }

    // ---- writing

    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"Q8", "Q4"})
    void matricesAreQuantizedAndTheRestIsTakenOver(WeightFormat format) throws IOException {
        Path out = quantized(format);
        Path source = temp.resolve("source");
        try (Arena arena = Arena.ofShared()) {
            Checkpoint before = Checkpoint.open(source, arena);
            Checkpoint after = Checkpoint.open(out, arena);
            assertThat(after.architecture()).isEqualTo(before.architecture());
            assertThat(after.quantization()).contains(format);
            Map<String, StoredTensor> expected = new LinkedHashMap<>();
            before.tensors().forEach((name, tensor) -> {
                if (tensor.shape().length == 1) {
                    expected.put(name, tensor);
                    return;
                }
                boolean ends = name.equals("embed.weight") || name.equals("lm_head.weight");
                var q = Quantizer.quantize(tensor, ends ? WeightFormat.Q8 : format, arena);
                expected.put(name, q.values());
                expected.put(name + ".scales", q.scales());
            });
            assertThat(after.tensors()).isEqualTo(expected);
            assertThat(after.tensors().keySet()).containsExactlyElementsOf(expected.keySet());
            assertThat(WeightFormat.of(after.tensor(Q))).isEqualTo(format);
            assertThat(WeightFormat.of(after.tensor("embed.weight"))).isEqualTo(WeightFormat.Q8);
        }
        for (String file : List.of(
                "tokenizer.json",
                "generation_config.json",
                "README.md",
                "chat_template.jinja",
                "tokenizer_config.json")) {
            assertThat(out.resolve(file)).hasSameTextualContentAs(source.resolve(file));
        }
    }

    /** As far as a float goes. */
    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"Q8", "Q4"})
    void whatIsWrittenIsReadHoweverLarge(WeightFormat format) {
        Map<String, StoredTensor> weights = RandomWeights.of(architecture, WeightFormat.F32, 1);
        MemorySegment q = Objects.requireNonNull(weights.get(Q)).data();
        q.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, 3e37f);
        q.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, 40, -Float.MAX_VALUE);
        Path out = temp.resolve(format.label());
        CheckpointQuantizer.run(folder("source", weights), format, out);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Checkpoint.open(out, arena).quantization()).contains(format);
        }
    }

    @Test
    void sizesAreThoseOfTheFormat() {
        Path out = quantized(WeightFormat.Q4);
        try (Arena arena = Arena.ofConfined()) {
            Map<String, StoredTensor> tensors = Checkpoint.open(out, arena).tensors();
            ParameterLayout.of(architecture).forEach((name, shape) -> {
                if (shape.length == 2) {
                    StoredTensor values = Objects.requireNonNull(tensors.get(name));
                    StoredTensor scales = Objects.requireNonNull(tensors.get(name + ".scales"));
                    assertThat(values.data().byteSize() + scales.data().byteSize())
                            .isEqualTo(shape[0] * WeightFormat.of(values).rowBytes((int) shape[1]));
                }
            });
        }
    }

    @Test
    void aSummaryNeedsHeadersAlone() throws IOException {
        Path out = quantized(WeightFormat.Q4);
        WeightSummary summary = WeightSummary.of(out);
        assertThat(summary.quantization()).contains(WeightFormat.Q4);
        assertThat(summary.fileBytes()).isEqualTo(Files.size(out.resolve("model.safetensors")));
        assertThat(summary.parameters()).isEqualTo(new Accounting(architecture).parameters());
        assertThat(summary.kinds())
                .extracting(WeightSummary.Kind::name)
                .containsExactlyInAnyOrder("embedding", "output matrix", "attention", "MLP", "global cache", "norms");
        assertThat(summary.kinds()).allSatisfy(kind -> {
            String type = switch (kind.name()) {
                case "norms" -> "F32";
                case "embedding", "output matrix" -> "q8";
                default -> "q4";
            };
            assertThat(kind.types()).containsExactly(type);
        });
        try (Arena arena = Arena.ofConfined()) {
            assertThat(summary.kinds().stream()
                            .mapToLong(WeightSummary.Kind::bytes)
                            .sum())
                    .isEqualTo(Checkpoint.open(out, arena).tensors().values().stream()
                            .mapToLong(t -> t.data().byteSize())
                            .sum());
        }
        assertThat(WeightSummary.possible(out)).isTrue();
        assertThat(WeightSummary.possible(temp)).isFalse();
    }

    @Test
    void aQuantizedModelIsNotQuantizedAgain() {
        Path q8 = quantized(WeightFormat.Q8);
        assertThatThrownBy(() -> CheckpointQuantizer.run(q8, WeightFormat.Q4, temp.resolve("again")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(q8 + " is quantized already, to q8");
        assertThat(temp.resolve("again")).doesNotExist();
    }

    @Test
    void nothingIsLeftOfAFolderThatIsRefused() throws IOException {
        Path source = source();
        byte[] card = {(byte) 0xff, 0};
        Files.write(source.resolve("README.md"), card);
        Files.write(source.resolve("tokenizer.json"), new byte[] {(byte) 0xff});
        assertThatThrownBy(() -> CheckpointQuantizer.run(source, WeightFormat.Q8, temp.resolve("out")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("tokenizer.json is not UTF-8 text");
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).containsExactly(source);
        }
        // A model card is copied and never read.
        Files.delete(source.resolve("tokenizer.json"));
        CheckpointQuantizer.run(source, WeightFormat.Q8, temp.resolve("out"));
        assertThat(temp.resolve("out").resolve("README.md")).hasBinaryContent(card);
    }

    // ---- reading

    private static void refused(Path folder, String file, String... parts) {
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Checkpoint.open(folder, arena))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining(folder.resolve(file).toString())
                    .hasMessageContainingAll(parts);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "null | quantization must be a JSON object",
                "8 | quantization must be a JSON object",
                "{} | quantization.format is missing",
                "{`format`: 8, `group_size`: 32} | quantization.format is 8, but must be a string",
                "{`format`: `q5`, `group_size`: 32} | quantization.format is \"q5\", but must be q8 or q4",
                "{`format`: `f32`, `group_size`: 32} | quantization.format is \"f32\", but must be q8 or q4",
                "{`format`: `Q8`, `group_size`: 32} | quantization.format is \"Q8\", but must be q8 or q4",
                "{`format`: `q8`} | quantization.group_size is missing",
                "{`format`: `q8`, `group_size`: 64} | quantization.group_size is 64, but this version of yoco4j reads groups of 32",
                "{`format`: `q8`, `group_size`: 32.0} | quantization.group_size is 32.0",
                "{`format`: `q8`, `group_size`: 4294967328} | quantization.group_size is 4294967328",
                "{`format`: `q8`, `group_size`: 32, `bits`: 8} | quantization.bits is not a field of format version 1"
            })
    void configs(String json, String message) throws IOException {
        Path folder = quantized(WeightFormat.Q8);
        Path config = folder.resolve("config.json");
        String text = Files.readString(config);
        assertThat(text).contains("\"quantization\" : {");
        Files.writeString(
                config,
                text.replaceFirst("(?s)\"quantization\" : \\{.*?}", "\"quantization\" : " + json.replace('`', '"')));
        refused(folder, "config.json", ": " + message);
    }

    @Test
    void theConfigTellsWhatTheTensorsMustBe() throws IOException {
        Path q8 = quantized(WeightFormat.Q8);
        Path config = q8.resolve("config.json");
        String text = Files.readString(config);
        Files.writeString(config, text.replace("\"q8\"", "\"q4\""));
        refused(q8, "model.safetensors", "tensor stages.0.layers.0.attn.q_proj.weight is I8, but must be U8");
        Files.writeString(config, text.replaceFirst("(?s),\\s*\"quantization\" : \\{.*?}", ""));
        refused(q8, "model.safetensors", "tensor embed.weight is I8, but must be F32, BF16 or F16");
        Path source = temp.resolve("source");
        Files.writeString(source.resolve("config.json"), text);
        refused(source, "model.safetensors", "tensor embed.weight is F32, but must be I8");
    }

    private void refusedWith(WeightFormat format, StoredTensor changed, String message) {
        Map<String, StoredTensor> weights = RandomWeights.of(architecture, format, 1);
        weights.put(changed.name(), changed);
        refusedWith(format, weights, message);
    }

    private void refusedWith(WeightFormat format, Map<String, StoredTensor> weights, String message) {
        SafetensorsWriter writer = new SafetensorsWriter();
        weights.values().forEach(writer::add);
        new CheckpointWriter(architecture, writer).quantization(format).replace(temp.resolve("bad"));
        refused(temp.resolve("bad"), "model.safetensors", message);
    }

    private static StoredTensor tensor(String name, DType dtype, long... shape) {
        long bytes = dtype.bytes();
        for (long s : shape) {
            bytes *= s;
        }
        return new StoredTensor(name, dtype, shape, MemorySegment.ofArray(new byte[(int) bytes]));
    }

    @Test
    void tensorsOfAnotherTypeOrShape() {
        String scales = Q + ".scales";
        refusedWith(WeightFormat.Q8, tensor(Q, DType.U8, 48, 24), "tensor " + Q + " is U8, but must be I8");
        refusedWith(WeightFormat.Q8, tensor(Q, DType.I8, 24, 48), "tensor " + Q + " has shape [24, 48]");
        refusedWith(WeightFormat.Q4, tensor(Q, DType.I8, 48, 24), "tensor " + Q + " is I8, but must be U8");
        refusedWith(WeightFormat.Q4, tensor(Q, DType.U8, 48, 12), "tensor " + Q + " has shape [48, 12]");
        refusedWith(WeightFormat.Q4, tensor(scales, DType.F16, 48, 1), "tensor " + scales + " is F16");
        refusedWith(WeightFormat.Q4, tensor(scales, DType.BF16, 48, 2), "tensor " + scales + " has shape [48, 2]");
        refusedWith(WeightFormat.Q4, tensor("embed.weight", DType.U8, 61, 16), "tensor embed.weight is U8");
        refusedWith(WeightFormat.Q8, tensor(NORM, DType.I8, 24), "tensor norm.weight is I8, but must be F32");
    }

    @Test
    void scalesThatAreMissingOrTooMany() {
        Map<String, StoredTensor> weights = RandomWeights.of(architecture, WeightFormat.Q8, 1);
        weights.remove(Q + ".scales");
        refusedWith(WeightFormat.Q8, weights, "has no tensor " + Q + ".scales");
        String surplus = NORM + ".scales";
        refusedWith(WeightFormat.Q8, tensor(surplus, DType.BF16, 1), "has a tensor " + surplus + " that config.json");
    }

    /** NaN, both infinities, and what times the largest level, 127 or 8, is out of range. */
    @ParameterizedTest
    @CsvSource({
        "Q8, 7fc0", "Q8, ffc1", "Q8, 7f80", "Q8, ff80", "Q8, 7c02", "Q8, fc02",
        "Q4, 7fc0", "Q4, ffc1", "Q4, 7f80", "Q4, ff80", "Q4, 7e00", "Q4, fe00"
    })
    void scalesThatMakeNoNumber(WeightFormat format, String bits) {
        String name = Q + ".scales";
        StoredTensor scales = tensor(name, DType.BF16, 48, 1);
        int value = Integer.parseInt(bits, 16);
        scales.data().set(ValueLayout.JAVA_BYTE, 2 * 17, (byte) value);
        scales.data().set(ValueLayout.JAVA_BYTE, 2 * 17 + 1, (byte) (value >> 8));
        refusedWith(format, scales, "tensor " + name + " has a scale that is NaN, infinite or too large");
    }
}
