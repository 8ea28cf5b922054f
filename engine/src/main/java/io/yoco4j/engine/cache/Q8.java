package io.yoco4j.engine.cache;

import io.yoco4j.core.arch.KvFormat;

/**
 * Signed bytes that share a scale per group of {@value KvFormat#GROUP}: {@code x = scale * q}, q in -127..127. The scale
 * is the group's largest magnitude divided by 127, rounded up to bfloat16, so that no value is cut off: an error is at
 * most half a scale.
 */
final class Q8 {
    private static final int LARGEST = 127;

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
        return scale == 0 ? 0 : (byte) Math.clamp(Math.round(x / scale), -LARGEST, LARGEST);
    }

    /** {@code out[i] = scale * in[i]} for {@code n} values of one group. */
    static void unpack(byte[] in, int inOffset, int n, float scale, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = scale * in[inOffset + i];
        }
    }

    /** {@code out[i] = scales[i] * in[i]} for {@code n} values, each of a group of its own. */
    static void unpack(byte[] in, int inOffset, int n, short[] scales, int scalesOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = Bf16.widen(scales[scalesOffset + i]) * in[inOffset + i];
        }
    }
}
