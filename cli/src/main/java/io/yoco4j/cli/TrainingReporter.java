package io.yoco4j.cli;

import io.yoco4j.train.TrainingListener;
import io.yoco4j.train.TrainingOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** Shows a run: a progress bar on a terminal, else plain lines, a few per minute at most. */
final class TrainingReporter implements TrainingListener, AutoCloseable {
    private static final long LINE_NANOS = 5_000_000_000L;
    private static final int BAR_STEPS = 1000;

    private final PrintWriter out;
    private final boolean terminal;
    private @Nullable ProgressBar bar;
    private long lastLine = System.nanoTime() - LINE_NANOS;

    /** @param terminal whether lines may be overwritten */
    TrainingReporter(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** Whether a person watches this process's output. */
    static boolean onTerminal() {
        return System.console() != null && System.console().isTerminal();
    }

    @Override
    public void started(TrainingOptions o, long parameters, double peakFlops, Optional<Long> resumedAt) {
        resumedAt.ifPresent(step -> say("resuming after step " + step));
        say(String.format(
                Locale.ROOT,
                "training %s parameters in %s, %,d tokens per step; this machine multiplies matrices at %.0f GFLOP/s",
                Units.count(parameters),
                o.bf16() ? "bf16" : "float32",
                o.tokensPerStep(),
                peakFlops / 1e9));
        if (terminal) {
            bar = new ProgressBarBuilder()
                    .setInitialMax(BAR_STEPS)
                    .setTaskName("training")
                    .setStyle(ProgressBarStyle.ASCII)
                    .hideEta()
                    .setUpdateIntervalMillis(250)
                    .build();
        }
    }

    @Override
    public void step(Step s) {
        String line = line(s);
        if (bar != null) {
            bar.stepTo(Math.round(s.progress() * BAR_STEPS));
            bar.setExtraMessage(" " + line);
            return;
        }
        long now = System.nanoTime();
        if (s.step() <= 3 || now - lastLine >= LINE_NANOS || s.progress() >= 1) {
            lastLine = now;
            say(line);
        }
    }

    private static String line(Step s) {
        return String.format(
                Locale.ROOT,
                "step %d, loss %.3f, lr %.2e%s, %,.0f tokens/s, %.0f%% of peak, %s left",
                s.step(),
                s.loss(),
                s.learningRate(),
                s.loops() == 0 ? "" : ", T " + s.loops(),
                s.tokensPerSecond(),
                100 * s.peakShare(),
                Units.duration(s.secondsLeft()));
    }

    @Override
    public void evaluated(Evaluation e) {
        say(String.format(
                Locale.ROOT,
                "step %d, held out: loss %.3f, %s, after %,d tokens",
                e.step(),
                e.loss(),
                Double.isNaN(e.bitsPerByte())
                        ? String.format(Locale.ROOT, "%.1f%% right", 100 * e.accuracy())
                        : String.format(Locale.ROOT, "%.3f bits per byte", e.bitsPerByte()),
                e.tokens()));
    }

    @Override
    public void sampled(Sample s) {
        say("step " + s.step() + ", sample: " + s.prompt() + "|" + s.continuation());
    }

    @Override
    public void saved(long step, Path folder) {
        if (bar == null) {
            say("step " + step + ", saved to " + folder);
        }
    }

    private void say(String line) {
        if (bar != null) {
            // The bar owns the last line of the terminal: clear it, and it is drawn again below.
            out.print("\r\u001b[2K");
        }
        out.println(line);
        out.flush();
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
