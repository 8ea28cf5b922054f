package io.yoco4j.engine.exec;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.engine.kernel.Kernels;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StepSizeTest {
    /** Products pack rows by whole panels, which must not be more floats than an array has. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4096, 32_768, 65_537, 1 << 24})
    void rowsFitAnArrayPackedOrNot(int width) {
        long rows = StageExecutor.maxTokens(width);
        long packed = (rows + Kernels.PANEL - 1) / Kernels.PANEL * Kernels.PANEL * width;
        assertThat(packed).isLessThanOrEqualTo(Integer.MAX_VALUE - 8);
        assertThat(rows).isPositive();
    }
}
