package io.yoco4j.train.kernel;

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
    private static final VectorSpecies<Float> SHORT = FloatVector.SPECIES_128;
    private static final FloatVector COLUMNS = FloatVector.zero(F).addIndex(1);

    /** Columns of values come in multiples of it. */
    static final int LANES = F.length();

    /** Keys of a panel. */
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
     * {@code out[r][c] = factors[r] * sum over keys of p[r][key] * values[key][c]}, for keys from..to-1.
     *
     * @param p ROWS rows, {@code width} apart
     * @param values rows {@code stride} apart, a multiple of {@link #LANES}
     * @param out ROWS rows from {@code at}, {@code stride} apart
     */
    static void mix(
            float[] p, int width, float[] values, int stride, int from, int to, float[] factors, float[] out, int at) {
        int c = 0;
        for (; c <= stride - PANEL; c += PANEL) {
            mixPanel(p, width, values, stride, from, to, factors, out, at, c);
        }
        if (c < stride) {
            mixVector(p, width, values, stride, from, to, factors, out, at, c);
        }
    }

    private static void mixPanel(
            float[] p,
            int width,
            float[] values,
            int stride,
            int from,
            int to,
            float[] factors,
            float[] out,
            int at,
            int c) {
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
        s00.mul(factors[0]).intoArray(out, at + c);
        s01.mul(factors[0]).intoArray(out, at + c + LANES);
        s10.mul(factors[1]).intoArray(out, at + stride + c);
        s11.mul(factors[1]).intoArray(out, at + stride + c + LANES);
        s20.mul(factors[2]).intoArray(out, at + 2 * stride + c);
        s21.mul(factors[2]).intoArray(out, at + 2 * stride + c + LANES);
        s30.mul(factors[3]).intoArray(out, at + 3 * stride + c);
        s31.mul(factors[3]).intoArray(out, at + 3 * stride + c + LANES);
    }

    /** One vector of columns, as heads of 16 are with 16 lanes: even and odd keys add up apart, to have eight sums. */
    private static void mixVector(
            float[] p,
            int width,
            float[] values,
            int stride,
            int from,
            int to,
            float[] factors,
            float[] out,
            int at,
            int c) {
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s20 = s00;
        FloatVector s21 = s00;
        FloatVector s30 = s00;
        FloatVector s31 = s00;
        int key = from;
        for (; key < to - 1; key += 2) {
            FloatVector v0 = FloatVector.fromArray(F, values, key * stride + c);
            FloatVector v1 = FloatVector.fromArray(F, values, (key + 1) * stride + c);
            s00 = FloatVector.broadcast(F, p[key]).fma(v0, s00);
            s01 = FloatVector.broadcast(F, p[key + 1]).fma(v1, s01);
            s10 = FloatVector.broadcast(F, p[width + key]).fma(v0, s10);
            s11 = FloatVector.broadcast(F, p[width + key + 1]).fma(v1, s11);
            s20 = FloatVector.broadcast(F, p[2 * width + key]).fma(v0, s20);
            s21 = FloatVector.broadcast(F, p[2 * width + key + 1]).fma(v1, s21);
            s30 = FloatVector.broadcast(F, p[3 * width + key]).fma(v0, s30);
            s31 = FloatVector.broadcast(F, p[3 * width + key + 1]).fma(v1, s31);
        }
        if (key < to) {
            FloatVector v0 = FloatVector.fromArray(F, values, key * stride + c);
            s00 = FloatVector.broadcast(F, p[key]).fma(v0, s00);
            s10 = FloatVector.broadcast(F, p[width + key]).fma(v0, s10);
            s20 = FloatVector.broadcast(F, p[2 * width + key]).fma(v0, s20);
            s30 = FloatVector.broadcast(F, p[3 * width + key]).fma(v0, s30);
        }
        s00.add(s01).mul(factors[0]).intoArray(out, at + c);
        s10.add(s11).mul(factors[1]).intoArray(out, at + stride + c);
        s20.add(s21).mul(factors[2]).intoArray(out, at + 2 * stride + c);
        s30.add(s31).mul(factors[3]).intoArray(out, at + 3 * stride + c);
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

    /**
     * Minus infinity where a query does not see a key, over a row of whole panels.
     *
     * @param s scores, that of column c at {@code row + c}
     * @param from first column, up to but without {@code to}
     * @param unseen the first column that is seen
     * @param seen the last
     */
    static void hide(float[] s, int row, int from, int to, int unseen, int seen) {
        for (int c = from; c < unseen; c += LANES) {
            FloatVector x = FloatVector.fromArray(F, s, row + c);
            x.blend(Float.NEGATIVE_INFINITY, COLUMNS.compare(VectorOperators.LT, (float) (unseen - c)))
                    .intoArray(s, row + c);
        }
        for (int c = Math.max(from, (seen + 1) / LANES * LANES); c < to; c += LANES) {
            FloatVector x = FloatVector.fromArray(F, s, row + c);
            x.blend(Float.NEGATIVE_INFINITY, COLUMNS.compare(VectorOperators.GT, (float) (seen - c)))
                    .intoArray(s, row + c);
        }
    }

    /** Inner product of two rows of {@code count} entries; {@code lanes} is working memory. */
    static float dot(float[] a, int at, float[] b, int bt, int count, float[] lanes) {
        FloatVector sums = FloatVector.zero(F);
        int c = 0;
        for (; c <= count - LANES; c += LANES) {
            sums = FloatVector.fromArray(F, a, at + c).fma(FloatVector.fromArray(F, b, bt + c), sums);
        }
        sums.intoArray(lanes, 0);
        float even = 0;
        float odd = 0;
        for (int lane = 0; lane < LANES; lane += 2) {
            even += lanes[lane];
            odd += lanes[lane + 1];
        }
        float sum = even + odd;
        for (; c < count; c++) {
            sum = Math.fma(a[at + c], b[bt + c], sum);
        }
        return sum;
    }

    /**
     * Rotates pairs (x[j], x[j + half]) of a row by its token's angles.
     *
     * @param x the row begins at {@code at}
     * @param angles where its token's begin in {@code cos} and {@code sin}
     */
    static void rotate(float[] x, int at, int half, float[] cos, float[] sin, int angles) {
        int j = 0;
        for (; j <= half - LANES; j += LANES) {
            FloatVector a = FloatVector.fromArray(F, x, at + j);
            FloatVector b = FloatVector.fromArray(F, x, at + half + j);
            FloatVector c = FloatVector.fromArray(F, cos, angles + j);
            FloatVector s = FloatVector.fromArray(F, sin, angles + j);
            a.mul(c).sub(b.mul(s)).intoArray(x, at + j);
            b.mul(c).add(a.mul(s)).intoArray(x, at + half + j);
        }
        for (; j <= half - SHORT.length(); j += SHORT.length()) {
            FloatVector a = FloatVector.fromArray(SHORT, x, at + j);
            FloatVector b = FloatVector.fromArray(SHORT, x, at + half + j);
            FloatVector c = FloatVector.fromArray(SHORT, cos, angles + j);
            FloatVector s = FloatVector.fromArray(SHORT, sin, angles + j);
            a.mul(c).sub(b.mul(s)).intoArray(x, at + j);
            b.mul(c).add(a.mul(s)).intoArray(x, at + half + j);
        }
        for (; j < half; j++) {
            float a = x[at + j];
            float b = x[at + half + j];
            x[at + j] = a * cos[angles + j] - b * sin[angles + j];
            x[at + half + j] = b * cos[angles + j] + a * sin[angles + j];
        }
    }
}
