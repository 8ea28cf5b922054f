package io.yoco4j.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AllocationMeterTest {
    private long[] kept = {};

    private long median(int steps, int size) {
        AllocationMeter meter = new AllocationMeter(steps);
        for (int i = 0; i < steps; i++) {
            meter.stepBegins();
            // The first makes room; some others need more now and then.
            kept = new long[i == 0 || i % 5 == 0 ? 1 << 20 : size];
            meter.stepEnds();
        }
        assertThat(kept).isNotEmpty();
        return meter.median();
    }

    @Test
    void whatTheUsualStepAllocates() {
        assertThat(median(40, 100_000)).isBetween(800_000L, 900_000L);
        assertThat(median(40, 1)).isBetween(16L, 4_000L);
    }

    @Test
    void fewStepsSayNothing() {
        assertThat(median(15, 100_000)).isZero();
    }
}
