package io.yoco4j.engine.cache;

import io.yoco4j.core.arch.KvFormat;

/**
 * Signed bytes that share a scale per group of {@value KvFormat#GROUP}: {@code x = scale * q}, q in -127..127. The scale
 * is the group's largest magnitude divided by 127, rounded up to bfloat16, so that no value is cut off: an error is at
 * most half a scale.
 */
final class Q8 {
    private static final int LARGEST = 127;
    /** Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the significand. */
    private static final float ROUND = 12582912f;

    private static final int ROUND_BITS = Float.floatToRawIntBits(ROUND);

    private Q8() {}

    /** The bfloat16 scale of {@code n} values; 0 where all are 0, or too small for float32 to tell. */
    static short scale(float[] x, int offset, int n) {
        float max = 0;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, Math.abs(x[offset + i]));
        }
        return max < Float.POSITIVE_INFINITY ? Bf16.roundUp(max / LARGEST) : Bf16.round(max);
    }

    /** The nearest byte of a value under a widened scale. */
    static byte quantize(float x, float scale) {
        int q = Float.floatToRawIntBits(x / scale + ROUND) - ROUND_BITS;
        return scale == 0 ? 0 : (byte) Math.clamp(q, -LARGEST, LARGEST);
    }
}
