package io.yoco4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import io.yoco4j.train.plot.Plots;
import io.yoco4j.train.plot.TokenAxis;
import java.awt.Color;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
        chart(title, metrics).ifPresent(chart -> Plots.write(chart, folder.resolve(FILE)));
    }

    /** The chart; empty where there are fewer than two steps. */
    static Optional<XYChart> chart(String title, List<JsonNode> metrics) {
        List<Long> tokens = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        List<Long> evaluatedAt = new ArrayList<>();
        List<Double> validation = new ArrayList<>();
        double smoothed = 0;
        for (JsonNode line : metrics) {
            long after = line.path("tokens").asLong();
            if (line.has("loss")) {
                double loss = line.path("loss").asDouble();
                // The first tenth of the weight goes to new steps, once there are ten.
                double weight = Math.max(0.1, 1.0 / (losses.size() + 1));
                smoothed += weight * (loss - smoothed);
                tokens.add(after);
                losses.add(smoothed);
            } else if (line.has("validation_loss")) {
                evaluatedAt.add(after);
                validation.add(line.path("validation_loss").asDouble());
            }
        }
        if (losses.size() < 2) {
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
        TokenAxis axis = TokenAxis.of(tokens);
        axis.applyTo(chart);
        chart.addSeries("training, smoothed", places(axis, tokens), losses).setMarker(SeriesMarkers.NONE);
        if (!validation.isEmpty()) {
            chart.addSeries("held out", places(axis, evaluatedAt), validation).setMarker(SeriesMarkers.CIRCLE);
        }
        return Optional.of(chart);
    }

    private static List<Double> places(TokenAxis axis, List<Long> tokens) {
        return tokens.stream().map(axis::at).toList();
    }
}
