package io.yoco4j.engine.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class AngularDistanceTest {
    private static double distance(float ax, float ay, float bx, float by) {
        return AngularDistance.of(new float[] {9, ax, ay}, 1, new float[] {9, 9, bx, by, 9}, 2, 2);
    }

    @Test
    void isAShareOfHalfATurn() {
        assertThat(distance(3, 4, 3, 4)).isZero();
        assertThat(distance(3, 4, 30, 40)).isCloseTo(0, within(1e-8));
        assertThat(distance(1, 0, 2, 2)).isCloseTo(0.25, within(1e-15));
        assertThat(distance(1, 0, 0, 5)).isCloseTo(0.5, within(1e-15));
        assertThat(distance(1, 0, -1, 1)).isCloseTo(0.75, within(1e-15));
        assertThat(distance(1, 0, -7, 0)).isEqualTo(1);
    }

    /** A float32 cosine of this angle is 1. */
    @Test
    void tellsSmallAnglesApart() {
        assertThat(distance(1, 0, 1, 1e-4f)).isCloseTo(1e-4 / Math.PI, within(1e-11));
        assertThat(distance(1, 0, 1, 2e-4f)).isCloseTo(2e-4 / Math.PI, within(1e-11));
    }

    @Test
    void isNotANumberWhereThereIsNoDirection() {
        assertThat(distance(0, 0, 1, 1)).isNaN();
        assertThat(distance(1, Float.NaN, 1, 1)).isNaN();
        assertThat(distance(Float.POSITIVE_INFINITY, 1, 1, 1)).isNaN();
    }
}
