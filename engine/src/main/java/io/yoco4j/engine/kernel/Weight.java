package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.DType;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * A stored matrix, row-major [out, in], read where it lies. A format supplies two things: pieces of rows as float32, which
 * meet many rows, and products of whole rows with a vector.
 *
 * @param format of its values
 * @param data their bytes, off the heap
 * @param scales of quantized formats, BF16 [out, groups]; else empty
 * @param outputs rows
 * @param inputs columns
 */
public record Weight(WeightFormat format, MemorySegment data, MemorySegment scales, int outputs, int inputs) {

    /**
     * A matrix of a checkpoint.
     *
     * @param shape [out, in]
     * @return empty when there is no such tensor
     * @throws IllegalArgumentException when its tensors are not those of a matrix of that shape
     */
    public static Optional<Weight> of(Map<String, StoredTensor> tensors, String name, long[] shape) {
        StoredTensor tensor = tensors.get(name);
        if (tensor == null) {
            return Optional.empty();
        }
        WeightFormat format = WeightFormat.of(tensor);
        int inputs = Math.toIntExact(shape[1]);
        int groups = WeightFormat.groups(inputs);
        long[] stored = {shape[0], format == WeightFormat.Q4 ? 16L * groups : inputs};
        MemorySegment scales = MemorySegment.NULL;
        boolean sound = Arrays.equals(tensor.shape(), stored);
        if (format.quantized()) {
            StoredTensor s = tensors.get(WeightFormat.scalesName(name));
            sound &= s != null && s.dtype() == DType.BF16 && Arrays.equals(s.shape(), new long[] {shape[0], groups});
            scales = s == null ? scales : offHeap(s.data());
        }
        if (!sound) {
            throw new IllegalArgumentException("tensor " + name + " must be a matrix of shape " + Arrays.toString(shape)
                    + ", with scales where it is quantized, but is " + tensor);
        }
        return Optional.of(new Weight(format, offHeap(tensor.data()), scales, Math.toIntExact(shape[0]), inputs));
    }

    private static MemorySegment offHeap(MemorySegment data) {
        return data.isNative()
                ? data
                : Arena.ofAuto().allocate(data.byteSize(), 64).copyFrom(data);
    }

    /** Groups of a row that have a scale each. */
    int groups() {
        return WeightFormat.groups(inputs);
    }

    /** Bytes of a stored row. */
    long rowBytes() {
        return data.byteSize() / outputs;
    }

    /** Floats of scratch memory that {@link Kernels#dotRows} needs. */
    public int dotScratch() {
        return Kernels.DOT_ROWS * (Kernels.WIDE * Kernels.PARTIAL + groups()) + Kernels.PARTIAL;
    }
}
