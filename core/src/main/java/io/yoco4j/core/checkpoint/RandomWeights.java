package io.yoco4j.core.checkpoint;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ParameterLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Weights of the right shape and a sensible scale, made in memory: for measuring speed and for tests. Seed and place alone
 * decide a value, not the threads that draw.
 */
public final class RandomWeights {
    private static final int ALIGNMENT = 64;
    /** Bytes that one task fills. */
    private static final long PART = 1 << 20;

    /** Root mean squares of random levels: -127..127 with 0 twice as likely, and -8..7. */
    private static final double Q8_LEVEL = Math.sqrt(127 * 128 * 255 / 3 / 256.0);

    private static final double Q4_LEVEL = Math.sqrt(21.5);

    private RandomWeights() {}

    /** A tensor to fill, with what follows it up to a multiple of 64 bytes. */
    private record Draw(StoredTensor tensor, MemorySegment padded, Filler filler) {}

    /** Fills a part of a tensor, a multiple of 8 bytes, from the words of a generator. */
    @FunctionalInterface
    private interface Filler {
        void fill(MemorySegment part, long seed);
    }

    /**
     * Every tensor of an architecture: norms uniform around 1, F32; matrices uniform around 0 with variance 1/fan-in. A
     * quantized format has its scales too, and with Q4 embedding and output matrix are Q8.
     */
    public static Map<String, StoredTensor> of(Architecture architecture, WeightFormat format, long seed) {
        Map<String, long[]> layout = ParameterLayout.of(architecture);
        List<Draw> draws = layout.entrySet().parallelStream()
                .flatMap(e -> draws(e.getKey(), e.getValue(), format.forMatrix(e.getKey())))
                .toList();
        fill(draws, seed);
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        draws.forEach(draw -> tensors.put(draw.tensor.name(), draw.tensor));
        layout.entrySet().parallelStream()
                .filter(e -> e.getValue().length == 2 && format.forMatrix(e.getKey()) == WeightFormat.Q4)
                .forEach(e -> endRows(Objects.requireNonNull(tensors.get(e.getKey())), (int) e.getValue()[1]));
        return tensors;
    }

    private static void fill(List<Draw> draws, long seed) {
        List<Runnable> parts = new ArrayList<>();
        for (int d = 0; d < draws.size(); d++) {
            Draw draw = draws.get(d);
            long bytes = draw.padded.byteSize();
            for (long at = 0; at < bytes; at += PART) {
                MemorySegment part = draw.padded.asSlice(at, Math.min(PART, bytes - at));
                long partSeed = RandomFill.mix(RandomFill.mix(seed) + RandomFill.mix(d) + at);
                parts.add(() -> draw.filler.fill(part, partSeed));
            }
        }
        parts.parallelStream().forEach(Runnable::run);
    }

    private static Stream<Draw> draws(String name, long[] shape, WeightFormat format) {
        if (shape.length == 1) {
            return Stream.of(draw(name, DType.F32, shape, (part, s) -> RandomFill.floats(part, s, 1, 0.1)));
        }
        double deviation = 1 / Math.sqrt(shape[1]);
        double spread = Math.sqrt(3) * deviation;
        long[] values = format.valuesShape(shape);
        return switch (format) {
            case F32 -> Stream.of(draw(name, DType.F32, values, (part, s) -> RandomFill.floats(part, s, 0, spread)));
            case BF16 -> Stream.of(draw(name, DType.BF16, values, (part, s) -> RandomFill.bfloats(part, s, spread)));
            case F16 -> Stream.of(draw(name, DType.F16, values, (part, s) -> RandomFill.halves(part, s, spread)));
            case Q8 ->
                Stream.of(
                        draw(name, DType.I8, values, RandomFill::signedBytes),
                        scales(name, shape, deviation / Q8_LEVEL));
            case Q4 ->
                Stream.of(draw(name, DType.U8, values, RandomFill::bytes), scales(name, shape, deviation / Q4_LEVEL));
        };
    }

    private static Draw scales(String name, long[] shape, double scale) {
        return draw(
                WeightFormat.scalesName(name),
                DType.BF16,
                WeightFormat.scalesShape(shape),
                (part, s) -> RandomFill.scales(part, s, scale));
    }

    private static Draw draw(String name, DType dtype, long[] shape, Filler filler) {
        long bytes = dtype.bytes();
        for (long s : shape) {
            bytes *= s;
        }
        MemorySegment padded = Arena.ofAuto().allocate((bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, ALIGNMENT);
        return new Draw(new StoredTensor(name, dtype, shape, padded.asSlice(0, bytes)), padded, filler);
    }

    /** Makes the nibbles of a last, shorter group that stand for no value 8. */
    private static void endRows(StoredTensor matrix, int inputs) {
        long rowBytes = matrix.shape()[1];
        for (int i = inputs; i < 2 * rowBytes; i++) {
            long at = rowBytes - 16 + i % 16;
            int shift = i % WeightFormat.GROUP < 16 ? 0 : 4;
            for (; at < matrix.data().byteSize(); at += rowBytes) {
                int packed = matrix.data().get(ValueLayout.JAVA_BYTE, at);
                matrix.data().set(ValueLayout.JAVA_BYTE, at, (byte) (packed & ~(0xf << shift) | 8 << shift));
            }
        }
    }
}
