package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.DType;
import io.yoco4j.core.checkpoint.StoredTensor;
import java.lang.foreign.MemorySegment;

/**
 * A stored matrix, row-major [out, in], read where it lies. A storage format supplies two things: pieces of rows as
 * float32, which many-row products pack into panels, and products of whole rows with a vector.
 *
 * @param data its bytes
 * @param dtype F32, BF16 or F16
 * @param outputs rows
 * @param inputs columns
 */
public record Weight(MemorySegment data, DType dtype, int outputs, int inputs) {

    /** A matrix of a checkpoint. */
    public static Weight of(StoredTensor tensor) {
        return new Weight(
                tensor.data(), tensor.dtype(), Math.toIntExact(tensor.shape()[0]), Math.toIntExact(tensor.shape()[1]));
    }

    /** {@code n} values of a row from column {@code from} on. */
    public void unpack(Kernels kernels, int row, int from, int n, float[] out, int outOffset) {
        kernels.unpack(data, dtype, (long) row * inputs + from, n, out, outOffset);
    }

    /** Products of rows {@code first .. first + rows} with x: {@code y[yOffset + o]} set, or added to. */
    public void dotRows(
            Kernels kernels, int first, int rows, float[] x, int xOffset, float[] y, int yOffset, boolean add) {
        kernels.dotRows(data, dtype, (long) first * inputs, inputs, rows, x, xOffset, y, yOffset, add);
    }

    /**
     * Columns {@code from .. from + k} of rows {@code first .. first + rows} as a panel [k][32].
     *
     * @param scratch at least 32 x (k + 16) floats
     */
    public void unpackPanel(Kernels kernels, int first, int rows, int from, int k, float[] panel, float[] scratch) {
        // A row stride that is no power of two keeps the 32 rows in different cache sets.
        int stride = k + 16;
        for (int r = 0; r < rows; r++) {
            unpack(kernels, first + r, from, k, scratch, r * stride);
        }
        kernels.transpose(scratch, 0, stride, rows, k, panel, 0);
    }
}
