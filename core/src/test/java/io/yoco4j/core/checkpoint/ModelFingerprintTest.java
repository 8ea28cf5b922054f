package io.yoco4j.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFingerprintTest {
    private static final long LARGE = 1L << 20;

    private static MemorySegment data(long bytes) {
        return Arena.ofAuto().allocate(bytes, 64);
    }

    private static Map<String, StoredTensor> with(StoredTensor... tensors) {
        Map<String, StoredTensor> all = new LinkedHashMap<>();
        for (StoredTensor t : tensors) {
            all.put(t.name(), t);
        }
        return all;
    }

    private static StoredTensor tensor(String name, MemorySegment data) {
        return new StoredTensor(name, DType.F32, new long[] {data.byteSize() / 4}, data);
    }

    @Test
    void tellsNamesTypesShapesAndWhichTensorIsWhichButNotTheirOrder() {
        MemorySegment one = data(64);
        MemorySegment two = data(64).fill((byte) 1);
        String print = ModelFingerprint.of(with(tensor("a", one), tensor("b", two)));
        assertThat(print).hasSize(64);
        assertThat(ModelFingerprint.of(with(tensor("b", two), tensor("a", one))))
                .isEqualTo(print);
        assertThat(ModelFingerprint.of(with(tensor("a", two), tensor("b", one))))
                .isNotEqualTo(print);
        assertThat(ModelFingerprint.of(with(tensor("a", one), tensor("c", two))))
                .isNotEqualTo(print);
        assertThat(ModelFingerprint.of(with(tensor("a", one)))).isNotEqualTo(print);
        String single = ModelFingerprint.of(with(tensor("a", one)));
        assertThat(ModelFingerprint.of(with(new StoredTensor("a", DType.BF16, new long[] {32}, one))))
                .isNotEqualTo(single);
        assertThat(ModelFingerprint.of(with(new StoredTensor("a", DType.F32, new long[] {4, 4}, one))))
                .isNotEqualTo(single);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 4095, LARGE - 1, LARGE - 4096, (LARGE - 4096) / 7, (LARGE - 4096) / 7 * 3 + 100})
    void seesChangesAtBothEndsOfALargeTensorAndInBetween(long at) {
        MemorySegment data = data(LARGE);
        String before = ModelFingerprint.of(with(tensor("a", data)));
        data.set(ValueLayout.JAVA_BYTE, at, (byte) 1);
        assertThat(ModelFingerprint.of(with(tensor("a", data)))).isNotEqualTo(before);
    }
}
