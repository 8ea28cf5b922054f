package io.yoco4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import io.yoco4j.train.plot.Plots;
import java.awt.Color;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** loss.png: training loss and held-out loss over tokens. */
public final class LossPlot {
    static final String FILE = "loss.png";

    private LossPlot() {}

    /**
     * Draws the lines of a metrics log into {@code folder}; nothing is drawn from fewer than two steps.
     *
     * @throws UncheckedIOException when writing fails
     */
    public static void write(String title, List<JsonNode> metrics, Path folder) {
        List<Double> tokens = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        List<Double> evaluatedAt = new ArrayList<>();
        List<Double> validation = new ArrayList<>();
        double smoothed = 0;
        for (JsonNode line : metrics) {
            double millions = line.path("tokens").asDouble() / 1e6;
            if (line.has("loss")) {
                double loss = line.path("loss").asDouble();
                // The first tenth of the weight goes to new steps, once there are ten.
                double weight = Math.max(0.1, 1.0 / (losses.size() + 1));
                smoothed += weight * (loss - smoothed);
                tokens.add(millions);
                losses.add(smoothed);
            } else if (line.has("validation_loss")) {
                evaluatedAt.add(millions);
                validation.add(line.path("validation_loss").asDouble());
            }
        }
        if (losses.size() < 2) {
            return;
        }
        XYChart chart = new XYChartBuilder()
                .width(960)
                .height(540)
                .title(title)
                .xAxisTitle("million tokens")
                .yAxisTitle("nats per token")
                .build();
        chart.getStyler()
                .setLegendPosition(Styler.LegendPosition.InsideNE)
                .setChartBackgroundColor(Color.WHITE)
                .setDecimalPattern("0.##")
                .setPlotBorderVisible(false);
        chart.getStyler().setXAxisMin(0.0);
        chart.addSeries("training, smoothed", tokens, losses).setMarker(SeriesMarkers.NONE);
        if (!validation.isEmpty()) {
            chart.addSeries("held out", evaluatedAt, validation).setMarker(SeriesMarkers.CIRCLE);
        }
        Plots.write(chart, folder.resolve(FILE));
    }
}
