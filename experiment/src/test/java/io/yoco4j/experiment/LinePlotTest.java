package io.yoco4j.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.knowm.xchart.XYChart;

class LinePlotTest {
    @Test
    void tokensComeInAUnitThatFitsThemAndFromZero() {
        LinePlot plot = LinePlot.overTokens("Loss", "bits per byte");
        plot.add("without any", new TreeMap<>());
        plot.add("yoco", new TreeMap<>(Map.of(4096L, 3.0, 8192L, 2.5)));
        plot.add("yoco-u", new TreeMap<>(Map.of(4096L, 2.9, 16384L, 2.1)));
        XYChart chart = plot.chart();
        assertThat(chart.getXAxisTitle()).isEqualTo("thousand tokens");
        assertThat(chart.getStyler().getXAxisMin()).isZero();
        assertThat(chart.getStyler().getXAxisMax()).isGreaterThan(16.384).isLessThan(18);
        assertThat(chart.getSeriesCollection()).hasSize(2);
        assertThat(chart.getSeries("yoco-u").getXData()).containsExactly(4.096, 16.384);
    }

    @Test
    void otherNumbersAreLeftAsTheyAre() {
        LinePlot plot = LinePlot.over("loops", "Quality", "bits per byte");
        plot.add("yoco-u", new TreeMap<>(Map.of(1L, 3.0, 2L, 2.5, 3L, 2.4)));
        XYChart chart = plot.chart();
        assertThat(chart.getXAxisTitle()).isEqualTo("loops");
        assertThat(chart.getSeries("yoco-u").getXData()).containsExactly(1, 2, 3);
    }
}
