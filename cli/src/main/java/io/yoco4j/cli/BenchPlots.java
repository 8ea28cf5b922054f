package io.yoco4j.cli;

import io.yoco4j.engine.bench.BenchmarkPoint;
import io.yoco4j.train.plot.Plots;
import java.awt.BasicStroke;
import java.awt.Color;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.DoubleFunction;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Prefill, decode and KV bytes over the context, one line per system. Both axes are logarithmic with powers of two as
 * ticks, which the library's own logarithmic axes do not have: what it draws are logarithms.
 */
final class BenchPlots {
    private static final String PREFILL = "prefill.png";
    private static final String DECODE = "decode.png";
    private static final String KV = "kv.png";
    private static final int WIDTH = 960;
    private static final int HEIGHT = 600;
    /** Pixels of the plot itself, about. */
    private static final int PLOT_WIDTH = 700;

    private static final int PLOT_HEIGHT = 460;
    private static final int SPARSEST = 28;

    private final BenchReport report;

    BenchPlots(BenchReport report) {
        this.report = report;
    }

    /** Writes prefill.png, decode.png and kv.png into a folder. */
    void write(List<BenchmarkPoint> points, Path folder) {
        List<BenchmarkPoint> once = points.stream()
                .filter(p -> p.batch() == points.getFirst().batch())
                .toList();
        draw(
                "Prefill",
                "tokens/s",
                BenchPlots::rate,
                lines(once, p -> p.prefill().median()),
                folder.resolve(PREFILL));
        draw(
                "Decode at depth",
                "tokens/s",
                BenchPlots::rate,
                lines(points, p -> p.decode().median()),
                folder.resolve(DECODE));
        draw("KV cache of a context", "bytes", Units::bytes, lines(once, BenchmarkPoint::kvBytes), folder.resolve(KV));
    }

    private static String rate(double value) {
        return value >= 1 ? Units.shortContext(Math.round(value)) : String.format(Locale.ROOT, "%.3f", value);
    }

    /** One model's values by context; of a colour per model and a dash per batch size. */
    private record Line(String label, int color, int dash, SortedMap<Integer, Double> values) {}

    private List<Line> lines(List<BenchmarkPoint> points, ToDoubleFunction<BenchmarkPoint> value) {
        List<String> models = points.stream().map(report::label).distinct().toList();
        List<Integer> batches =
                points.stream().map(BenchmarkPoint::batch).distinct().toList();
        List<Line> lines = new ArrayList<>();
        for (int model = 0; model < models.size(); model++) {
            for (int batch = 0; batch < batches.size(); batch++) {
                String label = models.get(model);
                int size = batches.get(batch);
                SortedMap<Integer, Double> values = new TreeMap<>();
                points.stream()
                        .filter(p -> p.batch() == size && report.label(p).equals(label))
                        .forEach(p -> values.put(p.context(), value.applyAsDouble(p)));
                // Dashed where it coincides with another, so that both show.
                boolean hidden = lines.stream().anyMatch(l -> l.values().equals(values));
                lines.add(new Line(
                        batches.size() > 1 ? label + ", batch " + size : label,
                        model,
                        hidden ? batch + 1 : batch,
                        values));
            }
        }
        return lines;
    }

    private void draw(String title, String unit, DoubleFunction<String> format, List<Line> lines, Path file) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title + " (" + report.common() + ")")
                .xAxisTitle("context, tokens")
                .yAxisTitle(unit)
                .build();
        XYStyler style = chart.getStyler();
        Plots.style(style);
        Range x = Range.of(lines.stream()
                .flatMap(line -> line.values().keySet().stream())
                .mapToDouble(n -> n)
                .toArray());
        Range y = Range.of(lines.stream()
                .flatMap(line -> line.values().values().stream())
                .mapToDouble(v -> v)
                .toArray());
        style.setXAxisMin(x.from()).setXAxisMax(x.to()).setYAxisMin(y.from()).setYAxisMax(y.to());
        style.setXAxisTickMarkSpacingHint(x.spacing(PLOT_WIDTH));
        style.setYAxisTickMarkSpacingHint(y.spacing(PLOT_HEIGHT));
        chart.setCustomXAxisTickLabelsFormatter(v -> Units.shortContext(Math.round(Math.pow(2, v))));
        chart.setCustomYAxisTickLabelsFormatter(v -> format.apply(Math.pow(2, v)));
        for (Line line : lines) {
            XYSeries series = chart.addSeries(
                    line.label(),
                    line.values().keySet().stream()
                            .mapToDouble(BenchPlots::log2)
                            .toArray(),
                    line.values().values().stream()
                            .mapToDouble(BenchPlots::log2)
                            .toArray());
            Color color = Plots.color(line.color());
            series.setMarker(SeriesMarkers.CIRCLE).setMarkerColor(color);
            series.setLineStyle(stroke(line.dash())).setLineColor(color);
        }
        Plots.write(chart, file);
    }

    /** Solid, then dashes that get shorter. */
    private static BasicStroke stroke(int dash) {
        float[] dashes = dash == 0 ? null : new float[] {Math.max(2, 10f / dash), 6};
        return new BasicStroke(2.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dashes, 0);
    }

    private static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }

    /** Whole powers of two around some values. */
    private record Range(double from, double to) {
        static Range of(double[] values) {
            double low = Double.MAX_VALUE;
            double high = -Double.MAX_VALUE;
            for (double value : values) {
                low = Math.min(low, Math.floor(log2(value) + 1e-6));
                high = Math.max(high, Math.ceil(log2(value) - 1e-6));
            }
            return low < high ? new Range(low, high) : new Range(low - 1, high + 1);
        }

        /** Pixels between ticks, so that the library does not take fractions of a power. */
        int spacing(int pixels) {
            return Math.max(SPARSEST, (int) (0.9 * pixels / (to - from)));
        }
    }
}
