package io.yoco4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.bench.BenchmarkOptions;
import io.yoco4j.engine.bench.BenchmarkPoint;
import io.yoco4j.engine.bench.BenchmarkResult;
import io.yoco4j.engine.bench.Spread;
import io.yoco4j.engine.kernel.MachineLimits;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class BenchReportTest {
    private static final MachineLimits LIMITS = new MachineLimits(1e11, 1e10);

    private static BenchmarkPoint point(String system, long allocated) {
        return point(system, allocated, OptionalDouble.of(0.5));
    }

    private static BenchmarkPoint point(String system, long allocated, OptionalDouble share) {
        Spread spread = Spread.of(10);
        return new BenchmarkPoint(
                system,
                "nano",
                WeightFormat.Q8,
                KvFormat.BF16,
                4096,
                2,
                1,
                spread,
                spread,
                spread,
                100,
                100,
                128,
                share,
                0.5,
                allocated,
                LIMITS);
    }

    /** The limit of products in bfloat16 is not measured, and a share of another one says nothing. */
    @Test
    void tellsNoShareOfALimitThatWasNotMeasured() {
        BenchmarkOptions options = BenchmarkOptions.builder().build();
        BenchReport report = new BenchReport(options);
        BenchmarkPoint point = point("yoco", 0, OptionalDouble.empty());
        assertThat(report.line(point)).doesNotContainKey("flops_share").containsEntry("kv_bytes_allocated", 128L);
        assertThat(report.table(new BenchmarkResult(List.of(point), LIMITS, "test")))
                .contains(" – |");
        assertThat(report.line(point("yoco", 0))).containsEntry("flops_share", 0.5);
    }

    @Test
    void warnsOfFiguresThatTheCompilerSpoiled() {
        BenchReport report = new BenchReport(BenchmarkOptions.builder().build());
        var result = new BenchmarkResult(List.of(point("yoco", 4000), point("yoco-u", 3 << 20)), LIMITS, "vector-512");
        assertThat(report.warnings(result))
                .singleElement()
                .asString()
                .startsWith("yoco-u at 4K, batch 2, allocates 3 MiB per step of decoding")
                .endsWith("run it again, with more --generate where that is below 100");
        assertThat(report.line(result.points().getLast())).containsEntry("decode_allocated_bytes", 3L << 20);
    }
}
