package io.yoco4j.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProbeTest {

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR"})
    void countsWhatItComputes(KernelSelection kernels) {
        Probe probe = Probe.of(kernels.kernels());
        assertThat(probe.multiplyAdds(0)).isEqualTo(66f * probe.lanes());
        assertThat(probe.multiplyAdds(1)).isEqualTo(39f * probe.lanes());
        assertThat(probe.multiplyAdds(1000)).isEqualTo((float) Probe.SUMS * probe.lanes());
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR"})
    void readsEveryByteOnce(KernelSelection kernels) {
        Probe probe = Probe.of(kernels.kernels());
        SplittableRandom random = new SplittableRandom(1);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(2048, 8);
            for (int bytes : new int[] {0, 8, 24, 256, 264, 1000, 2040}) {
                long expected = 0;
                for (int i = 0; i < 2048; i += 8) {
                    long value = random.nextLong();
                    data.set(ValueLayout.JAVA_LONG, i, value);
                    expected += i >= 8 && i < 8 + bytes ? value : 0;
                }
                assertThat(probe.sum(data, 8, bytes)).as("%d bytes", bytes).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR"})
    void measuresOnAllThreads(KernelSelection kernels) {
        try (MachineProbe probe = new MachineProbe(kernels.kernels(), 2, 5 << 20)) {
            MachineLimits limits = probe.measure();
            assertThat(limits.flops()).isPositive().isFinite();
            assertThat(limits.bytesPerSecond()).isPositive().isFinite();
            assertThat(limits.max(new MachineLimits(Double.MAX_VALUE, 0)))
                    .isEqualTo(new MachineLimits(Double.MAX_VALUE, limits.bytesPerSecond()));
        }
    }
}
