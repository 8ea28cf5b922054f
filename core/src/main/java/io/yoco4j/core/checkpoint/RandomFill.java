package io.yoco4j.core.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Fills memory, a multiple of 8 bytes, with random values; a word of 64 bits gives as many as fit it. */
final class RandomFill {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The sign of each byte of a word. */
    private static final long SIGNS = 0x8080_8080_8080_8080L;

    private RandomFill() {}

    static void floats(MemorySegment part, long seed, double mean, double spread) {
        float step = (float) (spread / 0x1p31);
        for (long at = 0; at < part.byteSize(); at += 8) {
            long word = word(seed, at);
            part.set(FLOAT, at, (float) mean + (int) word * step);
            part.set(FLOAT, at + 4, (float) mean + (int) (word >>> 32) * step);
        }
    }

    static void bfloats(MemorySegment part, long seed, double spread) {
        float step = (float) (spread / 0x1p15);
        for (long at = 0; at < part.byteSize(); at += 8) {
            long word = word(seed, at);
            for (int i = 0; i < 4; i++) {
                part.set(SHORT, at + 2 * i, BFloat16.bits(BFloat16.nearest((short) (word >>> 16 * i) * step)));
            }
        }
    }

    static void halves(MemorySegment part, long seed, double spread) {
        float step = (float) (spread / 0x1p15);
        for (long at = 0; at < part.byteSize(); at += 8) {
            long word = word(seed, at);
            for (int i = 0; i < 4; i++) {
                part.set(SHORT, at + 2 * i, Float.floatToFloat16((short) (word >>> 16 * i) * step));
            }
        }
    }

    static void bytes(MemorySegment part, long seed) {
        for (long at = 0; at < part.byteSize(); at += 8) {
            part.set(LONG, at, word(seed, at));
        }
    }

    /** Without -128, which becomes 0. */
    static void signedBytes(MemorySegment part, long seed) {
        for (long at = 0; at < part.byteSize(); at += 8) {
            long word = word(seed, at);
            long zeros = word ^ SIGNS; // bytes that are -128 have become 0, and no carry leaves a byte
            long others = (zeros & ~SIGNS) + ~SIGNS | zeros;
            part.set(LONG, at, word ^ ~others & SIGNS);
        }
    }

    /** Of either sign, their magnitudes uniform within a quarter of the mean. */
    static void scales(MemorySegment part, long seed, double rms) {
        double mean = rms / Math.sqrt(1 + 0.25 * 0.25 / 3);
        float step = (float) (0.25 * mean / 0x1p14);
        for (long at = 0; at < part.byteSize(); at += 8) {
            long word = word(seed, at);
            for (int i = 0; i < 4; i++) {
                int bits = (int) (word >>> 16 * i);
                float magnitude = (float) mean + ((bits & 0x7fff) - 0x4000) * step;
                part.set(SHORT, at + 2 * i, (short) (BFloat16.bits(BFloat16.nearest(magnitude)) | bits & 0x8000));
            }
        }
    }

    /** The word at a byte of the part of that seed. */
    private static long word(long seed, long at) {
        return mix(seed + at * 0x9e37_79b9_7f4a_7c15L);
    }

    /** A bijection of 64 bits that leaves no pattern of its argument (Stafford's variant 13 of the MurmurHash3 finalizer). */
    static long mix(long z) {
        long y = (z ^ z >>> 30) * 0xbf58_476d_1ce4_e5b9L;
        y = (y ^ y >>> 27) * 0x94d0_49bb_1331_11ebL;
        return y ^ y >>> 31;
    }
}
