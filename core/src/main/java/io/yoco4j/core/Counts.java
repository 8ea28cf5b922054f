package io.yoco4j.core;

import java.math.BigDecimal;
import java.util.OptionalLong;

/** Counts as people write them: {@code 4096}, {@code 2e6}, {@code 1.5K} or {@code 15M}; K, M and G are powers of 1000. */
public final class Counts {
    private static final int THOUSAND = 3;
    /** What a double still holds exactly. */
    private static final BigDecimal MAX = BigDecimal.valueOf(1L << 53);

    private Counts() {}

    /** The count that a text is; empty where it is no whole number in 1..2^53. */
    public static OptionalLong parse(String text) {
        int power = text.isEmpty() ? 0 : THOUSAND * (" KMG".indexOf(text.charAt(text.length() - 1)));
        String digits = power > 0 ? text.substring(0, text.length() - 1) : text;
        try {
            BigDecimal count = new BigDecimal(digits).scaleByPowerOfTen(Math.max(0, power));
            // Compared first: the digits of a great power of ten would fill memory.
            return count.signum() > 0 && count.compareTo(MAX) <= 0
                    ? OptionalLong.of(count.longValueExact())
                    : OptionalLong.empty();
        } catch (ArithmeticException | NumberFormatException _) {
            return OptionalLong.empty();
        }
    }
}
