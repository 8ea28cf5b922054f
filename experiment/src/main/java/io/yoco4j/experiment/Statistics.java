package io.yoco4j.experiment;

import java.util.Arrays;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.inference.TTest;

/** What a few numbers allow to say. */
final class Statistics {
    private Statistics() {}

    static double mean(double[] values) {
        return StatUtils.mean(values);
    }

    /** Of a sample, with n - 1; NaN for fewer than two values. */
    static double standardDeviation(double[] values) {
        return values.length < 2 ? Double.NaN : Math.sqrt(StatUtils.variance(values));
    }

    /**
     * Two-sided p of Student's paired t-test: how likely differences as large as these are if there is none. NaN for fewer
     * than two pairs.
     */
    static double pairedP(double[] a, double[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException(a.length + " values do not pair with " + b.length);
        }
        if (a.length < 2) {
            return Double.NaN;
        }
        if (Arrays.equals(a, b)) {
            return 1;
        }
        return new TTest().pairedTTest(a, b);
    }
}
