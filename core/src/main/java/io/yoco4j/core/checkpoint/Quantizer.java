package io.yoco4j.core.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.stream.IntStream;

/** Matrices between floating point and the quantized formats of {@link WeightFormat}. */
public final class Quantizer {
    private static final int GROUP = WeightFormat.GROUP;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Quantizer() {}

    /**
     * A quantized matrix: what a checkpoint holds under its name, and under {@link WeightFormat#scalesName}.
     *
     * @param values I8 [out, in] or U8 [out, 16 x groups]
     * @param scales BF16 [out, groups]
     */
    public record Quantized(StoredTensor values, StoredTensor scales) {}

    /**
     * Quantizes a matrix, its rows in parallel.
     *
     * @param matrix [out, in], F32, BF16 or F16, every value finite; reachable from any thread
     * @param format Q8 or Q4
     * @param arena what the result is allocated from; reachable from any thread
     */
    public static Quantized quantize(StoredTensor matrix, WeightFormat format, Arena arena) {
        StoredTensor values = allocate(matrix.name(), format.dtype(), format.valuesShape(matrix.shape()), arena);
        StoredTensor scales = allocate(
                WeightFormat.scalesName(matrix.name()), DType.BF16, WeightFormat.scalesShape(matrix.shape()), arena);
        Quantized out = new Quantized(values, scales);
        quantize(matrix, format, out);
        return out;
    }

    private static StoredTensor allocate(String name, DType dtype, long[] shape, Arena arena) {
        return new StoredTensor(name, dtype, shape, arena.allocate(shape[0] * shape[1] * dtype.bytes(), 64));
    }

    private static void quantize(StoredTensor matrix, WeightFormat format, Quantized out) {
        int rows = Math.toIntExact(matrix.shape()[0]);
        int inputs = Math.toIntExact(matrix.shape()[1]);
        IntStream.range(0, rows).parallel().forEach(row -> {
            float[] w = new float[inputs];
            matrix.floats((long) row * inputs, w);
            MemorySegment values = row(out.values, row);
            MemorySegment scales = row(out.scales, row);
            for (int g = 0; g * GROUP < inputs; g++) {
                int from = g * GROUP;
                int n = Math.min(GROUP, inputs - from);
                float scale = switch (format) {
                    case Q8 -> quantizeQ8(w, from, n, values);
                    case Q4 -> quantizeQ4(w, from, n, values.asSlice(16L * g, 16));
                    case F32, BF16, F16 -> throw new IllegalArgumentException(format + " is no quantized format");
                };
                scales.set(SHORT, 2L * g, BFloat16.bits(scale));
            }
        });
    }

    private static MemorySegment row(StoredTensor t, int row) {
        long bytes = t.shape()[1] * t.dtype().bytes();
        return t.data().asSlice(row * bytes, bytes);
    }

    private static float quantizeQ8(float[] w, int from, int n, MemorySegment row) {
        float scale = GroupQuantizer.q8Scale(w, from, n);
        for (int i = from; i < from + n; i++) {
            row.set(BYTE, i, GroupQuantizer.q8(w[i], scale));
        }
        return scale;
    }

    private static float quantizeQ4(float[] w, int from, int n, MemorySegment group) {
        float scale = GroupQuantizer.q4Scale(w, from, n);
        for (int i = 0; i < GROUP / 2; i++) {
            int low = nibble(w, from, i, n, scale);
            int high = nibble(w, from, i + GROUP / 2, n, scale);
            group.set(BYTE, i, (byte) (high << 4 | low));
        }
        return scale;
    }

    private static int nibble(float[] w, int from, int i, int n, float scale) {
        return i < n ? GroupQuantizer.q4(w[from + i], scale) : 8;
    }

    /**
     * A matrix or a norm as float32, row-major, whatever it is stored as.
     *
     * @param tensors a checkpoint's
     * @param inputs columns, which a Q4 matrix's own shape does not tell
     * @throws IllegalArgumentException when there is no such tensor
     */
    public static float[] toFloats(Map<String, StoredTensor> tensors, String name, int inputs) {
        StoredTensor values = tensor(tensors, name);
        if (values.dtype().floating()) {
            return values.toFloats();
        }
        StoredTensor scales = tensor(tensors, WeightFormat.scalesName(name));
        boolean q8 = WeightFormat.of(values) == WeightFormat.Q8;
        int rows = Math.toIntExact(values.shape()[0]);
        float[] out = new float[Math.multiplyExact(rows, inputs)];
        for (int r = 0; r < rows; r++) {
            MemorySegment row = row(values, r);
            MemorySegment rowScales = row(scales, r);
            for (int i = 0; i < inputs; i++) {
                int level = q8 ? row.get(BYTE, i) : q4Level(row, i);
                out[r * inputs + i] = level * BFloat16.toFloat(rowScales.get(SHORT, 2L * (i / GROUP)));
            }
        }
        return out;
    }

    private static StoredTensor tensor(Map<String, StoredTensor> tensors, String name) {
        StoredTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        return tensor;
    }

    private static int q4Level(MemorySegment row, int i) {
        int within = i % GROUP;
        int packed = row.get(BYTE, 16L * (i / GROUP) + within % 16) & 0xff;
        return (within < 16 ? packed & 0xf : packed >>> 4) - 8;
    }
}
