package io.yoco4j.train.plot;

import java.util.Collection;
import org.knowm.xchart.XYChart;

/**
 * Tokens along the x axis of a chart, from 0, in a unit that keeps the labels short.
 *
 * @param title of the axis
 * @param unit tokens that the axis counts as one
 * @param end of the axis, in its unit
 */
public record TokenAxis(String title, double unit, double end) {
    private static final double THOUSAND = 1e3;
    private static final double MILLION = 1e6;

    /**
     * The axis for points at these counts of tokens, all above 0.
     *
     * @throws IllegalArgumentException when there is none
     */
    public static TokenAxis of(Collection<Long> tokens) {
        double first = tokens.stream().min(Long::compare).orElseThrow(IllegalArgumentException::new);
        double last = tokens.stream().max(Long::compare).orElseThrow(IllegalArgumentException::new);
        // XChart puts ticks at the points themselves where all are equally far apart, the axis's ends included, and
        // a step of training is no even number of tokens. So the last gap is another one than the first.
        double room = first > 0.01 * last && first < 0.04 * last ? 0.05 : 0.02;
        double end = last * (1 + room);
        if (last >= MILLION) {
            return new TokenAxis("million tokens", MILLION, end / MILLION);
        }
        return last >= THOUSAND
                ? new TokenAxis("thousand tokens", THOUSAND, end / THOUSAND)
                : new TokenAxis("tokens", 1, end);
    }

    /** Gives a chart this axis. */
    public void applyTo(XYChart chart) {
        chart.setXAxisTitle(title);
        chart.getStyler().setXAxisMin(0.0).setXAxisMax(end);
    }

    /** Where a count of tokens lies. */
    public double at(long tokens) {
        return tokens / unit;
    }
}
