package io.yoco4j.experiment;

import io.yoco4j.core.checkpoint.AtomicFiles;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** One line per system over a shared axis, all plots of a report in one style. */
final class LinePlot {
    private static final int WIDTH = 960;
    private static final int HEIGHT = 600;
    /** More points than this need no marker each. */
    private static final int MARKED = 20;

    private static final Color[] COLORS = {
        new Color(0x4c566a),
        new Color(0xd08770),
        new Color(0x8f5bb5),
        new Color(0x3b8bc4),
        new Color(0xc0392b),
        new Color(0x2e9e6b),
        new Color(0xb8860b),
        new Color(0xd4579c),
        new Color(0x17a2b8)
    };

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
        style.setChartBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false)
                .setDecimalPattern("0.###")
                .setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 16))
                .setLegendPosition(Styler.LegendPosition.OutsideE)
                .setLegendBorderColor(Color.WHITE)
                .setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13))
                .setLegendSeriesLineLength(36);
        style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
        style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        style.setPlotGridLinesColor(new Color(0xe3e3e3));
        int color = 0;
        for (Map.Entry<String, SortedMap<Long, Double>> line : lines.entrySet()) {
            addSeries(chart, line.getKey(), line.getValue(), color++);
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            BitmapEncoder.saveBitmap(chart, png, BitmapEncoder.BitmapFormat.PNG);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        AtomicFiles.write(file, channel -> {
            ByteBuffer bytes = ByteBuffer.wrap(png.toByteArray());
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    private void addSeries(XYChart chart, String label, SortedMap<Long, Double> points, int index) {
        if (points.isEmpty()) {
            return;
        }
        XYSeries series = chart.addSeries(
                label, points.keySet().stream().mapToDouble(x -> x / xUnit).toArray(), Summary.array(points.values()));
        Color color = COLORS[index % COLORS.length];
        // Past the last colour, dashes tell lines apart.
        float[] dashes = index < COLORS.length ? null : new float[] {10, 6};
        Marker marker = points.size() > MARKED ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE;
        series.setMarker(marker).setMarkerColor(color);
        series.setLineStyle(new BasicStroke(2.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dashes, 0))
                .setLineColor(color);
    }
}
