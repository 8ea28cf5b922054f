package io.yoco4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.internal.chartpart.AxesChart;
import org.knowm.xchart.internal.chartpart.AxisPair;

class LossPlotTest {
    private static final JsonMapper MAPPER = new JsonMapper();

    private static LossCurve metrics(int steps, long tokensPerStep) {
        LossCurve lines = new LossCurve();
        for (int i = 1; i <= steps; i++) {
            double loss = 7 / (1 + Math.log(i));
            long tokens = i * tokensPerStep;
            lines.add(MAPPER.createObjectNode().put("tokens", tokens).put("loss", loss));
            if (i % Math.max(1, steps / 5) == 0) {
                lines.add(MAPPER.createObjectNode().put("tokens", tokens).put("validation_loss", loss));
            }
        }
        return lines;
    }

    /** What stands under the x axis; the library tells nobody but its painter. */
    private static List<Double> labels(XYChart chart) throws ReflectiveOperationException {
        BitmapEncoder.getBufferedImage(chart);
        Field axes = AxesChart.class.getDeclaredField("axisPair");
        axes.setAccessible(true);
        AxisPair<?, ?> pair = (AxisPair<?, ?>) axes.get(chart);
        return pair.getXAxis().getAxisTickCalculator().getTickLabels().stream()
                .filter(Objects::nonNull)
                .filter(label -> !label.isBlank())
                .map(Double::valueOf)
                .toList();
    }

    /** Not at multiples of a step's tokens, and not rounded into others. */
    @ParameterizedTest
    @CsvSource({
        "203, 4096, thousand tokens",
        "40, 4096, thousand tokens",
        "20, 4096, thousand tokens",
        "50, 4096, thousand tokens",
        "58, 4096, thousand tokens",
        "3663, 4096, million tokens",
        "245, 4096, million tokens",
        "20000, 8192, million tokens",
        "6, 64, tokens",
        "2, 64, tokens"
    })
    void ticksAreAtEvenNumbers(int steps, long tokensPerStep, String unit) throws ReflectiveOperationException {
        XYChart chart = LossPlot.chart("loss", metrics(steps, tokensPerStep)).orElseThrow();
        assertThat(chart.getXAxisTitle()).isEqualTo(unit);
        List<Double> labels = labels(chart);
        // How many fit depends on the fonts that there are.
        assertThat(labels).hasSizeBetween(3, 30).startsWith(0.0);
        double apart = labels.get(1);
        double leading = apart / Math.pow(10, Math.floor(Math.log10(apart) + 1e-9));
        assertThat(Math.round(leading)).isIn(1L, 2L, 5L);
        assertThat(leading).isCloseTo(Math.round(leading), within(1e-9));
        for (int i = 0; i < labels.size(); i++) {
            assertThat(labels.get(i)).isCloseTo(i * apart, within(1e-9));
        }
    }

    /** However long the run; the curve still begins and ends where it does. */
    @Test
    void longRunsKeepAFewThousandPoints() {
        LossCurve curve = metrics(1_000_000, 64);
        assertThat(curve.training().size()).isBetween(2048, 4096);
        assertThat(curve.training().values()).hasSameSizeAs(curve.training().tokens());
        assertThat(curve.training().tokens()).isSorted().startsWith(256 * 64L);
        assertThat(curve.training().tokens().getLast()).isGreaterThan(64L * (1_000_000 - 256));
        assertThat(curve.heldOut().size()).isEqualTo(5);
    }

    @Test
    void aFileIsThereFromTwoStepsOn(@TempDir Path folder) throws Exception {
        LossPlot.write("loss", metrics(1, 64), folder);
        assertThat(folder.resolve(LossPlot.FILE)).doesNotExist();
        LossPlot.write("loss", metrics(2, 64), folder);
        assertThat(ImageIO.read(folder.resolve(LossPlot.FILE).toFile()).getWidth())
                .isEqualTo(960);
    }
}
