package io.yoco4j.core.checkpoint;

import io.yoco4j.core.InvalidInputException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tensor as it lies in a file: row-major, little-endian, mapped rather than copied.
 *
 * @param name as in the file
 * @param dtype of its elements
 * @param shape outermost dimension first
 * @param data its bytes, exactly as many as dtype and shape say; valid as long as the arena they were mapped in
 */
public record StoredTensor(String name, DType dtype, long[] shape, MemorySegment data) {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Number of elements. */
    public long elements() {
        return data.byteSize() / dtype.bytes();
    }

    /** The elements as float32. */
    public float[] toFloats() {
        float[] out = new float[heapLength()];
        floats(0, out);
        return out;
    }

    /** Elements from {@code from} on as float32, as many as {@code out} takes. */
    void floats(long from, float[] out) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(data, FLOAT, 4 * from, out, 0, out.length);
            case BF16 -> {
                for (int i = 0; i < out.length; i++) {
                    out[i] = BFloat16.toFloat(data.get(SHORT, 2 * (from + i)));
                }
            }
            case F16 -> {
                for (int i = 0; i < out.length; i++) {
                    out[i] = Float.float16ToFloat(data.get(SHORT, 2 * (from + i)));
                }
            }
            case I64, I32, U8, I8 -> throw wrongType("a floating-point type");
        }
    }

    /** The elements of an integer tensor. */
    public long[] toLongs() {
        long[] out = new long[heapLength()];
        for (int i = 0; i < out.length; i++) {
            out[i] = switch (dtype) {
                case I64 -> data.get(LONG, 8L * i);
                case I32 -> data.get(INT, 4L * i);
                case U8 -> data.get(ValueLayout.JAVA_BYTE, i) & 0xff;
                case I8 -> data.get(ValueLayout.JAVA_BYTE, i);
                case F32, BF16, F16 -> throw wrongType("an integer type");
            };
        }
        return out;
    }

    private int heapLength() {
        if (elements() > Integer.MAX_VALUE - 8) {
            throw new InvalidInputException("tensor " + name + " has " + elements()
                    + " elements, more than one Java array holds: read it through its memory segment");
        }
        return (int) elements();
    }

    private InvalidInputException wrongType(String wanted) {
        return new InvalidInputException("tensor " + name + " is " + dtype + ", but must be of " + wanted);
    }

    /** Whether no element is NaN or infinite; true for integers. One pass at reading speed. */
    public boolean finite() {
        if (!dtype.floating()) {
            return true;
        }
        long words = data.byteSize() / 8;
        long carries = 0;
        for (long w = 0; w < words; w++) {
            carries |= dtype.carries(data.get(LONG, w * 8));
        }
        long tail = 0;
        for (long b = data.byteSize() - 1; b >= words * 8; b--) {
            tail = tail << 8 | data.get(ValueLayout.JAVA_BYTE, b) & 0xffL;
        }
        carries |= dtype.carries(tail);
        return (carries & dtype.carryBits()) == 0;
    }

    /** Magnitude of the largest element of a BF16 tensor, NaN or infinite where one is. */
    float largestBFloat16() {
        int largest = 0;
        for (long i = 0; i < elements(); i++) {
            largest = Math.max(largest, data.get(SHORT, 2 * i) & 0x7fff);
        }
        return BFloat16.toFloat((short) largest);
    }

    /** Two tensors are equal when name, type, shape and bytes are. */
    @Override
    public boolean equals(Object o) {
        return o instanceof StoredTensor t
                && name.equals(t.name)
                && dtype == t.dtype
                && Arrays.equals(shape, t.shape)
                && data.mismatch(t.data) == -1;
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return name + " " + dtype + " " + Arrays.toString(shape);
    }
}
