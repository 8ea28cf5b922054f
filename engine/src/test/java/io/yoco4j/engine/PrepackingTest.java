package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.kernel.Weight;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What copies of weights need, before any is made; {@code ProductSelectionTest} has who makes them. */
class PrepackingTest {
    private static final long GIB = 1L << 30;
    /** 2 GiB as bfloat16, with nothing behind it. */
    private static final Weight W =
            new Weight(WeightFormat.Q8, MemorySegment.NULL, MemorySegment.NULL, 1 << 20, 1 << 10);

    @Test
    void refusesCopiesThatDoNotFitBesideTheHeap() {
        assertThatCode(() -> Prepacking.requireRoom(List.of(W, W), 16 * GIB, 12 * GIB))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> Prepacking.requireRoom(List.of(W, W, W), 16 * GIB, 12 * GIB))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(
                        "prepacked weights need 6.0 GiB, but beside a heap of up to 12.0 the machine's 16.0 GiB leave"
                                + " 4.0: leave prepack out, or give the JVM less (-Xmx; for the command, in YOCO_JAVA_OPTIONS)");
        assertThatThrownBy(() -> Prepacking.requireRoom(List.of(W), 16 * GIB, 17 * GIB))
                .hasMessageContaining("leave 0.0");
    }
}
