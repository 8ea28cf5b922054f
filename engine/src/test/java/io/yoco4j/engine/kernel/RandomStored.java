package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;

/** Stored matrices of random values, with the values as they read back. */
record RandomStored(Weight weight, float[] values) {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

    static RandomStored of(WeightFormat format, int outputs, int inputs, Random random) {
        int groups = WeightFormat.groups(inputs);
        int rowBytes = (int) format.rowBytes(inputs) - (format.quantized() ? 2 * groups : 0);
        // Exactly as many bytes as there must be, so that reading further fails.
        MemorySegment data = Arena.ofAuto().allocate((long) outputs * rowBytes, 64);
        MemorySegment scales =
                format.quantized() ? Arena.ofAuto().allocate(2L * outputs * groups, 64) : MemorySegment.NULL;
        float[] values = new float[outputs * inputs];
        for (int o = 0; o < outputs; o++) {
            for (int g = 0; g < groups && format.quantized(); g++) {
                // Negative ones, too: q4 may have them.
                short bits = (short) (Float.floatToRawIntBits((random.nextFloat() - 0.5f) / 64) >>> 16);
                scales.setAtIndex(SHORT, (long) o * groups + g, bits);
            }
            for (int i = 0; i < inputs; i++) {
                values[o * inputs + i] = put(format, data, scales, o, i, inputs, random);
            }
        }
        return new RandomStored(new Weight(format, data, scales, outputs, inputs), values);
    }

    private static float put(
            WeightFormat format, MemorySegment data, MemorySegment scales, int row, int i, int inputs, Random random) {
        int groups = WeightFormat.groups(inputs);
        long at = (long) row * inputs + i;
        // Small ones, too, so that float16 has subnormal numbers.
        float x = (float) (random.nextGaussian() * (i % 5 == 0 ? 1e-6 : 1));
        float scale = format.quantized()
                ? Float.intBitsToFloat(scales.getAtIndex(SHORT, (long) row * groups + i / 32) << 16)
                : 1;
        switch (format) {
            case F32 -> data.setAtIndex(FLOAT, at, x);
            case BF16 -> {
                short bits = (short) (Float.floatToRawIntBits(x) >>> 16);
                data.setAtIndex(SHORT, at, bits);
                return Float.intBitsToFloat(bits << 16);
            }
            case F16 -> {
                data.setAtIndex(SHORT, at, Float.floatToFloat16(x));
                return Float.float16ToFloat(Float.floatToFloat16(x));
            }
            case Q8 -> {
                byte q = (byte) (random.nextInt(255) - 127);
                data.set(ValueLayout.JAVA_BYTE, at, q);
                return q * scale;
            }
            case Q4 -> {
                int nibble = random.nextInt(16);
                long to = ((long) row * groups + i / 32) * 16 + i % 16;
                int other = data.get(ValueLayout.JAVA_BYTE, to) & 0xff;
                data.set(ValueLayout.JAVA_BYTE, to, (byte) (other | nibble << (i % 32 < 16 ? 0 : 4)));
                return (nibble - 8) * scale;
            }
        }
        return x;
    }
}
