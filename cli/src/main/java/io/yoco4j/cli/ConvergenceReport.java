package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.report.Table;
import io.yoco4j.engine.Convergence;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.TextLoss;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.engine.kernel.ProductSelection;
import io.yoco4j.train.data.Document;
import io.yoco4j.train.data.DocumentSource;
import io.yoco4j.train.data.Sources;
import io.yoco4j.train.plot.Plots;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** How far each layer turns the residual stream of a text, in each iteration: as a table, as JSON and as a plot. */
final class ConvergenceReport {
    private final Path folder;
    private final String text;
    private final long tokens;
    private final List<Convergence.Layer> layers;
    private final List<Convergence.Iteration> iterations;

    private ConvergenceReport(Path folder, String text, Convergence convergence) {
        this.folder = folder;
        this.text = text;
        tokens = convergence.tokens();
        layers = convergence.layers();
        iterations = convergence.iterations();
    }

    /**
     * Runs a model over texts, each on its own.
     *
     * @param text what {@code train --data} takes
     * @throws InvalidInputException when the model has no tokenizer, or there is no text
     */
    static ConvergenceReport measure(Path folder, SessionOptions options, String text) {
        if (!Files.isRegularFile(folder.resolve(Checkpoint.TOKENIZER))) {
            throw new InvalidInputException(folder + " has no " + Checkpoint.TOKENIZER
                    + ", which text needs: put the model's there, or leave --convergence out");
        }
        DocumentSource source = Sources.parse(text).source();
        // Angles of the model, not of a way to multiply.
        EngineOptions exact =
                EngineOptions.builder().products(ProductSelection.JAVA).build();
        try (YocoModel model = YocoModel.open(folder, exact);
                Session session = model.session(options);
                Stream<Document> documents = source.documents()) {
            Convergence convergence = new Convergence(session);
            int window = Math.min(TextLoss.DEFAULT_WINDOW, session.maxPositions());
            documents.forEach(d -> convergence.add(d.text(), window));
            if (convergence.tokens() == 0) {
                throw new InvalidInputException("--convergence " + text + " has no token: give a text");
            }
            return new ConvergenceReport(folder, text, convergence);
        }
    }

    void print(PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%s on %s, %,d tokens: angular distance, arccos(cos(x, y)) / pi, between the outputs of consecutive"
                        + " layers%n%n",
                folder,
                text,
                tokens);
        Table table = new Table("stage", "iteration", "layer", "distance");
        layers.forEach(l -> table.row("" + l.stage(), "" + (l.iteration() + 1), "" + l.layer(), number(l.distance())));
        out.println(table);
        Table means = new Table("stage", "iteration", "mean of layers", "across the iteration");
        iterations.forEach(
                i -> means.row("" + i.stage(), "" + (i.iteration() + 1), number(i.layers()), number(i.across())));
        out.println(means);
        out.println("--exit-threshold is compared with the distance of each token across an iteration.");
    }

    private static String number(double distance) {
        return String.format(Locale.ROOT, "%.5f", distance);
    }

    Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("model", folder.toString());
        facts.put("text", text);
        facts.put("tokens", tokens);
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Convergence.Layer l : layers) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("stage", l.stage());
            row.put("iteration", l.iteration() + 1);
            row.put("layer", l.layer());
            row.put("distance", l.distance());
            rows.add(row);
        }
        facts.put("layers", rows);
        List<Map<String, Object>> means = new ArrayList<>();
        for (Convergence.Iteration i : iterations) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("stage", i.stage());
            row.put("iteration", i.iteration() + 1);
            row.put("layers_mean", i.layers());
            row.put("across", i.across());
            means.add(row);
        }
        facts.put("iterations", means);
        return facts;
    }

    /** Distances over effective depth, a line for each iteration. */
    void plot(Path file) {
        XYChart chart = new XYChartBuilder()
                .width(960)
                .height(540)
                .title("Convergence of " + folder.toAbsolutePath().normalize().getFileName())
                .xAxisTitle("layers applied")
                .yAxisTitle("angular distance to the layer before")
                .build();
        Plots.style(chart.getStyler());
        chart.getStyler().setXAxisDecimalPattern("0").setYAxisDecimalPattern("0.###");
        chart.getStyler().setYAxisMin(0.0);
        int depth = 0;
        for (int i = 0; i < iterations.size(); i++) {
            Convergence.Iteration iteration = iterations.get(i);
            List<Integer> x = new ArrayList<>();
            List<Double> y = new ArrayList<>();
            for (Convergence.Layer l : layers) {
                if (l.stage() == iteration.stage() && l.iteration() == iteration.iteration()) {
                    x.add(++depth);
                    y.add(l.distance());
                }
            }
            XYSeries series =
                    chart.addSeries("stage " + iteration.stage() + ", iteration " + (iteration.iteration() + 1), x, y);
            series.setMarker(SeriesMarkers.CIRCLE).setMarkerColor(Plots.color(i));
            series.setLineColor(Plots.color(i));
        }
        Plots.write(chart, file);
    }
}
