package io.yoco4j.benchmarks;

import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.kernel.KernelSelection;
import io.yoco4j.engine.kernel.MachineLimits;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;

/** Results of JMH as a table, a kernel per row. */
final class KernelReport {
    private final Map<String, Row> rows = new TreeMap<>();

    /** What a kernel does per call and the nanoseconds that it takes; NaN where it has not run. */
    private record Row(double flops, double bytes, double scalar, double vector) {}

    KernelReport(Collection<RunResult> results) {
        for (RunResult result : results) {
            BenchmarkParams params = result.getParams();
            double nanos = result.getPrimaryResult().getScore();
            boolean scalar = params.getParam("selection").equals(KernelSelection.SCALAR.name());
            rows.merge(
                    name(params),
                    row(params, scalar ? nanos : Double.NaN, scalar ? Double.NaN : nanos),
                    (a, b) -> scalar
                            ? new Row(a.flops, a.bytes, b.scalar, a.vector)
                            : new Row(a.flops, a.bytes, a.scalar, b.vector));
        }
    }

    private static String name(BenchmarkParams params) {
        String method = params.getBenchmark();
        String name = method.substring(method.lastIndexOf('.', method.lastIndexOf('.') - 1) + 1);
        String format = params.getParam("format");
        return format == null ? name : name + " " + format;
    }

    private static Row row(BenchmarkParams params, double scalar, double vector) {
        String benchmark = params.getBenchmark();
        int dot = benchmark.lastIndexOf('.');
        Work work;
        try {
            work = Class.forName(benchmark.substring(0, dot))
                    .getMethod(benchmark.substring(dot + 1))
                    .getAnnotation(Work.class);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(benchmark + " has run, but is not there", e);
        }
        if (work == null) {
            throw new IllegalStateException(benchmark + " does not say what work it does: annotate it");
        }
        double bytes = work.bytes();
        if (work.weights() > 0) {
            int inputs = WeightBenchmark.INPUTS;
            bytes += work.weights()
                    * (double) WeightFormat.valueOf(params.getParam("format")).rowBytes(inputs)
                    / inputs;
        }
        return new Row(work.flops(), bytes, scalar, vector);
    }

    /** In Markdown. */
    String table(MachineLimits limits) {
        StringBuilder out = new StringBuilder(String.format(
                Locale.ROOT,
                "%nOne thread: %.0f GFLOP/s in registers, %.1f GB/s from memory. What a cache holds is read faster than that.%n%n"
                        + "| kernel | scalar, ns | vector, ns | times | GFLOP/s | of limit | GB/s | of limit |%n"
                        + "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |%n",
                limits.flops() / 1e9,
                limits.bytesPerSecond() / 1e9));
        rows.forEach((name, r) -> out.append(String.format(
                Locale.ROOT,
                "| %s | %s | %s | %s | %s | %s |%n",
                name,
                number(r.scalar, "%.1f"),
                number(r.vector, "%.1f"),
                number(r.scalar / r.vector, "%.1f"),
                share(r.flops / r.vector, limits.flops() / 1e9),
                share(r.bytes / r.vector, limits.bytesPerSecond() / 1e9))));
        return out.toString();
    }

    private static String share(double rate, double limit) {
        return rate > 0 ? String.format(Locale.ROOT, "%.1f | %.0f%%", rate, 100 * rate / limit) : "- | -";
    }

    private static String number(double value, String format) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
    }
}
