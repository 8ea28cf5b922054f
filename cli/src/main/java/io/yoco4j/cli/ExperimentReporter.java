package io.yoco4j.cli;

import io.yoco4j.experiment.ExperimentListener;
import io.yoco4j.experiment.JobResult;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Shows an experiment's run in lines, a few per minute at most. */
class ExperimentReporter implements ExperimentListener {
    private static final long LINE_NANOS = 30_000_000_000L;

    private final PrintWriter out;
    private final Map<String, JobStep> running = new TreeMap<>();
    private long lastLine = System.nanoTime();

    ExperimentReporter(PrintWriter out) {
        this.out = out;
    }

    @Override
    public synchronized void started(Overall overall) {
        say(overall.jobs() + " jobs, " + overall.finished() + " of them done before");
    }

    @Override
    public synchronized void note(String sentence) {
        say(sentence);
    }

    @Override
    public synchronized void step(JobStep step, Overall overall) {
        running.put(step.job(), step);
        long now = System.nanoTime();
        if (step.step() > 1 && now - lastLine < LINE_NANOS) {
            return;
        }
        lastLine = now;
        running.values()
                .forEach(s -> say(String.format(
                        Locale.ROOT,
                        "%s: step %,d of %,d, loss %.3f, %,.0f tokens/s",
                        s.job(),
                        s.step(),
                        s.steps(),
                        s.loss(),
                        s.tokensPerSecond())));
        say(line(overall));
    }

    @Override
    public synchronized void evaluating(String job) {
        running.remove(job);
        say(job + ": trained, now measured");
    }

    @Override
    public synchronized void finished(JobResult result, Overall overall) {
        running.remove(result.job());
        say(result.job() + ": "
                + (result.succeeded()
                        ? result.figures()
                                + String.format(
                                        Locale.ROOT, ", measured in %s", Units.duration(result.evaluationSeconds()))
                        : result.failure()));
        say(line(overall));
    }

    @Override
    public synchronized void failed(String job, String reason, Overall overall) {
        running.remove(job);
        say(job + " failed: " + reason);
    }

    static String line(Overall overall) {
        return String.format(
                Locale.ROOT,
                "%d of %d jobs done, %.0f%% of the work%s",
                overall.finished(),
                overall.jobs(),
                100 * overall.share(),
                overall.finished() == overall.jobs() || Double.isNaN(overall.secondsLeft())
                        ? ""
                        : ", about " + Units.duration(overall.secondsLeft()) + " left");
    }

    private void say(String line) {
        out.println(line);
        out.flush();
    }
}
