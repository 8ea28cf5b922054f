package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.LANES;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.foreign.MemorySegment;

/**
 * The order in which a row's stored values come out of a vector of 32-bit words, and x rearranged to meet them. Each lane
 * holds a word of 2 (BF16, F16), 4 (Q8) or 8 (Q4) neighbours, and kernels take the first of all words, then the second, and so
 * on: so nothing has to be spread over lanes.
 *
 * <p>x is rearranged once and meets all stored rows: {@code [chunk][value of a word][row of x][lane]}, where a chunk is what
 * one vector of words holds. One row stands alone, and two do together; more take the room of {@link Kernels#NARROW} or {@link
 * Kernels#WIDE}, those that are missing as zeros. Values beyond the last whole chunk are left out.
 */
final class WordOrder {
    /** Element of a group, in the order of a word's nibbles: low ones hold its first half, high ones its second. */
    private static final int[] NIBBLES = {0, 16, 1, 17, 2, 18, 3, 19};

    private static final int LINE = 64;

    private WordOrder() {}

    /** Values of a row in a vector of words. */
    static int chunk(WeightFormat format) {
        return values(format) * LANES;
    }

    private static int values(WeightFormat format) {
        return switch (format) {
            case F32 -> 1;
            case BF16, F16 -> 2;
            case Q8 -> 4;
            case Q4 -> 8;
        };
    }

    /** Values of a row that whole chunks cover. */
    static int covered(WeightFormat format, int k) {
        return k / chunk(format) * chunk(format);
    }

    /** Rows of x in whose room n of them are arranged. */
    static int width(int n) {
        return n <= Kernels.PAIR ? n : n <= Kernels.NARROW ? Kernels.NARROW : Kernels.WIDE;
    }

    /** Vectors of a chunk. */
    private static int vectors(WeightFormat format, int n) {
        return width(n) * (values(format) + (corrected(format, n) ? 1 : 0));
    }

    /** Whether a chunk ends with a correction for each row of x. */
    private static boolean corrected(WeightFormat format, int n) {
        return format == WeightFormat.Q4 && n <= Kernels.PAIR;
    }

    /** Bytes of a chunk of n rows. */
    static long chunkBytes(WeightFormat format, int n) {
        return 4L * LANES * vectors(format, n);
    }

    /** Bytes that {@link #arrange} writes, rounded up to whole lines of the cache. */
    static long bytes(WeightFormat format, int k, int n) {
        long bytes = k / chunk(format) * chunkBytes(format, n);
        return (bytes + LINE - 1) / LINE * LINE;
    }

    static void arrange(WeightFormat format, float[] x, int xOffset, int k, int n, MemorySegment out, long at) {
        int chunk = chunk(format);
        int width = width(n);
        for (int c = 0; c < k / chunk; c++) {
            long to = at + c * chunkBytes(format, n);
            for (int r = 0; r < width; r++) {
                if (r >= n) {
                    zero(values(format), width, out, to + 4L * LANES * r);
                } else if (format == WeightFormat.Q4) {
                    nibbles(x, xOffset + r * k + c * chunk, width, out, to + 4L * LANES * r);
                } else {
                    transpose(x, xOffset + r * k + c * chunk, values(format), width, out, to + 4L * LANES * r);
                }
            }
        }
    }

    private static void zero(int values, int width, MemorySegment out, long to) {
        for (int v = 0; v < values; v++) {
            for (int lane = 0; lane < LANES; lane++) {
                out.set(ScalarWeights.FLOAT, to + 4L * (width * v * LANES + lane), 0);
            }
        }
    }

    private static void transpose(float[] x, int from, int values, int width, MemorySegment out, long to) {
        for (int v = 0; v < values; v++) {
            for (int lane = 0; lane < LANES; lane++) {
                out.set(ScalarWeights.FLOAT, to + 4L * (width * v * LANES + lane), x[from + lane * values + v]);
            }
        }
    }

    /**
     * Nibble n of a half of a word is taken where it stands, 16^n times too large: x makes up for it. What nibbles are too
     * large by, 8 each, goes into one correction per lane for each row of x, where those are few: with more, it costs less to
     * subtract it.
     */
    private static void nibbles(float[] x, int from, int width, MemorySegment out, long to) {
        for (int lane = 0; lane < LANES; lane++) {
            int word = from + lane / 4 * 32 + lane % 4 * 4;
            float sum = 0;
            for (int n = 0; n < 8; n++) {
                float value = x[word + NIBBLES[n]];
                sum += value;
                float scaled = value * (1f / (1 << 4 * (n % 4)));
                out.set(ScalarWeights.FLOAT, to + 4L * (width * n * LANES + lane), scaled);
            }
            if (corrected(WeightFormat.Q4, width)) {
                out.set(ScalarWeights.FLOAT, to + 4L * (width * 8 * LANES + lane), -8 * sum);
            }
        }
    }
}
