package io.yoco4j.engine.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SpreadTest {

    @Test
    void takesTheMiddleOfWhatIsSorted() {
        double[] values = {5, 1, 4};
        assertThat(Spread.of(values)).isEqualTo(new Spread(4, 1, 5));
        assertThat(values).containsExactly(5, 1, 4);
        assertThat(Spread.of(8, 2, 4, 3)).isEqualTo(new Spread(3.5, 2, 8));
        assertThat(Spread.of(7)).isEqualTo(new Spread(7, 7, 7));
    }
}
