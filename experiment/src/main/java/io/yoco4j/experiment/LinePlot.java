package io.yoco4j.experiment;

import io.yoco4j.train.plot.Plots;
import io.yoco4j.train.plot.TokenAxis;
import java.awt.BasicStroke;
import java.awt.Color;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.LongToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** One line per system over a shared axis, all plots of a report in one style. */
final class LinePlot {
    private static final int WIDTH = 960;
    private static final int HEIGHT = 600;
    /** More points than this need no marker each. */
    private static final int MARKED = 20;

    private final String title;
    private final String xTitle;
    private final String yTitle;
    private final boolean tokens;
    private final Map<String, SortedMap<Long, Double>> lines = new LinkedHashMap<>();

    private LinePlot(String title, String xTitle, boolean tokens, String yTitle) {
        this.title = title;
        this.xTitle = xTitle;
        this.tokens = tokens;
        this.yTitle = yTitle;
    }

    /** Over any numbers. */
    static LinePlot over(String xTitle, String title, String yTitle) {
        return new LinePlot(title, xTitle, false, yTitle);
    }

    /** Over tokens of training, from 0. */
    static LinePlot overTokens(String title, String yTitle) {
        return new LinePlot(title, "", true, yTitle);
    }

    /** Adds a line; one without a point is left out but keeps its colour. */
    void add(String label, SortedMap<Long, Double> points) {
        lines.put(label, points);
    }

    void write(Path file) {
        Plots.write(chart(), file);
    }

    XYChart chart() {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(xTitle)
                .yAxisTitle(yTitle)
                .build();
        XYStyler style = chart.getStyler();
        Plots.style(style);
        style.setDecimalPattern("0.###");
        LongToDoubleFunction place = x -> x;
        if (tokens) {
            TokenAxis axis = TokenAxis.of(
                    lines.values().stream().flatMap(l -> l.keySet().stream()).toList());
            axis.applyTo(chart);
            place = axis::at;
        }
        int color = 0;
        for (Map.Entry<String, SortedMap<Long, Double>> line : lines.entrySet()) {
            addSeries(chart, line.getKey(), line.getValue(), place, color++);
        }
        return chart;
    }

    private static void addSeries(
            XYChart chart, String label, SortedMap<Long, Double> points, LongToDoubleFunction place, int index) {
        if (points.isEmpty()) {
            return;
        }
        XYSeries series = chart.addSeries(
                label,
                points.keySet().stream().mapToDouble(place::applyAsDouble).toArray(),
                Summary.array(points.values()));
        Color color = Plots.color(index);
        // Past the last colour, dashes tell lines apart.
        float[] dashes = index < Plots.colors() ? null : new float[] {10, 6};
        Marker marker = points.size() > MARKED ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE;
        series.setMarker(marker).setMarkerColor(color);
        series.setLineStyle(new BasicStroke(2.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dashes, 0))
                .setLineColor(color);
    }
}
