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
import org.junit.jupiter.api.Test;

class BenchReportTest {
    private static final MachineLimits LIMITS = new MachineLimits(1e11, 1e10);

    private static BenchmarkPoint point(String system, long allocated) {
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
                0.5,
                0.5,
                allocated,
                LIMITS);
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
