package io.yoco4j.server.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ChunkSizeTest {
    private final ChunkSize chunk = new ChunkSize(512, 3);

    @Test
    void takesAllWhereNobodyWaits() {
        assertThat(chunk.budget(0, 1)).isEqualTo(512);
    }

    @Test
    void firstFindsOutWhatAStepTakesWithout() {
        assertThat(chunk.budget(2, 1)).isZero();
        chunk.ran(2, 0, 0.010);
        // What a token of a prompt takes is not known yet.
        assertThat(chunk.budget(2, 1)).isEqualTo(8);
        chunk.ran(2, 8, 0.014);
        // 0.5 ms a token: 20 ms more than 10 are 40 tokens.
        assertThat(chunk.budget(2, 1)).isEqualTo(40);
    }

    @Test
    void goesByTheNearestNumberOfRows() {
        chunk.ran(2, 0, 0.010);
        chunk.ran(8, 0, 0.030);
        chunk.ran(2, 10, 0.015);
        assertThat(chunk.budget(3, 1)).isEqualTo(40);
        assertThat(chunk.budget(7, 1)).isEqualTo(120);
        assertThat(chunk.budget(100, 1)).isEqualTo(120);
    }

    @Test
    void keepsWithinBounds() {
        chunk.ran(1, 0, 1);
        chunk.ran(1, 100, 1.0001);
        assertThat(chunk.budget(1, 1)).isEqualTo(512);
        ChunkSize slow = new ChunkSize(512, 3);
        slow.ran(1, 0, 0.001);
        slow.ran(1, 8, 10);
        assertThat(slow.budget(1, 1)).isEqualTo(8);
        assertThat(new ChunkSize(4, 3).budget(0, 1)).isEqualTo(4);
    }

    @Test
    void looksAgainNowAndThen() {
        chunk.ran(1, 0, 0.010);
        int steps = 0;
        for (int tokens = chunk.budget(1, 1); tokens > 0; tokens = chunk.budget(1, 1)) {
            chunk.ran(1, tokens, 0.020);
            steps++;
        }
        assertThat(steps).isEqualTo(64);
        chunk.ran(1, 0, 0.010);
        assertThat(chunk.budget(1, 1)).isPositive();
    }

    /** Steps of 10 ms without prompts and 1 ms for each of their tokens, in seconds. */
    private double step(int rows, int tokens) {
        double seconds = 0.010 + 0.001 * tokens;
        chunk.ran(rows, tokens, seconds);
        return seconds;
    }

    @Test
    void aStepThatWaitedForSomethingElseDoesNotMakeOthersLong() {
        for (int i = 0; i < 20; i++) {
            step(4, 0);
        }
        step(4, 8);
        chunk.ran(4, 0, 2.5);
        for (int i = 0; i < 10; i++) {
            assertThat(step(4, chunk.budget(4, 1))).isLessThan(0.045);
        }
        chunk.ran(4, 20, 2.5);
        for (int i = 0; i < 30; i++) {
            step(4, chunk.budget(4, 1));
        }
        // 20 would be right; the 2 ms that were added to 10 stay until the next step without prompts.
        assertThat(chunk.budget(4, 1)).isBetween(15, 27);
    }

    @Test
    void aFirstStepThatWasSlowIsSoonForgotten() {
        chunk.ran(4, 0, 2.5);
        step(4, 8);
        for (int i = 0; i < 12; i++) {
            step(4, 0);
        }
        for (int i = 0; i < 20; i++) {
            step(4, chunk.budget(4, 1));
        }
        assertThat(chunk.budget(4, 1)).isBetween(15, 25);
    }

    @Test
    void takesWhatIsWorthAStepWhereMoreWaitForTheirFirstTokenThanForTheirNext() {
        step(2, 0);
        step(2, 8);
        assertThat(chunk.budget(2, 2)).isBetween(19, 20);
        assertThat(chunk.budget(2, 3)).isEqualTo(128);
        assertThat(chunk.budget(0, 3)).isEqualTo(512);
        ChunkSize small = new ChunkSize(16, 3);
        small.ran(1, 0, 0.010);
        small.ran(1, 8, 0.018);
        assertThat(small.budget(1, 5)).isEqualTo(16);
        // Steps that show what they take without still come.
        assertThat(new ChunkSize(512, 3).budget(1, 5)).isZero();
    }
}
