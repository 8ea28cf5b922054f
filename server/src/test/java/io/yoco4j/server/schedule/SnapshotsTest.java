package io.yoco4j.server.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SnapshotsTest {
    @Test
    void atMultiplesAndBeforeTheLastToken() {
        assertThat(Snapshots.places(1000, 0, 0, 400)).containsExactly(400, 800, 999);
        assertThat(Snapshots.places(1000, 400, 400, 400)).containsExactly(800, 999);
    }

    @Test
    void wherePromptsPartWays() {
        assertThat(Snapshots.places(1000, 400, 650, 400)).containsExactly(650, 800, 999);
    }

    @Test
    void notForAFewTokens() {
        assertThat(Snapshots.places(32, 0, 0, 400)).isEmpty();
        assertThat(Snapshots.places(33, 0, 0, 400)).containsExactly(32);
        assertThat(Snapshots.places(1000, 990, 995, 400)).isEmpty();
    }

    @Test
    void nowhereWhenTurnedOff() {
        assertThat(Snapshots.places(1000, 0, 500, 0)).isEmpty();
    }
}
