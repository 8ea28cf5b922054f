package io.yoco4j.train;

import io.yoco4j.train.plot.Plots;
import io.yoco4j.train.plot.TokenAxis;
import java.awt.Color;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** loss.png: training loss and held-out loss over tokens. */
final class LossPlot {
    static final String FILE = "loss.png";

    private LossPlot() {}

    /**
     * Draws a curve into {@code folder}; nothing is drawn from fewer than two steps.
     *
     * @throws UncheckedIOException when writing fails
     */
    static void write(String title, LossCurve curve, Path folder) {
        chart(title, curve).ifPresent(chart -> Plots.write(chart, folder.resolve(FILE)));
    }

    /** The chart; empty where there are fewer than two steps. */
    static Optional<XYChart> chart(String title, LossCurve curve) {
        LossCurve.Points training = curve.training();
        LossCurve.Points heldOut = curve.heldOut();
        if (training.size() < 2) {
            return Optional.empty();
        }
        XYChart chart = new XYChartBuilder()
                .width(960)
                .height(540)
                .title(title)
                .yAxisTitle("nats per token")
                .build();
        chart.getStyler()
                .setLegendPosition(Styler.LegendPosition.InsideNE)
                .setChartBackgroundColor(Color.WHITE)
                .setDecimalPattern("0.##")
                .setPlotBorderVisible(false);
        TokenAxis axis = TokenAxis.of(training.tokens());
        axis.applyTo(chart);
        chart.addSeries("training, smoothed", places(axis, training.tokens()), training.values())
                .setMarker(SeriesMarkers.NONE);
        if (heldOut.size() > 0) {
            chart.addSeries("held out", places(axis, heldOut.tokens()), heldOut.values())
                    .setMarker(SeriesMarkers.CIRCLE);
        }
        return Optional.of(chart);
    }

    private static List<Double> places(TokenAxis axis, List<Long> tokens) {
        return tokens.stream().map(axis::at).toList();
    }
}
