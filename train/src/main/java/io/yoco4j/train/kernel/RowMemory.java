package io.yoco4j.train.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * A tensor's memory as floats, whether it holds float32 or bfloat16.
 *
 * @param memory contiguous elements
 * @param bf16 whether they are bfloat16
 */
public record RowMemory(MemorySegment memory, boolean bf16) {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> S =
            VectorSpecies.of(short.class, VectorShape.forBitSize(I.vectorBitSize() / 2));
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    /** Copies {@code count} elements from the one at {@code from} on to the start of {@code row}. */
    public void read(long from, float[] row, int count) {
        read(from, row, 0, count);
    }

    /**
     * Copies {@code count} elements from the one at {@code from} on to {@code row} from {@code at} on. Rows are short: the
     * JDK's call would cost more than the copy.
     */
    void read(long from, float[] row, int at, int count) {
        if (bf16) {
            readBf16(from, row, at, count);
            return;
        }
        int i = 0;
        for (; i <= count - F.length(); i += F.length()) {
            FloatVector.fromMemorySegment(F, memory, 4 * (from + i), ByteOrder.nativeOrder())
                    .intoArray(row, at + i);
        }
        for (; i < count; i++) {
            row[at + i] = memory.get(FLOAT, 4 * (from + i));
        }
    }

    private void readBf16(long from, float[] row, int at, int count) {
        int i = 0;
        for (; i <= count - F.length(); i += F.length()) {
            ShortVector s = ShortVector.fromMemorySegment(S, memory, 2 * (from + i), ByteOrder.nativeOrder());
            IntVector bits = (IntVector) s.convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
            bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(row, at + i);
        }
        for (; i < count; i++) {
            row[at + i] = Float.intBitsToFloat(memory.get(SHORT, 2 * (from + i)) << 16);
        }
    }

    /** Copies the first {@code count} entries of {@code row} to the elements from {@code to} on, bfloat16 rounded to nearest even. */
    public void write(float[] row, long to, int count) {
        write(row, 0, to, count);
    }

    /** Copies {@code count} entries of {@code row} from {@code at} on. */
    void write(float[] row, int at, long to, int count) {
        if (bf16) {
            writeBf16(row, at, to, count);
            return;
        }
        int i = 0;
        for (; i <= count - F.length(); i += F.length()) {
            FloatVector.fromArray(F, row, at + i).intoMemorySegment(memory, 4 * (to + i), ByteOrder.nativeOrder());
        }
        for (; i < count; i++) {
            memory.set(FLOAT, 4 * (to + i), row[at + i]);
        }
    }

    private void writeBf16(float[] row, int at, long to, int count) {
        int i = 0;
        for (; i <= count - F.length(); i += F.length()) {
            IntVector bits = FloatVector.fromArray(F, row, at + i).reinterpretAsInts();
            IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
            IntVector rounded = bits.add(0x7fff).add(odd).lanewise(VectorOperators.LSHR, 16);
            ((ShortVector) rounded.convertShape(VectorOperators.I2S, S, 0))
                    .intoMemorySegment(memory, 2 * (to + i), ByteOrder.nativeOrder());
        }
        for (; i < count; i++) {
            int bits = Float.floatToRawIntBits(row[at + i]);
            memory.set(SHORT, 2 * (to + i), (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16));
        }
    }
}
