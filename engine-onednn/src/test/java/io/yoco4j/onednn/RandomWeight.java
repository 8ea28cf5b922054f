package io.yoco4j.onednn;

import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.kernel.KernelSelection;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Stored matrices of random values near 1 or below, and what is computed from them. */
final class RandomWeight {
    static final Kernels SCALAR = KernelSelection.SCALAR.kernels();

    private RandomWeight() {}

    static Weight of(WeightFormat format, int outputs, int inputs, Random random) {
        int groups = WeightFormat.groups(inputs);
        MemorySegment scales = MemorySegment.NULL;
        if (format.quantized()) {
            scales = Arena.ofAuto().allocate(2L * outputs * groups, 2);
            SCALAR.bf16(floats(outputs * groups, random), 0, outputs * groups, scales, 0);
        }
        long bytes = (format.rowBytes(inputs) - (format.quantized() ? 2L * groups : 0)) * outputs;
        // Not aligned, as tensors in files may be.
        MemorySegment data = Arena.ofAuto().allocate(bytes + 2, 2).asSlice(2);
        int n = outputs * inputs;
        switch (format) {
            case F32 -> MemorySegment.copy(floats(n, random), 0, data, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, n);
            case BF16 -> SCALAR.bf16(floats(n, random), 0, n, data, 0);
            case F16 -> {
                for (int i = 0; i < n; i++) {
                    data.set(ValueLayout.JAVA_SHORT, 2L * i, Float.floatToFloat16((float) random.nextGaussian()));
                }
            }
            case Q8, Q4 -> {
                byte[] values = new byte[(int) bytes];
                random.nextBytes(values);
                data.copyFrom(MemorySegment.ofArray(values));
            }
        }
        return new Weight(format, data, scales, outputs, inputs);
    }

    static float[] floats(int n, Random random) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    /** The values of a row. */
    static float[] row(Weight w, int row) {
        float[] values = new float[w.inputs()];
        SCALAR.unpack(w, row, 0, values.length, values, 0);
        return values;
    }

    /** The values, each rounded to bfloat16. */
    static float[] rounded(float[] x) {
        MemorySegment bits = Arena.ofAuto().allocate(2L * x.length, 2);
        SCALAR.bf16(x, 0, x.length, bits, 0);
        float[] rounded = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            rounded[i] = Float.intBitsToFloat(bits.get(ValueLayout.JAVA_SHORT, 2L * i) << 16);
        }
        return rounded;
    }
}
