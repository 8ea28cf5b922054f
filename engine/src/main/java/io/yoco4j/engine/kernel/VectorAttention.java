package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.I;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.exp;
import static io.yoco4j.engine.kernel.Lanes.sum;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Attention kernels on the Vector API. */
interface VectorAttention extends AttentionKernels {
    @Override
    default void scores(
            float[] q, int qOffset, int headDim, float[] panel, int panelOffset, float[] out, int outOffset) {
        weighted(q, qOffset, headDim, panel, panelOffset, out, outOffset, false);
    }

    @Override
    default void weightedSum(
            float[] p, int pOffset, int rows, float[] panel, int panelOffset, float[] out, int outOffset) {
        weighted(p, pOffset, rows, panel, panelOffset, out, outOffset, true);
    }

    /** {@code out[j] (+)= sum_r factor[r] * panel[32 r + j]}, four rows at a time: eight independent sums. */
    private static void weighted(
            float[] factor,
            int fOffset,
            int rows,
            float[] panel,
            int pOffset,
            float[] out,
            int outOffset,
            boolean add) {
        for (int j = 0; j < Kernels.PANEL; j += 2 * LANES) {
            weightedColumns(factor, fOffset, rows, panel, pOffset + j, out, outOffset + j, add);
        }
    }

    private static void weightedColumns(
            float[] factor,
            int fOffset,
            int rows,
            float[] panel,
            int pOffset,
            float[] out,
            int outOffset,
            boolean add) {
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = FloatVector.zero(F);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = FloatVector.zero(F);
        FloatVector c0 = FloatVector.zero(F);
        FloatVector c1 = FloatVector.zero(F);
        FloatVector d0 = FloatVector.zero(F);
        FloatVector d1 = FloatVector.zero(F);
        int r = 0;
        for (; r < rows - 3; r += 4) {
            int at = pOffset + r * Kernels.PANEL;
            FloatVector f0 = FloatVector.broadcast(F, factor[fOffset + r]);
            FloatVector f1 = FloatVector.broadcast(F, factor[fOffset + r + 1]);
            FloatVector f2 = FloatVector.broadcast(F, factor[fOffset + r + 2]);
            FloatVector f3 = FloatVector.broadcast(F, factor[fOffset + r + 3]);
            a0 = f0.fma(FloatVector.fromArray(F, panel, at), a0);
            a1 = f0.fma(FloatVector.fromArray(F, panel, at + LANES), a1);
            b0 = f1.fma(FloatVector.fromArray(F, panel, at + Kernels.PANEL), b0);
            b1 = f1.fma(FloatVector.fromArray(F, panel, at + Kernels.PANEL + LANES), b1);
            c0 = f2.fma(FloatVector.fromArray(F, panel, at + 2 * Kernels.PANEL), c0);
            c1 = f2.fma(FloatVector.fromArray(F, panel, at + 2 * Kernels.PANEL + LANES), c1);
            d0 = f3.fma(FloatVector.fromArray(F, panel, at + 3 * Kernels.PANEL), d0);
            d1 = f3.fma(FloatVector.fromArray(F, panel, at + 3 * Kernels.PANEL + LANES), d1);
        }
        for (; r < rows; r++) {
            int at = pOffset + r * Kernels.PANEL;
            FloatVector f0 = FloatVector.broadcast(F, factor[fOffset + r]);
            a0 = f0.fma(FloatVector.fromArray(F, panel, at), a0);
            a1 = f0.fma(FloatVector.fromArray(F, panel, at + LANES), a1);
        }
        store(a0.add(b0).add(c0.add(d0)), a1.add(b1).add(c1.add(d1)), out, outOffset, add);
    }

    private static void store(FloatVector v0, FloatVector v1, float[] c, int offset, boolean add) {
        if (add) {
            v0.add(FloatVector.fromArray(F, c, offset)).intoArray(c, offset);
            v1.add(FloatVector.fromArray(F, c, offset + LANES)).intoArray(c, offset + LANES);
        } else {
            v0.intoArray(c, offset);
            v1.intoArray(c, offset + LANES);
        }
    }

    @Override
    default void laneMask(float[] s, int sOffset, int rows, int firstPosition, int[] queryPositions, int window) {
        for (int lane = 0; lane < Kernels.PANEL; lane += LANES) {
            IntVector distance = IntVector.fromArray(I, queryPositions, lane).sub(firstPosition);
            for (int r = 0; r < rows; r++) {
                int at = sOffset + r * Kernels.PANEL + lane;
                // A key later than the query is at a negative distance: huge when unsigned.
                VectorMask<Integer> hidden = distance.sub(r).compare(VectorOperators.UGE, window);
                FloatVector.fromArray(F, s, at)
                        .blend(Float.NEGATIVE_INFINITY, hidden.cast(F))
                        .intoArray(s, at);
            }
        }
    }

    /** One row at a time: with more in the loop the compiler stops inlining halfway and boxes every vector. */
    @Override
    default void laneSoftmax(float[] s, int sOffset, int rows, float[] max, float[] sum, float[] correction) {
        for (int lane = 0; lane < Kernels.PANEL; lane += LANES) {
            laneMax(s, sOffset + lane, rows, max, correction, lane);
            laneExp(s, sOffset + lane, rows, max, sum, correction, lane);
        }
    }

    /** By comparison, as scores are numbers: Java's max also orders NaN and zeros, in many instructions. */
    private static void laneMax(float[] s, int offset, int rows, float[] max, float[] correction, int lane) {
        FloatVector before = FloatVector.fromArray(F, max, lane);
        FloatVector m = before;
        for (int r = 0; r < rows; r++) {
            FloatVector v = FloatVector.fromArray(F, s, offset + r * Kernels.PANEL);
            m = m.blend(v, m.compare(VectorOperators.LT, v));
        }
        m.intoArray(max, lane);
        exp(before.sub(m)).intoArray(correction, lane);
    }

    private static void laneExp(
            float[] s, int offset, int rows, float[] max, float[] sum, float[] correction, int lane) {
        FloatVector m = FloatVector.fromArray(F, max, lane);
        FloatVector total = FloatVector.fromArray(F, sum, lane).mul(FloatVector.fromArray(F, correction, lane));
        for (int r = 0; r < rows; r++) {
            FloatVector e =
                    exp(FloatVector.fromArray(F, s, offset + r * Kernels.PANEL).sub(m));
            e.intoArray(s, offset + r * Kernels.PANEL);
            total = total.add(e);
        }
        total.intoArray(sum, lane);
    }
}
