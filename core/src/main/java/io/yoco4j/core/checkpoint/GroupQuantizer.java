package io.yoco4j.core.checkpoint;

/**
 * Quantizes one group of values (at most {@value WeightFormat#GROUP}) to integers and a bfloat16 scale. Both formats choose
 * the integers with the scale as it is stored.
 */
final class GroupQuantizer {
    /** The largest magnitude of a Q4 level. */
    static final int Q4_MOST = 8;

    /**
     * What the value of largest magnitude is tried to be divided by, so that it becomes about -8. Nine steps come within
     * half a percent of the least squared error of any scale, on normally distributed values 11% below -8 alone.
     */
    private static final float[] Q4_DIVISORS = {-8, -7.75f, -8.25f, -7.5f, -8.5f, -7.25f, -8.75f, -7, -9};

    private GroupQuantizer() {}

    /** The scale of a Q8 group: the least that keeps every value within 127 of it; 0 where all values are. */
    static float q8Scale(float[] w, int from, int n) {
        double exact = Math.abs(largest(w, from, n)) / (double) Byte.MAX_VALUE;
        float scale = (float) exact;
        return withoutOverflow(BFloat16.up(scale < exact ? Math.nextUp(scale) : scale), Byte.MAX_VALUE);
    }

    /** value / scale to the nearest integer of -127..127, or 0 where the scale is. */
    static byte q8(float value, float scale) {
        return scale == 0 ? 0 : (byte) Math.clamp((long) Math.rint(value / scale), -Byte.MAX_VALUE, Byte.MAX_VALUE);
    }

    /**
     * The scale of a Q4 group, of either sign: of some that bring the largest value to about -8, the one of least squared
     * error; 0 where all values are.
     */
    static float q4Scale(float[] w, int from, int n) {
        float largest = largest(w, from, n);
        float scale = 0;
        double most = 0;
        for (float divisor : Q4_DIVISORS) {
            float inverse = divisor / largest;
            double wq = 0;
            int qq = 0;
            for (int i = from; i < from + n; i++) {
                int q = q4Level(w[i] * inverse);
                wq += (double) w[i] * q;
                qq += q * q;
            }
            // With these levels wq / qq is the scale of least squared error, which then is sum(w^2) - wq^2 / qq.
            if (qq > 0 && wq * wq / qq > most) {
                most = wq * wq / qq;
                scale = (float) (wq / qq);
            }
        }
        return withoutOverflow(BFloat16.nearest(scale), Q4_MOST);
    }

    /** value / scale + 8 to the nearest integer of 0..15, or 8, which stands for zero, where the scale is 0. */
    static int q4(float value, float scale) {
        return 8 + (scale == 0 ? 0 : q4Level(value / scale));
    }

    private static int q4Level(float x) {
        return Math.clamp((long) Math.rint(x), -8, 7);
    }

    /** Of largest magnitude, with its sign. */
    private static float largest(float[] w, int from, int n) {
        float largest = 0;
        for (int i = from; i < from + n; i++) {
            if (Math.abs(w[i]) > Math.abs(largest)) {
                largest = w[i];
            }
        }
        return largest;
    }

    /** The scale, or the largest of which as many as {@code levels} are still a number. */
    private static float withoutOverflow(float scale, int levels) {
        float most = BFloat16.down(Float.MAX_VALUE / levels);
        return Math.clamp(scale, -most, most);
    }
}
