package io.yoco4j.core.checkpoint;

/**
 * How a matrix is stored, row-major [out, in]. The quantized formats have groups of 32 along a row, the last of which may
 * be shorter, and a second tensor of scales, BF16 [out, groups].
 */
public enum WeightFormat {
    F32,
    BF16,
    F16,
    /** I8 [out, in]: value = byte x scale. */
    Q8,
    /**
     * U8 [out, 16 x groups]: value = (nibble - 8) x scale. Byte i of a group's 16 holds element i in its low nibble and
     * element i + 16 in its high one.
     */
    Q4;

    /** Values that share a scale. */
    public static final int GROUP = 32;

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

    /** Name of the tensor that holds a matrix's scales. */
    public static String scalesName(String name) {
        return name + ".scales";
    }
}
