package io.yoco4j.train.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops of {@link HeadAttention} over {@link #ROWS} queries at a time. Three products make up attention and its
 * gradient: rows by keys ({@link #scores}), weights by values ({@link #mix}), and weights by rows back onto keys ({@link
 * #accumulate}). Keys and their gradients lie in panels, {@code panel[d][key]} for {@link #PANEL} keys each, so that
 * neighbouring lanes are neighbouring keys.
 */
final class VectorAttention {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = F.length();

    /** Keys of a panel; columns of values come in multiples of it. */
    static final int PANEL = 2 * LANES;

    /** Queries of a block. */
    static final int ROWS = 4;

    private VectorAttention() {}

    /**
     * {@code out[r][key] = sum over d of a[r][d] * panels[key][d]}.
     *
     * @param a ROWS rows from {@code at}, {@code stride} apart
     * @param depth how many d there are
     * @param first panel to compute, up to but without {@code last}
     * @param out ROWS rows, {@code width} apart
     */
    static void scores(
            float[] a, int at, int stride, int depth, float[] panels, int first, int last, float[] out, int width) {
        for (int panel = first; panel < last; panel++) {
            FloatVector s00 = FloatVector.zero(F);
            FloatVector s01 = s00;
            FloatVector s10 = s00;
            FloatVector s11 = s00;
            FloatVector s20 = s00;
            FloatVector s21 = s00;
            FloatVector s30 = s00;
            FloatVector s31 = s00;
            int base = panel * depth * PANEL;
            for (int d = 0; d < depth; d++) {
                FloatVector b0 = FloatVector.fromArray(F, panels, base + d * PANEL);
                FloatVector b1 = FloatVector.fromArray(F, panels, base + d * PANEL + LANES);
                FloatVector a0 = FloatVector.broadcast(F, a[at + d]);
                s00 = a0.fma(b0, s00);
                s01 = a0.fma(b1, s01);
                FloatVector a1 = FloatVector.broadcast(F, a[at + stride + d]);
                s10 = a1.fma(b0, s10);
                s11 = a1.fma(b1, s11);
                FloatVector a2 = FloatVector.broadcast(F, a[at + 2 * stride + d]);
                s20 = a2.fma(b0, s20);
                s21 = a2.fma(b1, s21);
                FloatVector a3 = FloatVector.broadcast(F, a[at + 3 * stride + d]);
                s30 = a3.fma(b0, s30);
                s31 = a3.fma(b1, s31);
            }
            int to = panel * PANEL;
            s00.intoArray(out, to);
            s01.intoArray(out, to + LANES);
            s10.intoArray(out, to + width);
            s11.intoArray(out, to + width + LANES);
            s20.intoArray(out, to + 2 * width);
            s21.intoArray(out, to + 2 * width + LANES);
            s30.intoArray(out, to + 3 * width);
            s31.intoArray(out, to + 3 * width + LANES);
        }
    }

    /**
     * {@code out[r][c] = sum over keys of p[r][key] * values[key][c]}, for keys from..to-1.
     *
     * @param p ROWS rows, {@code width} apart
     * @param values rows {@code stride} apart, a multiple of {@link #PANEL}
     * @param out ROWS rows from {@code at}, {@code stride} apart
     */
    static void mix(float[] p, int width, float[] values, int stride, int from, int to, float[] out, int at) {
        for (int c = 0; c < stride; c += PANEL) {
            FloatVector s00 = FloatVector.zero(F);
            FloatVector s01 = s00;
            FloatVector s10 = s00;
            FloatVector s11 = s00;
            FloatVector s20 = s00;
            FloatVector s21 = s00;
            FloatVector s30 = s00;
            FloatVector s31 = s00;
            for (int key = from; key < to; key++) {
                FloatVector v0 = FloatVector.fromArray(F, values, key * stride + c);
                FloatVector v1 = FloatVector.fromArray(F, values, key * stride + c + LANES);
                FloatVector p0 = FloatVector.broadcast(F, p[key]);
                s00 = p0.fma(v0, s00);
                s01 = p0.fma(v1, s01);
                FloatVector p1 = FloatVector.broadcast(F, p[width + key]);
                s10 = p1.fma(v0, s10);
                s11 = p1.fma(v1, s11);
                FloatVector p2 = FloatVector.broadcast(F, p[2 * width + key]);
                s20 = p2.fma(v0, s20);
                s21 = p2.fma(v1, s21);
                FloatVector p3 = FloatVector.broadcast(F, p[3 * width + key]);
                s30 = p3.fma(v0, s30);
                s31 = p3.fma(v1, s31);
            }
            s00.intoArray(out, at + c);
            s01.intoArray(out, at + c + LANES);
            s10.intoArray(out, at + stride + c);
            s11.intoArray(out, at + stride + c + LANES);
            s20.intoArray(out, at + 2 * stride + c);
            s21.intoArray(out, at + 2 * stride + c + LANES);
            s30.intoArray(out, at + 3 * stride + c);
            s31.intoArray(out, at + 3 * stride + c + LANES);
        }
    }

    /** {@code panels[key][d] += sum over r of p[r][key] * a[r][d]}, arguments as in {@link #scores}. */
    static void accumulate(
            float[] p, int width, float[] a, int at, int stride, int depth, float[] panels, int first, int last) {
        for (int panel = first; panel < last; panel++) {
            int from = panel * PANEL;
            FloatVector p00 = FloatVector.fromArray(F, p, from);
            FloatVector p01 = FloatVector.fromArray(F, p, from + LANES);
            FloatVector p10 = FloatVector.fromArray(F, p, from + width);
            FloatVector p11 = FloatVector.fromArray(F, p, from + width + LANES);
            FloatVector p20 = FloatVector.fromArray(F, p, from + 2 * width);
            FloatVector p21 = FloatVector.fromArray(F, p, from + 2 * width + LANES);
            FloatVector p30 = FloatVector.fromArray(F, p, from + 3 * width);
            FloatVector p31 = FloatVector.fromArray(F, p, from + 3 * width + LANES);
            int base = panel * depth * PANEL;
            for (int d = 0; d < depth; d++) {
                int to = base + d * PANEL;
                FloatVector a0 = FloatVector.broadcast(F, a[at + d]);
                FloatVector a1 = FloatVector.broadcast(F, a[at + stride + d]);
                FloatVector a2 = FloatVector.broadcast(F, a[at + 2 * stride + d]);
                FloatVector a3 = FloatVector.broadcast(F, a[at + 3 * stride + d]);
                FloatVector g0 = FloatVector.fromArray(F, panels, to);
                FloatVector g1 = FloatVector.fromArray(F, panels, to + LANES);
                g0 = a3.fma(p30, a2.fma(p20, a1.fma(p10, a0.fma(p00, g0))));
                g1 = a3.fma(p31, a2.fma(p21, a1.fma(p11, a0.fma(p01, g1))));
                g0.intoArray(panels, to);
                g1.intoArray(panels, to + LANES);
            }
        }
    }

    /** {@code s = exp(s - max)} over a row of whole panels; returns the maximum and leaves the sum in {@code sum[0]}. */
    static float exponentials(float[] s, int from, int to, float[] sum) {
        FloatVector highest = FloatVector.fromArray(F, s, from);
        for (int i = from + LANES; i < to; i += LANES) {
            FloatVector x = FloatVector.fromArray(F, s, i);
            highest = highest.blend(x, x.compare(VectorOperators.GT, highest));
        }
        float max = highest.reduceLanes(VectorOperators.MAX);
        FloatVector total = FloatVector.zero(F);
        for (int i = from; i < to; i += LANES) {
            FloatVector e = VectorExp.exp(FloatVector.fromArray(F, s, i).sub(max));
            e.intoArray(s, i);
            total = total.add(e);
        }
        float added = 0;
        for (int lane = 0; lane < LANES; lane++) {
            added += total.lane(lane); // in this order always: a run must come out the same to the bit
        }
        sum[0] = added;
        return max;
    }

    /**
     * From scores and the gradient of the weights to the weights and the gradient of the scores: {@code p = exp(p - lse)},
     * {@code dp = p * (dp - delta)}, over a row of whole panels.
     *
     * @param lse log of the sum of the row's exponentials
     * @param delta inner product of the row's output and its gradient
     */
    static void weightsAndGradient(float[] p, float[] dp, int from, int to, float lse, float delta) {
        for (int i = from; i < to; i += LANES) {
            FloatVector w = VectorExp.exp(FloatVector.fromArray(F, p, i).sub(lse));
            w.intoArray(p, i);
            w.mul(FloatVector.fromArray(F, dp, i).sub(delta)).intoArray(dp, i);
        }
    }

    /** Copies floats out of memory; for a head's few entries the JDK's call costs more than the copy. */
    static void copy(MemorySegment from, long offset, float[] to, int at, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromMemorySegment(F, from, offset + 4L * i, ByteOrder.nativeOrder())
                    .intoArray(to, at + i);
        }
        for (; i < count; i++) {
            to[at + i] = from.get(ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * i);
        }
    }

    /** Copies floats into memory. */
    static void copy(float[] from, int at, MemorySegment to, long offset, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromArray(F, from, at + i).intoMemorySegment(to, offset + 4L * i, ByteOrder.nativeOrder());
        }
        for (; i < count; i++) {
            to.set(ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * i, from[at + i]);
        }
    }
}
