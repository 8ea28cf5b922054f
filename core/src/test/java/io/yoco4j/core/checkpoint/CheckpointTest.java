package io.yoco4j.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ArchitectureJson;
import io.yoco4j.core.testing.Golden;
import io.yoco4j.core.testing.Systems;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class CheckpointTest {
    @TempDir
    Path temp;

    static Stream<Golden> golden() {
        return Golden.all();
    }

    static Stream<Architecture> systems() {
        return Systems.all().values().stream();
    }

    @ParameterizedTest
    @MethodSource("golden")
    void opensTheGoldenModels(Golden golden) {
        try (Arena arena = Arena.ofConfined()) {
            Checkpoint checkpoint = Checkpoint.open(golden.folder(), arena);
            assertThat(checkpoint.tensors().keySet())
                    .containsAll(golden.gradientNorms().keySet());
        }
    }

    @ParameterizedTest
    @MethodSource("systems")
    void writesAndReadsBackTheSame(Architecture architecture) {
        Map<String, StoredTensor> weights = RandomWeights.of(architecture, WeightFormat.BF16, 1);
        SafetensorsWriter writer = new SafetensorsWriter(Map.of("made by", "a test"));
        weights.values().forEach(writer::add);
        Path folder = temp.resolve("model");
        new CheckpointWriter(architecture, writer)
                .generation(new GenerationConfig(OptionalInt.of(1), List.of(2, 3)))
                .tokenizer("{}")
                .create(folder);
        try (Arena arena = Arena.ofConfined()) {
            Checkpoint read = Checkpoint.open(folder, arena);
            assertThat(read.architecture()).isEqualTo(architecture);
            assertThat(read.tensors()).isEqualTo(weights);
            assertThat(read.generation()).isEqualTo(new GenerationConfig(OptionalInt.of(1), List.of(2, 3)));
            assertThat(read.tokenizer()).contains(folder.resolve("tokenizer.json"));
        }
        assertThat(ArchitectureJson.read(ArchitectureJson.write(architecture))).isEqualTo(architecture);
    }

    @Test
    void createRefusesAFolderThatHoldsSomething() throws Exception {
        Files.writeString(temp.resolve("precious.txt"), "keep");
        Architecture any = systems().findFirst().orElseThrow();
        assertThatThrownBy(() -> new CheckpointWriter(any, new SafetensorsWriter()).create(temp))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("exists already");
        assertThat(temp.resolve("precious.txt")).hasContent("keep");
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16", "F16"})
    void findsOneNanAnywhere(DType dtype) {
        for (int length : new int[] {1, 2, 3, 4, 5, 7, 8, 9, 15}) {
            for (int at = 0; at < length; at++) {
                for (int bad = 0; bad < 3; bad++) {
                    byte[] bytes = new byte[length * dtype.bytes()];
                    Arrays.fill(bytes, (byte) 0x3b);
                    StoredTensor sound = tensor(dtype, bytes);
                    assertThat(sound.finite()).isTrue();
                    int high = (at + 1) * dtype.bytes() - 1;
                    int infinity = dtype == DType.F16 ? 0x7c : 0x7f;
                    bytes[high] = (byte) (bad == 1 ? infinity | 0x80 : infinity);
                    bytes[high - 1] = (byte) (bad == 2 ? 0xc0 : 0x80);
                    assertThat(tensor(dtype, bytes).finite()).isFalse();
                }
            }
        }
    }

    private static StoredTensor tensor(DType dtype, byte[] bytes) {
        return new StoredTensor("t", dtype, new long[] {bytes.length / dtype.bytes()}, MemorySegment.ofArray(bytes));
    }
}
