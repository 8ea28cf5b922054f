package io.yoco4j.experiment;

import io.yoco4j.train.plot.Plots;
import java.awt.BasicStroke;
import java.awt.Color;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
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
    private final double xUnit;
    private final Map<String, SortedMap<Long, Double>> lines = new LinkedHashMap<>();

    /** @param xUnit what the values of the axis are divided by */
    LinePlot(String title, String xTitle, double xUnit, String yTitle) {
        this.title = title;
        this.xTitle = xTitle;
        this.xUnit = xUnit;
        this.yTitle = yTitle;
    }

    /** Adds a line; one without a point is left out but keeps its colour. */
    void add(String label, SortedMap<Long, Double> points) {
        lines.put(label, points);
    }

    /** Whether a line has two points to draw between. */
    boolean worthDrawing() {
        return lines.values().stream().anyMatch(l -> l.size() > 1);
    }

    void write(Path file) {
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
        int color = 0;
        for (Map.Entry<String, SortedMap<Long, Double>> line : lines.entrySet()) {
            addSeries(chart, line.getKey(), line.getValue(), color++);
        }
        Plots.write(chart, file);
    }

    private void addSeries(XYChart chart, String label, SortedMap<Long, Double> points, int index) {
        if (points.isEmpty()) {
            return;
        }
        XYSeries series = chart.addSeries(
                label, points.keySet().stream().mapToDouble(x -> x / xUnit).toArray(), Summary.array(points.values()));
        Color color = Plots.color(index);
        // Past the last colour, dashes tell lines apart.
        float[] dashes = index < Plots.colors() ? null : new float[] {10, 6};
        Marker marker = points.size() > MARKED ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE;
        series.setMarker(marker).setMarkerColor(color);
        series.setLineStyle(new BasicStroke(2.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dashes, 0))
                .setLineColor(color);
    }
}
