package io.yoco4j.train.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops of {@link HeadAttention} over {@link #LANES} queries at a time, one to a lane: the maximum and the sum
 * of each query's scores need no sums across lanes, and keys and values are read as they lie, entry by entry, with no
 * panels of them to be made.
 */
final class VectorAttention {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> HALF = F.length() > 8 ? FloatVector.SPECIES_256 : FloatVector.SPECIES_128;
    private static final VectorSpecies<Float> SHORT = FloatVector.SPECIES_128;
    private static final FloatVector COLUMNS = FloatVector.zero(F).addIndex(1);

    /** Queries of a block. */
    static final int LANES = F.length();

    /** Rows of a product at a time. */
    static final int ROWS = 8;

    private VectorAttention() {}

    /**
     * {@code out[r][lane] = sum over k of a[r][k] * b[k][lane]}, for {@link #ROWS} rows and {@link #LANES} k, onto what is
     * there where {@code onto}. All rows have {@link #LANES} entries and lie one behind the other: strides that the compiler
     * knows cost no instruction.
     */
    static void rowsTimes(float[] a, int at, float[] b, int bt, float[] out, int to, boolean onto) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector s4 = s0;
        FloatVector s5 = s0;
        FloatVector s6 = s0;
        FloatVector s7 = s0;
        if (onto) {
            s0 = FloatVector.fromArray(F, out, to);
            s1 = FloatVector.fromArray(F, out, to + LANES);
            s2 = FloatVector.fromArray(F, out, to + 2 * LANES);
            s3 = FloatVector.fromArray(F, out, to + 3 * LANES);
            s4 = FloatVector.fromArray(F, out, to + 4 * LANES);
            s5 = FloatVector.fromArray(F, out, to + 5 * LANES);
            s6 = FloatVector.fromArray(F, out, to + 6 * LANES);
            s7 = FloatVector.fromArray(F, out, to + 7 * LANES);
        }
        for (int k = 0; k < LANES; k++) {
            FloatVector row = FloatVector.fromArray(F, b, bt + k * LANES);
            s0 = FloatVector.broadcast(F, a[at + k]).fma(row, s0);
            s1 = FloatVector.broadcast(F, a[at + LANES + k]).fma(row, s1);
            s2 = FloatVector.broadcast(F, a[at + 2 * LANES + k]).fma(row, s2);
            s3 = FloatVector.broadcast(F, a[at + 3 * LANES + k]).fma(row, s3);
            s4 = FloatVector.broadcast(F, a[at + 4 * LANES + k]).fma(row, s4);
            s5 = FloatVector.broadcast(F, a[at + 5 * LANES + k]).fma(row, s5);
            s6 = FloatVector.broadcast(F, a[at + 6 * LANES + k]).fma(row, s6);
            s7 = FloatVector.broadcast(F, a[at + 7 * LANES + k]).fma(row, s7);
        }
        s0.intoArray(out, to);
        s1.intoArray(out, to + LANES);
        s2.intoArray(out, to + 2 * LANES);
        s3.intoArray(out, to + 3 * LANES);
        s4.intoArray(out, to + 4 * LANES);
        s5.intoArray(out, to + 5 * LANES);
        s6.intoArray(out, to + 6 * LANES);
        s7.intoArray(out, to + 7 * LANES);
    }

    /**
     * {@code out[c][lane] = factors[lane] * sum over keys of a[key][c] * b[key][lane]}, for {@link #ROWS} columns.
     *
     * @param a rows of {@link #LANES} columns, of which the first to be taken is that at {@code at}
     * @param second how far behind it the second half of the columns begins, which four lanes have in another block
     * @param b rows of lanes
     * @param out likewise, from {@code to}
     */
    static void columnsTimes(
            float[] a, int at, int second, int keys, float[] b, FloatVector factors, float[] out, int to) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector s4 = s0;
        FloatVector s5 = s0;
        FloatVector s6 = s0;
        FloatVector s7 = s0;
        for (int key = 0; key < keys; key++) {
            FloatVector row = FloatVector.fromArray(F, b, key * LANES);
            int from = at + key * LANES;
            int behind = from + second;
            s0 = FloatVector.broadcast(F, a[from]).fma(row, s0);
            s1 = FloatVector.broadcast(F, a[from + 1]).fma(row, s1);
            s2 = FloatVector.broadcast(F, a[from + 2]).fma(row, s2);
            s3 = FloatVector.broadcast(F, a[from + 3]).fma(row, s3);
            s4 = FloatVector.broadcast(F, a[behind]).fma(row, s4);
            s5 = FloatVector.broadcast(F, a[behind + 1]).fma(row, s5);
            s6 = FloatVector.broadcast(F, a[behind + 2]).fma(row, s6);
            s7 = FloatVector.broadcast(F, a[behind + 3]).fma(row, s7);
        }
        s0.mul(factors).intoArray(out, to);
        s1.mul(factors).intoArray(out, to + LANES);
        s2.mul(factors).intoArray(out, to + 2 * LANES);
        s3.mul(factors).intoArray(out, to + 3 * LANES);
        s4.mul(factors).intoArray(out, to + 4 * LANES);
        s5.mul(factors).intoArray(out, to + 5 * LANES);
        s6.mul(factors).intoArray(out, to + 6 * LANES);
        s7.mul(factors).intoArray(out, to + 7 * LANES);
    }

    /**
     * Minus infinity where a query does not see a key. Lane l sees key c where {@code c - last <= l < c + window}.
     *
     * @param s scores, {@code s[c][lane]}
     * @param window lanes that see the first key
     * @param last the key that is the first lane's last
     */
    static void hide(float[] s, int keys, int window, int last) {
        for (int c = 0; c < Math.min(keys, LANES - window); c++) {
            FloatVector x = FloatVector.fromArray(F, s, c * LANES);
            x.blend(Float.NEGATIVE_INFINITY, COLUMNS.compare(VectorOperators.GE, (float) (c + window)))
                    .intoArray(s, c * LANES);
        }
        for (int c = last + 1; c < keys; c++) {
            FloatVector x = FloatVector.fromArray(F, s, c * LANES);
            x.blend(Float.NEGATIVE_INFINITY, COLUMNS.compare(VectorOperators.LT, (float) (c - last)))
                    .intoArray(s, c * LANES);
        }
    }

    /**
     * {@code s = exp(s - max)} by lanes.
     *
     * @param statistics the maxima go to {@code at}, the sums' inverses to {@code inverse}
     */
    static void softmax(float[] s, int keys, float[] statistics, int at, int inverse) {
        FloatVector max = FloatVector.fromArray(F, s, 0);
        for (int c = 1; c < keys; c++) {
            FloatVector x = FloatVector.fromArray(F, s, c * LANES);
            max = max.blend(x, x.compare(VectorOperators.GT, max));
        }
        FloatVector total = FloatVector.zero(F);
        for (int c = 0; c < keys; c++) {
            FloatVector e = VectorExp.exp(FloatVector.fromArray(F, s, c * LANES).sub(max));
            e.intoArray(s, c * LANES);
            total = total.add(e);
        }
        max.intoArray(statistics, at);
        FloatVector.broadcast(F, 1f).div(total).intoArray(statistics, inverse);
    }

    /**
     * From scores and the gradient of the weights to the weights and the gradient of the scores: {@code p = exp(p - max) /
     * sum}, {@code dp = p * (dp - delta)}, where delta is the sum of {@code p * dp}, by lanes.
     *
     * @param statistics of {@link #softmax}
     */
    static void weightsAndGradient(float[] p, float[] dp, int keys, float[] statistics, int at, int inverse) {
        FloatVector max = FloatVector.fromArray(F, statistics, at);
        FloatVector factor = FloatVector.fromArray(F, statistics, inverse);
        FloatVector delta = FloatVector.zero(F);
        for (int c = 0; c < keys; c++) {
            FloatVector w = VectorExp.exp(FloatVector.fromArray(F, p, c * LANES).sub(max))
                    .mul(factor);
            w.intoArray(p, c * LANES);
            delta = w.fma(FloatVector.fromArray(F, dp, c * LANES), delta);
        }
        for (int c = 0; c < keys; c++) {
            FloatVector d = FloatVector.fromArray(F, dp, c * LANES).sub(delta);
            d.mul(FloatVector.fromArray(F, p, c * LANES)).intoArray(dp, c * LANES);
        }
    }

    /** {@code to[d][lane] = from[lane][d]}, of {@link #LANES} each. */
    static void transpose(float[] from, int at, float[] to, int bt) {
        for (int lane = 0; lane < LANES; lane++) {
            for (int d = 0; d < LANES; d++) {
                to[bt + d * LANES + lane] = from[at + lane * LANES + d];
            }
        }
    }

    /** Multiplies {@code count} entries, whole vectors, by {@code factor}. */
    static void scale(float[] x, int at, int count, float factor) {
        if (factor != 1) {
            for (int i = at; i < at + count; i += LANES) {
                FloatVector.fromArray(F, x, i).mul(factor).intoArray(x, i);
            }
        }
    }

    /** Copies {@link #LANES} entries. */
    static void copy(float[] from, int at, float[] to, int bt) {
        FloatVector.fromArray(F, from, at).intoArray(to, bt);
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
        for (; j <= half - HALF.length(); j += HALF.length()) {
            FloatVector a = FloatVector.fromArray(HALF, x, at + j);
            FloatVector b = FloatVector.fromArray(HALF, x, at + half + j);
            FloatVector c = FloatVector.fromArray(HALF, cos, angles + j);
            FloatVector s = FloatVector.fromArray(HALF, sin, angles + j);
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
