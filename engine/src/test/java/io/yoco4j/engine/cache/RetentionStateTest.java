package io.yoco4j.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import org.junit.jupiter.api.Test;

/** What states take is counted as blocks are, and forks share it. */
class RetentionStateTest {
    private static final Architecture ARCHITECTURE = Presets.architecture("yoco-gret", "nano");
    private static final long BYTES = 4L * ARCHITECTURE.queryDim() * ARCHITECTURE.headDim();

    private final BlockPool pool = new BlockPool(0);
    private final RetentionState state = new RetentionState(ARCHITECTURE, pool);

    @Test
    void takesNothingBeforeTheFirstToken() {
        assertThat(state.allocatedBytes()).isZero();
        assertThat(state.bytesToGrow(0)).isZero();
        assertThat(state.bytesToGrow(7)).isEqualTo(BYTES);
        assertThat(state.read()).containsOnly(0);
        assertThat(pool.usedBytes()).isZero();
        state.reserve(7);
        assertThat(state.bytesToGrow(7)).isZero();
        assertThat(pool.usedBytes()).isEqualTo(BYTES);
    }

    @Test
    void forksShareItUntilOneWrites() {
        state.values()[3] = 5;
        RetentionState fork = state.fork();
        assertThat(pool.usedBytes()).isEqualTo(BYTES);
        assertThat(fork.bytesToGrow(1)).isEqualTo(BYTES);
        fork.values()[3] = 6;
        assertThat(pool.usedBytes()).isEqualTo(2 * BYTES);
        assertThat(state.read()[3]).isEqualTo(5);
        assertThat(state.bytesToGrow(1)).isZero();
        assertThat(fork.fork().read()[3]).isEqualTo(6);
    }

    @Test
    void givesBackWhatNobodyElseHas() {
        state.values()[0] = 1;
        RetentionState fork = state.fork();
        state.release();
        assertThat(state.read()[0]).isZero();
        assertThat(fork.read()[0]).isEqualTo(1);
        assertThat(pool.usedBytes()).isEqualTo(BYTES);
        fork.release();
        assertThat(pool.usedBytes()).isZero();
        fork.release();
        assertThat(pool.usedBytes()).isZero();
    }
}
