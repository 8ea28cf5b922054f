package io.yoco4j.cli;

import io.yoco4j.core.report.Table;
import io.yoco4j.engine.bench.BenchmarkOptions;
import io.yoco4j.engine.bench.BenchmarkPoint;
import io.yoco4j.engine.bench.BenchmarkResult;
import io.yoco4j.engine.bench.Spread;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/** Results of a benchmark as people and machines read them. */
final class BenchReport {
    private final BenchmarkOptions options;

    BenchReport(BenchmarkOptions options) {
        this.options = options;
    }

    /** A point's system, and of its size and formats what differs between points. */
    String label(BenchmarkPoint p) {
        StringJoiner label = new StringJoiner(", ").add(p.system());
        if (options.sizes().size() > 1) {
            label.add(p.size());
        }
        if (options.weights().size() > 1) {
            label.add(lower(p.weights()));
        }
        if (options.kv().size() > 1) {
            label.add("KV " + lower(p.kv()));
        }
        return label.toString();
    }

    /** What all points have in common. */
    String common() {
        StringJoiner common = new StringJoiner(", ");
        if (options.sizes().size() == 1) {
            common.add("size " + options.sizes().getFirst());
        }
        if (options.weights().size() == 1) {
            common.add(lower(options.weights().getFirst()) + " weights");
        }
        if (options.kv().size() == 1) {
            common.add(lower(options.kv().getFirst()) + " KV");
        }
        if (options.prepack()) {
            common.add("prepacked");
        }
        options.loops().ifPresent(t -> common.add("T = " + t));
        if (options.fullPrefill()) {
            common.add("logits of every token");
        }
        return common.add(options.threads() + (options.threads() == 1 ? " thread" : " threads"))
                .toString();
    }

    String table(BenchmarkResult result) {
        Table table = new Table(
                "system",
                "context",
                "batch",
                "prefill, tokens/s",
                "of FLOP/s",
                "first token",
                "decode, tokens/s",
                "of bytes/s",
                "KV");
        for (BenchmarkPoint p : result.points()) {
            table.row(
                    label(p),
                    Units.shortContext(p.context()),
                    "" + p.batch(),
                    cell(p.prefill()),
                    p.flopsShare().isPresent() ? share(p.flopsShare().getAsDouble()) : "–",
                    seconds(p.firstToken().median()),
                    cell(p.decode()),
                    share(p.bandwidthShare()),
                    Units.bytes(p.kvBytes()));
        }
        return table.toString();
    }

    /** A sentence for each point that says less of the engine than of what the JVM made of it. */
    List<String> warnings(BenchmarkResult result) {
        return result.points().stream()
                .filter(BenchmarkPoint::slowedByAllocation)
                .map(p -> label(p) + " at " + Units.shortContext(p.context()) + ", batch " + p.batch()
                        + ", allocates " + Units.bytes(p.decodeAllocatedBytes())
                        + " per step of decoding, as kernels do that the JVM has not compiled, or badly: its figure is too"
                        + " low, so run it again, with more --generate where that is below 100")
                .toList();
    }

    private String cell(Spread s) {
        return options.repeat() == 1
                ? number(s.median())
                : number(s.median()) + " (" + number(s.min()) + ".." + number(s.max()) + ")";
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value >= 100 ? "%,.0f" : value >= 10 ? "%.1f" : "%.2f", value);
    }

    private static String seconds(double value) {
        return value < 1 ? number(1000 * value) + " ms" : number(value) + " s";
    }

    private static String share(double share) {
        return String.format(Locale.ROOT, "%.0f%%", 100 * share);
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** A point's line of JSON. */
    Map<String, Object> line(BenchmarkPoint p) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("system", p.system());
        line.put("size", p.size());
        line.put("weights", lower(p.weights()));
        line.put("kv", lower(p.kv()));
        line.put("context", p.context());
        line.put("batch", p.batch());
        line.put("threads", p.threads());
        line.put("prefill_tps", p.prefill().median());
        line.put("prefill_tps_min", p.prefill().min());
        line.put("prefill_tps_max", p.prefill().max());
        line.put("decode_tps", p.decode().median());
        line.put("decode_tps_min", p.decode().min());
        line.put("decode_tps_max", p.decode().max());
        line.put("ttft_s", p.firstToken().median());
        line.put("ttft_s_min", p.firstToken().min());
        line.put("ttft_s_max", p.firstToken().max());
        line.put("kv_bytes", p.kvBytes());
        line.put("kv_bytes_predicted", p.kvBytesPredicted());
        line.put("kv_bytes_allocated", p.kvBytesAllocated());
        p.flopsShare().ifPresent(share -> line.put("flops_share", share));
        line.put("bandwidth_share", p.bandwidthShare());
        line.put("decode_allocated_bytes", p.decodeAllocatedBytes());
        line.put("peak_gflops", p.limits().flops() / 1e9);
        line.put("peak_gbytes_per_second", p.limits().bytesPerSecond() / 1e9);
        return line;
    }

    /** The run's last line: the machine, its limits, how it was measured. */
    Map<String, Object> summary(BenchmarkResult result, List<String> arguments) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("summary", "yoco bench");
        line.put("points", result.points().size());
        line.put("threads", options.threads());
        line.put("generate", options.generate());
        line.put("repeat", options.repeat());
        line.put("full_prefill", options.fullPrefill());
        line.put("prepack", options.prepack());
        options.loops().ifPresent(t -> line.put("loops", t));
        line.put("peak_gflops", result.limits().flops() / 1e9);
        line.put("peak_gbytes_per_second", result.limits().bytesPerSecond() / 1e9);
        line.put("kernels", result.kernels());
        line.putAll(VersionCommand.machine());
        List<String> command = new ArrayList<>(List.of("yoco"));
        command.addAll(arguments);
        line.put("command", String.join(" ", command));
        return line;
    }
}
