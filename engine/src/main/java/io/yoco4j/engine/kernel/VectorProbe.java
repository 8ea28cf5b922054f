package io.yoco4j.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The limit of {@link VectorKernels}, in vectors of the same width. Loaded by name only. */
final class VectorProbe implements Probe {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Long> L = VectorSpecies.of(long.class, F.vectorShape());
    private static final int WIDTH = L.vectorByteSize();
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

    @Override
    public int lanes() {
        return F.length();
    }

    @Override
    public float multiplyAdds(int rounds) {
        FloatVector half = FloatVector.broadcast(F, 0.5f);
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.broadcast(F, 1);
        FloatVector s2 = FloatVector.broadcast(F, 2);
        FloatVector s3 = FloatVector.broadcast(F, 3);
        FloatVector s4 = FloatVector.broadcast(F, 4);
        FloatVector s5 = FloatVector.broadcast(F, 5);
        FloatVector s6 = FloatVector.broadcast(F, 6);
        FloatVector s7 = FloatVector.broadcast(F, 7);
        FloatVector s8 = FloatVector.broadcast(F, 8);
        FloatVector s9 = FloatVector.broadcast(F, 9);
        FloatVector s10 = FloatVector.broadcast(F, 10);
        FloatVector s11 = FloatVector.broadcast(F, 11);
        for (int r = 0; r < rounds; r++) {
            s0 = s0.fma(half, half);
            s1 = s1.fma(half, half);
            s2 = s2.fma(half, half);
            s3 = s3.fma(half, half);
            s4 = s4.fma(half, half);
            s5 = s5.fma(half, half);
            s6 = s6.fma(half, half);
            s7 = s7.fma(half, half);
            s8 = s8.fma(half, half);
            s9 = s9.fma(half, half);
            s10 = s10.fma(half, half);
            s11 = s11.fma(half, half);
        }
        return s0.add(s1)
                .add(s2.add(s3))
                .add(s4.add(s5))
                .add(s6.add(s7))
                .add(s8.add(s9))
                .add(s10.add(s11))
                .reduceLanes(VectorOperators.ADD);
    }

    @Override
    public long sum(MemorySegment data, long offset, int bytes) {
        LongVector s0 = LongVector.zero(L);
        LongVector s1 = LongVector.zero(L);
        LongVector s2 = LongVector.zero(L);
        LongVector s3 = LongVector.zero(L);
        int i = 0;
        for (; i <= bytes - 4 * WIDTH; i += 4 * WIDTH) {
            s0 = s0.add(LongVector.fromMemorySegment(L, data, offset + i, NATIVE));
            s1 = s1.add(LongVector.fromMemorySegment(L, data, offset + i + WIDTH, NATIVE));
            s2 = s2.add(LongVector.fromMemorySegment(L, data, offset + i + 2L * WIDTH, NATIVE));
            s3 = s3.add(LongVector.fromMemorySegment(L, data, offset + i + 3L * WIDTH, NATIVE));
        }
        long sum = s0.add(s1).add(s2.add(s3)).reduceLanes(VectorOperators.ADD);
        for (; i < bytes; i += 8) {
            sum += data.get(ValueLayout.JAVA_LONG_UNALIGNED, offset + i);
        }
        return sum;
    }
}
