package io.yoco4j.engine.cache;

/**
 * bfloat16, the upper half of a float32, and runs of 32 of them. Within a run, even positions hold columns 0..15 and odd
 * ones columns 16..31, so that a vector of 16 ints becomes the lower columns by a shift and the upper ones by a mask.
 */
final class Bf16 {
    /** Columns of a run. */
    static final int RUN = 32;

    private static final int HALF = RUN / 2;
    private static final short NAN = 0x7fc0;

    private Bf16() {}

    /** The nearest, to even where two are as near. */
    static short round(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.isNaN(x) ? NAN : (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    /** The smallest that is not below {@code x}, which is neither negative nor NaN. */
    static short roundUp(float x) {
        return (short) (Float.floatToRawIntBits(x) + 0xffff >>> 16);
    }

    /** As float32: exact. */
    static float widen(short x) {
        return Float.intBitsToFloat(x << 16);
    }

    /** Where in a run a column is. */
    static int position(int column) {
        return column < HALF ? 2 * column : 2 * (column - HALF) + 1;
    }

    /** Rounds the first {@code n} columns of a run; the others stay as they are. */
    static void pack(float[] in, int inOffset, int n, short[] out, int outOffset) {
        for (int c = 0; c < n; c++) {
            out[outOffset + position(c)] = round(in[inOffset + c]);
        }
    }
}
