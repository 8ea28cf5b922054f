package io.yoco4j.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    @Test
    void deviationIsThatOfASample() {
        double[] values = {1, 2, 3, 4};
        assertThat(Statistics.mean(values)).isEqualTo(2.5);
        assertThat(Statistics.standardDeviation(values)).isCloseTo(Math.sqrt(5.0 / 3), within(1e-12));
        assertThat(Statistics.standardDeviation(new double[] {7})).isNaN();
    }

    /** Differences 1, 2, 3: t = 2 / (1 / sqrt 3) = sqrt 12; with 2 degrees of freedom p = 1 - t / sqrt(t^2 + 2). */
    @Test
    void pIsTheTextbooks() {
        double p = Statistics.pairedP(new double[] {2, 4, 6}, new double[] {1, 2, 3});
        assertThat(p).isCloseTo(1 - Math.sqrt(12.0 / 14), within(1e-9));
        assertThat(Statistics.pairedP(new double[] {1, 2, 3}, new double[] {2, 4, 6}))
                .as("two-sided")
                .isCloseTo(p, within(1e-12));
    }

    @Test
    void tooFewOrEqualPairs() {
        assertThat(Statistics.pairedP(new double[] {1}, new double[] {2})).isNaN();
        assertThat(Statistics.pairedP(new double[] {1, 2}, new double[] {1, 2})).isEqualTo(1);
    }

    @Test
    void tokensToReachLieBetweenEvaluations() {
        SortedMap<Long, Double> curve = new TreeMap<>(Map.of(100L, 3.0, 200L, 2.0, 300L, 1.8));
        assertThat(Summary.tokensToReach(curve, 2.5)).contains(150.0);
        assertThat(Summary.tokensToReach(curve, 1.9))
                .hasValueSatisfying(t -> assertThat(t).isCloseTo(250, within(1e-9)));
        assertThat(Summary.tokensToReach(curve, 5)).contains(100.0);
        assertThat(Summary.tokensToReach(curve, 1)).isEmpty();
    }
}
