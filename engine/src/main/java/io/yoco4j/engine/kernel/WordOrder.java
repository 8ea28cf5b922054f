package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.LANES;

import io.yoco4j.core.checkpoint.WeightFormat;

/**
 * The order in which a row's stored values come out of a vector of 32-bit words, and x rearranged to meet them. Each lane
 * holds a word of 2 (BF16), 4 (Q8) or 8 (Q4) neighbours, and {@link VectorDots} takes the first of all words, then the
 * second, and so on: so nothing has to be spread over lanes.
 *
 * <p>x is rearranged once and meets all rows. Values beyond the last whole vector of words keep their places.
 */
final class WordOrder {
    /** Element of a group, in the order of a word's nibbles: low ones hold its first half, high ones its second. */
    private static final int[] NIBBLES = {0, 16, 1, 17, 2, 18, 3, 19};

    private WordOrder() {}

    /** Values in a vector of words; 1 where the format is read in its own order. */
    static int chunk(WeightFormat format) {
        return switch (format) {
            case F32, F16 -> 1;
            case BF16 -> 2 * LANES;
            case Q8 -> 4 * LANES;
            case Q4 -> 8 * LANES;
        };
    }

    /** Floats that {@link #arrange} writes for k of x; 0 where x is taken as it is. */
    static int size(WeightFormat format, int k) {
        return switch (format) {
            case F32, F16 -> 0;
            case BF16, Q8 -> k;
            case Q4 -> k + k / chunk(format) * LANES;
        };
    }

    static void arrange(WeightFormat format, float[] x, int xOffset, int k, float[] out, int outOffset) {
        int chunk = chunk(format);
        int chunks = k / chunk;
        for (int c = 0; c < chunks; c++) {
            int from = xOffset + c * chunk;
            if (format == WeightFormat.Q4) {
                nibbles(x, from, out, outOffset + c * chunk, outOffset + k + c * LANES);
            } else {
                transpose(x, from, chunk / LANES, out, outOffset + c * chunk);
            }
        }
        int done = chunks * chunk;
        System.arraycopy(x, xOffset + done, out, outOffset + done, k - done);
    }

    private static void transpose(float[] x, int from, int values, float[] out, int to) {
        for (int v = 0; v < values; v++) {
            for (int lane = 0; lane < LANES; lane++) {
                out[to + v * LANES + lane] = x[from + lane * values + v];
            }
        }
    }

    /**
     * Nibble n of a half of a word is taken where it stands, 16^n times too large: x makes up for it. What nibbles are too
     * large by, 8 each, goes into one correction per lane.
     */
    private static void nibbles(float[] x, int from, float[] out, int to, int corrections) {
        for (int lane = 0; lane < LANES; lane++) {
            int word = from + lane / 4 * 32 + lane % 4 * 4;
            float sum = 0;
            for (int n = 0; n < 8; n++) {
                float value = x[word + NIBBLES[n]];
                sum += value;
                out[to + n * LANES + lane] = value * (1f / (1 << 4 * (n % 4)));
            }
            out[corrections + lane] = -8 * sum;
        }
    }
}
