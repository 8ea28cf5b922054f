package io.yoco4j.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ParameterLayout;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.testing.Systems;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RandomWeightsTest {
    @TempDir
    Path temp;

    @ParameterizedTest
    @EnumSource
    void variancesAreThoseOfTheFanIn(WeightFormat format) {
        Architecture a = Presets.architecture("yoco-u", "tiny");
        Map<String, StoredTensor> weights = RandomWeights.of(a, format, 3);
        ParameterLayout.of(a).forEach((name, shape) -> {
            float[] values = Quantizer.toFloats(weights, name, (int) shape[shape.length - 1]);
            double sum = 0;
            double squares = 0;
            for (float v : values) {
                sum += v;
                squares += (double) v * v;
            }
            double mean = sum / values.length;
            double variance = squares / values.length - mean * mean;
            if (shape.length == 2) {
                assertThat(variance * shape[1]).as(name).isBetween(0.97, 1.03);
                assertThat(mean * Math.sqrt(shape[1])).as(name).isBetween(-0.02, 0.02);
            } else {
                assertThat(mean).as(name).isBetween(0.97, 1.03);
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void theNumberOfThreadsDoesNotMatter(WeightFormat format) {
        Architecture a = Presets.architecture("yoco", "tiny");
        Map<String, StoredTensor> here = RandomWeights.of(a, format, 3);
        try (ForkJoinPool one = new ForkJoinPool(1)) {
            assertThat(one.submit(() -> RandomWeights.of(a, format, 3)).join()).isEqualTo(here);
        }
        assertThat(RandomWeights.of(a, format, 4)).isNotEqualTo(here);
    }

    /** Rows of 24 and 40, so that groups end early. */
    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"Q8", "Q4"})
    void quantizedOnesMakeASoundFolder(WeightFormat format) {
        Architecture a = Objects.requireNonNull(Systems.all().get("yoco-u, qk-norm, untied"));
        Map<String, StoredTensor> weights = RandomWeights.of(a, format, 1);
        SafetensorsWriter writer = new SafetensorsWriter();
        weights.values().forEach(writer::add);
        new CheckpointWriter(a, writer).quantization(format).create(temp.resolve("model"));
        try (Arena arena = Arena.ofConfined()) {
            Checkpoint read = Checkpoint.open(temp.resolve("model"), arena);
            assertThat(read.quantization()).contains(format);
            assertThat(read.tensors()).isEqualTo(weights);
        }
        weights.forEach((name, tensor) -> {
            byte[] bytes = tensor.data().toArray(ValueLayout.JAVA_BYTE);
            if (tensor.dtype() == DType.I8) {
                assertThat(bytes).doesNotContain(Byte.MIN_VALUE);
            } else if (tensor.dtype() == DType.U8 && tensor.shape()[1] == 16) {
                for (int i = 0; i < bytes.length; i++) {
                    assertThat(i % 16 < 8 || (bytes[i] >> 4 & 0xf) == 8).isTrue();
                }
            }
        });
    }
}
