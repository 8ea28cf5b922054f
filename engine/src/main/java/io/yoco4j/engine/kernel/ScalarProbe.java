package io.yoco4j.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Plain loops: the limit of {@link ScalarKernels}. */
final class ScalarProbe implements Probe {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    @Override
    public int lanes() {
        return 1;
    }

    // Not Math.fma: where the processor has none, it is emulated.
    @Override
    public float multiplyAdds(int rounds) {
        float s0 = 0;
        float s1 = 1;
        float s2 = 2;
        float s3 = 3;
        float s4 = 4;
        float s5 = 5;
        float s6 = 6;
        float s7 = 7;
        float s8 = 8;
        float s9 = 9;
        float s10 = 10;
        float s11 = 11;
        for (int r = 0; r < rounds; r++) {
            s0 = s0 * 0.5f + 0.5f;
            s1 = s1 * 0.5f + 0.5f;
            s2 = s2 * 0.5f + 0.5f;
            s3 = s3 * 0.5f + 0.5f;
            s4 = s4 * 0.5f + 0.5f;
            s5 = s5 * 0.5f + 0.5f;
            s6 = s6 * 0.5f + 0.5f;
            s7 = s7 * 0.5f + 0.5f;
            s8 = s8 * 0.5f + 0.5f;
            s9 = s9 * 0.5f + 0.5f;
            s10 = s10 * 0.5f + 0.5f;
            s11 = s11 * 0.5f + 0.5f;
        }
        return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11;
    }

    @Override
    public long sum(MemorySegment data, long offset, int bytes) {
        long s0 = 0;
        long s1 = 0;
        long s2 = 0;
        long s3 = 0;
        int i = 0;
        for (; i <= bytes - 32; i += 32) {
            s0 += data.get(LONG, offset + i);
            s1 += data.get(LONG, offset + i + 8);
            s2 += data.get(LONG, offset + i + 16);
            s3 += data.get(LONG, offset + i + 24);
        }
        for (; i < bytes; i += 8) {
            s0 += data.get(LONG, offset + i);
        }
        return s0 + s1 + s2 + s3;
    }
}
