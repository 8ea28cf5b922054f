package io.yoco4j.core.checkpoint;

/** bfloat16: the upper half of a float32. */
final class BFloat16 {
    private BFloat16() {}

    static float toFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** The bits of a number that bfloat16 holds exactly. */
    static short bits(float exact) {
        return (short) (Float.floatToRawIntBits(exact) >>> 16);
    }

    /** The nearest number, ties to even. */
    static float nearest(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat(bits + 0x7fff + (bits >>> 16 & 1) & 0xffff_0000);
    }

    /** The nearest number of at least this magnitude. */
    static float up(float value) {
        return Float.intBitsToFloat(Float.floatToRawIntBits(value) + 0xffff & 0xffff_0000);
    }

    /** The nearest number of at most this magnitude. */
    static float down(float value) {
        return Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xffff_0000);
    }
}
