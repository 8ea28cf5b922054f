package io.yoco4j.cli;

import io.yoco4j.engine.bench.BenchmarkListener;
import java.io.PrintWriter;
import java.util.Locale;

/** A line every few seconds while a benchmark runs. */
final class BenchProgress implements BenchmarkListener {
    private static final long LINE_NANOS = 5_000_000_000L;

    private final PrintWriter out;
    private final int repeat;
    private final long start = System.nanoTime();
    private long lastLine = start;

    BenchProgress(PrintWriter out, int repeat) {
        this.out = out;
        this.repeat = repeat;
    }

    @Override
    public void measuring(Step step) {
        long now = System.nanoTime();
        if (now - lastLine < LINE_NANOS) {
            return;
        }
        lastLine = now;
        double seconds = (now - start) / 1e9;
        out.printf(
                Locale.ROOT,
                "%.0f%% done, %sat %s: %s %s, repeat %d of %d%n",
                100 * step.done(),
                step.done() > 0 ? Units.duration(seconds / step.done() - seconds) + " left, " : "",
                Units.shortContext(step.context()),
                step.system(),
                step.size(),
                step.repeat(),
                repeat);
        out.flush();
    }
}
