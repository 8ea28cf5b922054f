package io.yoco4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScheduleTest {
    @Test
    void cosineRisesThenFallsToItsEnd() {
        Schedule s = new Schedule(Schedule.Shape.COSINE, 2e-3, 0.1, 0.1);
        assertThat(s.at(0)).isPositive().isLessThan(1e-4);
        assertThat(s.at(0.05)).isCloseTo(1e-3, within(1e-9));
        assertThat(s.at(0.1)).isCloseTo(2e-3, within(1e-9));
        assertThat(s.at(0.55)).isCloseTo(2e-3 * (0.1 + 0.9 / 2), within(1e-9));
        assertThat(s.at(1)).isCloseTo(2e-4, within(1e-9));
    }

    @Test
    void wsdStaysThenFallsOverTheLastFifth() {
        Schedule s = new Schedule(Schedule.Shape.WSD, 1, 0, 0.1);
        assertThat(s.at(0.5)).isEqualTo(1);
        assertThat(s.at(0.8)).isCloseTo(1, within(1e-9));
        assertThat(s.at(0.9)).isCloseTo(0.5, within(1e-9));
        assertThat(s.at(1)).isCloseTo(0, within(1e-9));
    }
}
