package io.yoco4j.experiment;

import java.util.Locale;

/** How a report writes numbers. */
final class Figures {
    private Figures() {}

    static String bits(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }

    static String meanAndDeviation(double[] values) {
        if (values.length == 0) {
            return "-";
        }
        String mean = bits(Statistics.mean(values));
        return values.length < 2 ? mean : mean + " ± " + bits(Statistics.standardDeviation(values));
    }

    static String probability(double p) {
        return Double.isNaN(p) ? "-" : p < 1e-4 ? "< 0.0001" : String.format(Locale.ROOT, "%.4f", p);
    }

    static String count(double n) {
        if (n >= 1e6) {
            return String.format(Locale.ROOT, "%.2fM", n / 1e6);
        }
        return n >= 1e4 ? String.format(Locale.ROOT, "%.1fK", n / 1e3) : String.format(Locale.ROOT, "%,.0f", n);
    }
}
