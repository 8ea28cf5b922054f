package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.FOLD_2;
import static io.yoco4j.engine.kernel.Lanes.FOLD_4;
import static io.yoco4j.engine.kernel.Lanes.FOLD_8;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.LITTLE;
import static io.yoco4j.engine.kernel.Lanes.exp;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Row kernels on the Vector API. */
interface VectorRows extends RowKernels {
    @Override
    default void rmsNorm(float[] x, int xOffset, int n, float eps, float[] weight, float[] y, int yOffset) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector s2 = FloatVector.zero(F);
        FloatVector s3 = FloatVector.zero(F);
        int i = 0;
        for (int bound = n - 4 * LANES; i <= bound; i += 4 * LANES) {
            FloatVector x0 = FloatVector.fromArray(F, x, xOffset + i);
            FloatVector x1 = FloatVector.fromArray(F, x, xOffset + i + LANES);
            FloatVector x2 = FloatVector.fromArray(F, x, xOffset + i + 2 * LANES);
            FloatVector x3 = FloatVector.fromArray(F, x, xOffset + i + 3 * LANES);
            s0 = x0.fma(x0, s0);
            s1 = x1.fma(x1, s1);
            s2 = x2.fma(x2, s2);
            s3 = x3.fma(x3, s3);
        }
        int bound = F.loopBound(n);
        for (; i < bound; i += LANES) {
            FloatVector x0 = FloatVector.fromArray(F, x, xOffset + i);
            s0 = x0.fma(x0, s0);
        }
        // Lanes.sum, word by word: as a call that may not be put in line it would make an object of each sum so far.
        FloatVector sums = s0.add(s1).add(s2.add(s3));
        sums = LANES > 8 ? sums.add(sums.rearrange(FOLD_8)) : sums;
        sums = LANES > 4 ? sums.add(sums.rearrange(FOLD_4)) : sums;
        sums = sums.add(sums.rearrange(FOLD_2));
        float squares = sums.lane(0) + sums.lane(1);
        for (; i < n; i++) {
            squares += x[xOffset + i] * x[xOffset + i];
        }
        float inverse = (float) (1 / Math.sqrt(squares / n + eps));
        for (i = 0; i < bound; i += LANES) {
            FloatVector.fromArray(F, x, xOffset + i)
                    .mul(inverse)
                    .mul(FloatVector.fromArray(F, weight, i))
                    .intoArray(y, yOffset + i);
        }
        for (; i < n; i++) {
            y[yOffset + i] = x[xOffset + i] * inverse * weight[i];
        }
    }

    @Override
    default void rotate(float[] x, int xOffset, int half, float[] cos, float[] sin, int angleOffset) {
        int bound = F.loopBound(half);
        int j = 0;
        for (; j < bound; j += LANES) {
            FloatVector a = FloatVector.fromArray(F, x, xOffset + j);
            FloatVector b = FloatVector.fromArray(F, x, xOffset + half + j);
            FloatVector c = FloatVector.fromArray(F, cos, angleOffset + j);
            FloatVector s = FloatVector.fromArray(F, sin, angleOffset + j);
            a.mul(c).sub(b.mul(s)).intoArray(x, xOffset + j);
            b.mul(c).add(a.mul(s)).intoArray(x, xOffset + half + j);
        }
        for (; j < half; j++) {
            float a = x[xOffset + j];
            float b = x[xOffset + half + j];
            float c = cos[angleOffset + j];
            float s = sin[angleOffset + j];
            x[xOffset + j] = a * c - b * s;
            x[xOffset + half + j] = b * c + a * s;
        }
    }

    @Override
    default void siluMultiply(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        int bound = F.loopBound(n);
        int i = 0;
        for (; i < bound; i += LANES) {
            FloatVector x = FloatVector.fromArray(F, gate, gateOffset + i);
            FloatVector u = FloatVector.fromArray(F, up, upOffset + i);
            // sigmoid(x) is 1 / (1 + e) or e / (1 + e) with e = exp(-|x|), which cannot overflow.
            VectorMask<Float> negative = x.compare(VectorOperators.LT, 0f);
            FloatVector e = exp(x.abs().neg());
            FloatVector numerator = x.blend(x.mul(e), negative);
            numerator.div(e.add(1f)).mul(u).intoArray(gate, gateOffset + i);
        }
        for (; i < n; i++) {
            float x = gate[gateOffset + i];
            gate[gateOffset + i] = (float) (x / (1 + Math.exp(-x))) * up[upOffset + i];
        }
    }

    @Override
    default void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
        int bound = F.loopBound(n);
        int i = 0;
        for (; i < bound; i += LANES) {
            FloatVector.fromArray(F, x, xOffset + i)
                    .add(FloatVector.fromArray(F, y, yOffset + i))
                    .intoArray(x, xOffset + i);
        }
        for (; i < n; i++) {
            x[xOffset + i] += y[yOffset + i];
        }
    }

    @Override
    default void scale(float[] x, int xOffset, int n, float factor) {
        int bound = F.loopBound(n);
        int i = 0;
        for (; i < bound; i += LANES) {
            FloatVector.fromArray(F, x, xOffset + i).mul(factor).intoArray(x, xOffset + i);
        }
        for (; i < n; i++) {
            x[xOffset + i] *= factor;
        }
    }

    @Override
    default void bf16(float[] x, int xOffset, int n, MemorySegment out, long outOffset) {
        int vectors = n / LANES;
        for (int v = 0; v < vectors; v++) {
            VectorFormats.bf16(FloatVector.fromArray(F, x, xOffset + v * LANES))
                    .intoMemorySegment(out, outOffset + 2L * v * LANES, LITTLE);
        }
        for (int i = vectors * LANES; i < n; i++) {
            out.set(ScalarWeights.SHORT, outOffset + 2L * i, ScalarRows.bf16(x[xOffset + i]));
        }
    }

    @Override
    default float max(float[] x, int xOffset, int n) {
        FloatVector m = FloatVector.broadcast(F, x[xOffset]);
        int bound = F.loopBound(n);
        int i = 0;
        for (; i < bound; i += LANES) {
            FloatVector v = FloatVector.fromArray(F, x, xOffset + i);
            m = m.blend(v, m.compare(VectorOperators.LT, v));
        }
        float max = m.reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) {
            max = Math.max(max, x[xOffset + i]);
        }
        return max;
    }

    @Override
    default float expSum(float[] x, int xOffset, int n, float max) {
        FloatVector sums = FloatVector.zero(F);
        int bound = F.loopBound(n);
        int i = 0;
        for (; i < bound; i += LANES) {
            FloatVector e = exp(FloatVector.fromArray(F, x, xOffset + i).sub(max));
            e.intoArray(x, xOffset + i);
            sums = sums.add(e);
        }
        // Lanes.sum, word by word, as above.
        sums = LANES > 8 ? sums.add(sums.rearrange(FOLD_8)) : sums;
        sums = LANES > 4 ? sums.add(sums.rearrange(FOLD_4)) : sums;
        sums = sums.add(sums.rearrange(FOLD_2));
        float sum = sums.lane(0) + sums.lane(1);
        for (; i < n; i++) {
            float e = (float) Math.exp(x[xOffset + i] - max);
            x[xOffset + i] = e;
            sum += e;
        }
        return sum;
    }
}
