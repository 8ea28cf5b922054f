package io.yoco4j.train.plot;

import io.yoco4j.core.checkpoint.AtomicFiles;
import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;

/** What all plots have in common: colours, fonts, and that a file appears whole or not at all. */
public final class Plots {
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

    private Plots() {}

    /** How many colours there are. */
    public static int colors() {
        return COLORS.length;
    }

    /** Colours that can be told apart, over again after {@link #colors}. */
    public static Color color(int i) {
        return COLORS[i % COLORS.length];
    }

    /** Fonts, grid and a legend outside. */
    public static void style(XYStyler style) {
        style.setChartBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false)
                .setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 16))
                .setLegendPosition(Styler.LegendPosition.OutsideE)
                .setLegendBorderColor(Color.WHITE)
                .setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13))
                .setLegendSeriesLineLength(36);
        style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
        style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        style.setPlotGridLinesColor(new Color(0xe3e3e3));
    }

    /**
     * Writes a PNG, whole or not at all.
     *
     * @throws UncheckedIOException when writing fails
     */
    public static void write(XYChart chart, Path file) {
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
}
