package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.sum;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Products of two stored rows with a vector on the Vector API, each format read where it lies.
 *
 * <p>In each loop all offsets are multiples of one counter: so the compiler moves every bounds check out of it, and what is
 * left is little enough for the processor to look far ahead in memory.
 */
final class VectorDots {
    private static final int GROUP = VectorWeights.GROUP;

    private VectorDots() {}

    /**
     * Products of two rows with x.
     *
     * @param out the sums, in out[0] and out[1]; the rest is scratch memory
     */
    static void two(Weight w, int row0, int row1, float[] x, int xOffset, float[] out) {
        int k = w.inputs();
        int done = switch (w.format()) {
            case F32 -> f32(w.data(), 4L * row0 * k, 4L * row1 * k, k, x, xOffset, out);
            case BF16 -> bf16(w.data(), 2L * row0 * k, 2L * row1 * k, k, x, xOffset, out);
            case F16 -> f16(w.data(), 2L * row0 * k, 2L * row1 * k, k, x, xOffset, out);
            case Q8 -> {
                int groups = scales(w, row0, row1, out);
                q8(w.data(), (long) row0 * k, (long) row1 * k, groups, x, xOffset, out);
                yield groups * GROUP;
            }
            case Q4 -> {
                int groups = scales(w, row0, row1, out);
                long stride = 16L * w.groups();
                q4(w.data(), row0 * stride, row1 * stride, groups, x, xOffset, out);
                yield groups * GROUP;
            }
        };
        if (done < k) {
            out[0] += ScalarWeights.dot(w, row0, x, xOffset, done);
            out[1] += ScalarWeights.dot(w, row1, x, xOffset, done);
        }
    }

    /** Scales of the two rows to out[32 ..] and right behind; the number of whole groups. */
    private static int scales(Weight w, int row0, int row1, float[] out) {
        int groups = w.inputs() / GROUP;
        VectorWeights.scales(w.scales(), 2L * row0 * w.groups(), groups, out, Kernels.PANEL);
        VectorWeights.scales(w.scales(), 2L * row1 * w.groups(), groups, out, Kernels.PANEL + groups);
        return groups;
    }

    private static int f32(MemorySegment data, long at0, long at1, int k, float[] x, int xOffset, float[] out) {
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = FloatVector.zero(F);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = FloatVector.zero(F);
        int n = k / (2 * LANES);
        for (int c = 0; c < n; c++) {
            int i = c * (2 * LANES);
            int at = c * (8 * LANES);
            FloatVector x0 = FloatVector.fromArray(F, x, xOffset + i);
            FloatVector x1 = FloatVector.fromArray(F, x, xOffset + i + LANES);
            a0 = VectorFormats.f32(data, at0 + at).fma(x0, a0);
            b0 = VectorFormats.f32(data, at1 + at).fma(x0, b0);
            a1 = VectorFormats.f32(data, at0 + at + 4 * LANES).fma(x1, a1);
            b1 = VectorFormats.f32(data, at1 + at + 4 * LANES).fma(x1, b1);
        }
        out[0] = sum(a0.add(a1));
        out[1] = sum(b0.add(b1));
        return n * (2 * LANES);
    }

    private static int bf16(MemorySegment data, long at0, long at1, int k, float[] x, int xOffset, float[] out) {
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = FloatVector.zero(F);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = FloatVector.zero(F);
        int n = k / (2 * LANES);
        for (int c = 0; c < n; c++) {
            int i = c * (2 * LANES);
            int at = c * (4 * LANES);
            FloatVector x0 = FloatVector.fromArray(F, x, xOffset + i);
            FloatVector x1 = FloatVector.fromArray(F, x, xOffset + i + LANES);
            a0 = VectorFormats.bf16(data, at0 + at).fma(x0, a0);
            b0 = VectorFormats.bf16(data, at1 + at).fma(x0, b0);
            a1 = VectorFormats.bf16(data, at0 + at + 2 * LANES).fma(x1, a1);
            b1 = VectorFormats.bf16(data, at1 + at + 2 * LANES).fma(x1, b1);
        }
        out[0] = sum(a0.add(a1));
        out[1] = sum(b0.add(b1));
        return n * (2 * LANES);
    }

    private static int f16(MemorySegment data, long at0, long at1, int k, float[] x, int xOffset, float[] out) {
        FloatVector a0 = FloatVector.zero(F);
        FloatVector b0 = FloatVector.zero(F);
        int n = k / LANES;
        for (int c = 0; c < n; c++) {
            FloatVector x0 = FloatVector.fromArray(F, x, xOffset + c * LANES);
            a0 = VectorFormats.f16(data, at0 + c * (2 * LANES)).fma(x0, a0);
            b0 = VectorFormats.f16(data, at1 + c * (2 * LANES)).fma(x0, b0);
        }
        out[0] = sum(a0);
        out[1] = sum(b0);
        return n * LANES;
    }

    private static void q8(MemorySegment data, long at0, long at1, int groups, float[] x, int xOffset, float[] out) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        int s0 = Kernels.PANEL;
        int s1 = s0 + groups;
        for (int g = 0; g < groups; g++) {
            int i = g * GROUP;
            FloatVector p0 = groupQ8(data, at0 + i, x, xOffset + i);
            FloatVector p1 = groupQ8(data, at1 + i, x, xOffset + i);
            a = p0.fma(FloatVector.broadcast(F, out[s0 + g]), a);
            b = p1.fma(FloatVector.broadcast(F, out[s1 + g]), b);
        }
        out[0] = sum(a);
        out[1] = sum(b);
    }

    private static FloatVector groupQ8(MemorySegment data, long at, float[] x, int xOffset) {
        FloatVector p = VectorFormats.i8(data, at).mul(FloatVector.fromArray(F, x, xOffset));
        for (int j = LANES; j < GROUP; j += LANES) {
            p = VectorFormats.i8(data, at + j).fma(FloatVector.fromArray(F, x, xOffset + j), p);
        }
        return p;
    }

    private static void q4(MemorySegment data, long at0, long at1, int groups, float[] x, int xOffset, float[] out) {
        FloatVector a = FloatVector.zero(F);
        FloatVector b = FloatVector.zero(F);
        int s0 = Kernels.PANEL;
        int s1 = s0 + groups;
        for (int g = 0; g < groups; g++) {
            int i = g * GROUP;
            FloatVector p0 = groupQ4(data, at0 + g * (GROUP / 2), x, xOffset + i);
            FloatVector p1 = groupQ4(data, at1 + g * (GROUP / 2), x, xOffset + i);
            a = p0.fma(FloatVector.broadcast(F, out[s0 + g]), a);
            b = p1.fma(FloatVector.broadcast(F, out[s1 + g]), b);
        }
        out[0] = sum(a);
        out[1] = sum(b);
    }

    private static FloatVector groupQ4(MemorySegment data, long at, float[] x, int xOffset) {
        FloatVector p = FloatVector.zero(F);
        for (int j = 0; j < GROUP / 2; j += LANES) {
            IntVector bytes = VectorFormats.u8(data, at + j);
            p = VectorFormats.low(bytes).fma(FloatVector.fromArray(F, x, xOffset + j), p);
            p = VectorFormats.high(bytes).fma(FloatVector.fromArray(F, x, xOffset + GROUP / 2 + j), p);
        }
        return p;
    }
}
