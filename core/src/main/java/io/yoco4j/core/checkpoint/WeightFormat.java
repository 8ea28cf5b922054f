package io.yoco4j.core.checkpoint;

import io.yoco4j.core.arch.ParameterLayout;
import java.util.Locale;

/**
 * How a matrix is stored, row-major [out, in]. The quantized formats have groups of 32 along a row, the last of which may
 * be shorter, and a second tensor of scales, BF16 [out, groups].
 */
public enum WeightFormat {
    F32(DType.F32),
    BF16(DType.BF16),
    F16(DType.F16),
    /** I8 [out, in]: value = byte x scale. */
    Q8(DType.I8),
    /**
     * U8 [out, 16 x groups]: value = (nibble - 8) x scale. Byte i of a group's 16 holds element i in its low nibble and
     * element i + 16 in its high one.
     */
    Q4(DType.U8);

    /** Values that share a scale. */
    public static final int GROUP = 32;

    private final DType dtype;

    WeightFormat(DType dtype) {
        this.dtype = dtype;
    }

    /**
     * The format of a stored matrix, which its element type tells.
     *
     * @throws IllegalArgumentException when no format has that type
     */
    public static WeightFormat of(StoredTensor matrix) {
        for (WeightFormat format : values()) {
            if (format.dtype == matrix.dtype()) {
                return format;
            }
        }
        throw new IllegalArgumentException("no matrix is stored as " + matrix);
    }

    /** The element type of the stored values. */
    public DType dtype() {
        return dtype;
    }

    /** Its name in files and on the command line: {@code q8}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Groups in a row of {@code inputs} values. */
    public static int groups(int inputs) {
        return (inputs + GROUP - 1) / GROUP;
    }

    /** Bytes of a row, scales included. */
    public long rowBytes(int inputs) {
        return switch (this) {
            case F32 -> 4L * inputs;
            case BF16, F16 -> 2L * inputs;
            case Q8 -> inputs + 2L * groups(inputs);
            case Q4 -> 18L * groups(inputs);
        };
    }

    /** Whether there are scales beside the values. */
    public boolean quantized() {
        return this == Q8 || this == Q4;
    }

    /** Shape of the tensor of values of a matrix of shape [out, in]. */
    long[] valuesShape(long[] shape) {
        return this == Q4 ? new long[] {shape[0], 16L * groups((int) shape[1])} : shape.clone();
    }

    /** Shape of the tensor of scales of a matrix of shape [out, in]. */
    static long[] scalesShape(long[] shape) {
        return new long[] {shape[0], groups((int) shape[1])};
    }

    /** Name of the tensor that holds a matrix's scales. */
    public static String scalesName(String name) {
        return name + ".scales";
    }

    /** What a model of this format has the matrix {@code name} in: a Q4 one has embedding and output matrix in Q8. */
    public WeightFormat forMatrix(String name) {
        boolean ends = name.equals(ParameterLayout.EMBEDDING) || name.equals(ParameterLayout.HEAD);
        return this == Q4 && ends ? Q8 : this;
    }
}
