package io.yoco4j.core.checkpoint;

import java.util.Arrays;
import java.util.Optional;

/** Element types of safetensors files that this project reads; all little-endian. */
public enum DType {
    F32(4, 0x7f80_0000_7f80_0000L, 0x0080_0000_0080_0000L),
    BF16(2, 0x7f80_7f80_7f80_7f80L, 0x0080_0080_0080_0080L),
    F16(2, 0x7c00_7c00_7c00_7c00L, 0x0400_0400_0400_0400L),
    I64(8, 0, 0),
    I32(4, 0, 0),
    U8(1, 0, 0),
    I8(1, 0, 0);

    private final int bytes;
    private final long exponentMask;
    private final long exponentUnit;

    DType(int bytes, long exponentMask, long exponentUnit) {
        this.bytes = bytes;
        this.exponentMask = exponentMask;
        this.exponentUnit = exponentUnit;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether elements are floating-point numbers. */
    public boolean floating() {
        return exponentMask != 0;
    }

    /**
     * A number whose highest bit of some lane is set when one of the elements packed in {@code word} is NaN or infinite:
     * adding one unit to an exponent of all ones carries into the sign's place, and nowhere else.
     */
    long carries(long word) {
        return (word & exponentMask) + exponentUnit;
    }

    /** The bits of {@link #carries} that tell. */
    long carryBits() {
        return (exponentMask + exponentUnit) & ~exponentMask;
    }

    static Optional<DType> named(String name) {
        return Arrays.stream(values()).filter(d -> d.name().equals(name)).findFirst();
    }
}
