package io.yoco4j.core.checkpoint;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ParameterLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** Weights of the right shape and a sensible scale, made in memory: for measuring speed and for tests. */
public final class RandomWeights {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private RandomWeights() {}

    /**
     * Every tensor of an architecture: norms near 1, matrices uniform with variance 1/fan-in.
     *
     * @param dtype F32 or BF16, of matrices; norms are F32
     */
    public static Map<String, StoredTensor> of(Architecture architecture, DType dtype, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        ParameterLayout.of(architecture)
                .forEach((name, shape) -> tensors.put(
                        name,
                        shape.length == 1
                                ? fill(name, DType.F32, shape, 1, 0.1, random)
                                : fill(name, dtype, shape, 0, Math.sqrt(3.0 / shape[1]), random)));
        return tensors;
    }

    private static StoredTensor fill(
            String name, DType dtype, long[] shape, double mean, double spread, SplittableRandom random) {
        long n = 1;
        for (long s : shape) {
            n *= s;
        }
        MemorySegment data = Arena.ofAuto().allocate(n * dtype.bytes(), 64);
        for (long i = 0; i < n; i++) {
            float value = (float) (mean + spread * (2 * random.nextDouble() - 1));
            switch (dtype) {
                case F32 -> data.set(FLOAT, 4 * i, value);
                case BF16 -> data.set(SHORT, 2 * i, (short) (Float.floatToRawIntBits(value) >>> 16));
                default -> throw new IllegalArgumentException("random weights are F32 or BF16, not " + dtype);
            }
        }
        return new StoredTensor(name, dtype, shape, data);
    }
}
