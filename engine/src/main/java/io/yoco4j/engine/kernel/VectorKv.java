package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Kernels.PANEL;
import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.LANES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** Kernels over narrow caches on the Vector API. */
interface VectorKv extends KvKernels {
    int HALF = PANEL / 2;

    @Override
    default void widen(short[] panel, int panelOffset, int rows, float[] out, int outOffset) {
        for (int i = 0; i < rows * HALF; i += LANES) {
            int to = outOffset + i / HALF * PANEL + i % HALF;
            IntVector v = VectorFormats.pairs(panel, panelOffset + 2 * i);
            VectorFormats.lowHalf(v).intoArray(out, to);
            VectorFormats.highHalf(v).intoArray(out, to + HALF);
        }
    }

    @Override
    default void widenKeys(
            byte[] panel, int panelOffset, int headDim, short[] scales, int scaleOffset, float[] out, int outOffset) {
        for (int lane = 0; lane < PANEL; lane += LANES) {
            for (int first = 0; first < headDim; first += PANEL) {
                FloatVector scale = VectorFormats.bf16(scales, scaleOffset + first + lane);
                for (int j = first; j < Math.min(headDim, first + PANEL); j++) {
                    int at = j * PANEL + lane;
                    VectorFormats.i8(panel, panelOffset + at).mul(scale).intoArray(out, outOffset + at);
                }
            }
        }
    }

    @Override
    default void widenValues(
            byte[] panel, int panelOffset, int rows, short[] scales, int scaleOffset, float[] out, int outOffset) {
        for (int r = 0; r < rows; r++) {
            float scale = Float.intBitsToFloat(scales[scaleOffset + r] << 16);
            for (int lane = 0; lane < PANEL; lane += LANES) {
                int at = r * PANEL + lane;
                VectorFormats.i8(panel, panelOffset + at).mul(scale).intoArray(out, outOffset + at);
            }
        }
    }

    @Override
    default void scores(
            float[] q, int qOffset, int headDim, short[] panel, int panelOffset, float[] out, int outOffset) {
        Arrays.fill(out, outOffset, outOffset + PANEL, 0);
        weightedSum(q, qOffset, headDim, panel, panelOffset, out, outOffset);
    }

    @Override
    default void weightedSum(
            float[] p, int pOffset, int rows, short[] panel, int panelOffset, float[] out, int outOffset) {
        for (int lane = 0; lane < HALF; lane += LANES) {
            columns(p, pOffset, rows, panel, panelOffset + 2 * lane, out, outOffset + lane);
        }
    }

    /** {@code out[c] += sum_r factor[r] * panel[r][c]} for as many columns as lanes, and those 16 further on. */
    private static void columns(
            float[] factor, int fOffset, int rows, short[] panel, int pOffset, float[] out, int outOffset) {
        FloatVector a0 = FloatVector.fromArray(F, out, outOffset);
        FloatVector a1 = FloatVector.fromArray(F, out, outOffset + HALF);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = FloatVector.zero(F);
        FloatVector c0 = FloatVector.zero(F);
        FloatVector c1 = FloatVector.zero(F);
        FloatVector d0 = FloatVector.zero(F);
        FloatVector d1 = FloatVector.zero(F);
        int fours = rows / 4;
        for (int i = 0; i < fours; i++) {
            int at = pOffset + i * (4 * PANEL);
            int f = fOffset + i * 4;
            FloatVector f0 = FloatVector.broadcast(F, factor[f]);
            FloatVector f1 = FloatVector.broadcast(F, factor[f + 1]);
            FloatVector f2 = FloatVector.broadcast(F, factor[f + 2]);
            FloatVector f3 = FloatVector.broadcast(F, factor[f + 3]);
            IntVector v0 = VectorFormats.pairs(panel, at);
            IntVector v1 = VectorFormats.pairs(panel, at + PANEL);
            IntVector v2 = VectorFormats.pairs(panel, at + 2 * PANEL);
            IntVector v3 = VectorFormats.pairs(panel, at + 3 * PANEL);
            a0 = f0.fma(VectorFormats.lowHalf(v0), a0);
            a1 = f0.fma(VectorFormats.highHalf(v0), a1);
            b0 = f1.fma(VectorFormats.lowHalf(v1), b0);
            b1 = f1.fma(VectorFormats.highHalf(v1), b1);
            c0 = f2.fma(VectorFormats.lowHalf(v2), c0);
            c1 = f2.fma(VectorFormats.highHalf(v2), c1);
            d0 = f3.fma(VectorFormats.lowHalf(v3), d0);
            d1 = f3.fma(VectorFormats.highHalf(v3), d1);
        }
        a0.add(b0).add(c0.add(d0)).intoArray(out, outOffset);
        a1.add(b1).add(c1.add(d1)).intoArray(out, outOffset + HALF);
        for (int r = fours * 4; r < rows; r++) {
            row(factor[fOffset + r], panel, pOffset + r * PANEL, out, outOffset);
        }
    }

    /** Of its own, as the compiler did not get as far in the method above, and made objects of these vectors. */
    private static void row(float factor, short[] panel, int at, float[] out, int outOffset) {
        IntVector v = VectorFormats.pairs(panel, at);
        FloatVector f = FloatVector.broadcast(F, factor);
        f.fma(VectorFormats.lowHalf(v), FloatVector.fromArray(F, out, outOffset))
                .intoArray(out, outOffset);
        f.fma(VectorFormats.highHalf(v), FloatVector.fromArray(F, out, outOffset + HALF))
                .intoArray(out, outOffset + HALF);
    }

    @Override
    default void scores(
            float[] q,
            int qOffset,
            int headDim,
            byte[] panel,
            int panelOffset,
            short[] scales,
            int scaleOffset,
            float[] out,
            int outOffset,
            float[] scratch) {
        Arrays.fill(out, outOffset, outOffset + PANEL, 0);
        for (int first = 0; first < headDim; first += PANEL) {
            int rows = Math.min(PANEL, headDim - first);
            Arrays.fill(scratch, 0, PANEL, 0);
            for (int lane = 0; lane < PANEL; lane += 2 * LANES) {
                int at = panelOffset + first * PANEL + lane;
                columns(q, qOffset + first, rows, panel, at, scratch, lane);
            }
            for (int lane = 0; lane < PANEL; lane += LANES) {
                VectorFormats.bf16(scales, scaleOffset + first + lane)
                        .fma(FloatVector.fromArray(F, scratch, lane), FloatVector.fromArray(F, out, outOffset + lane))
                        .intoArray(out, outOffset + lane);
            }
        }
    }

    @Override
    default void weightedSum(
            float[] p,
            int pOffset,
            int rows,
            byte[] panel,
            int panelOffset,
            short[] scales,
            int scaleOffset,
            float[] out,
            int outOffset,
            float[] scratch) {
        int bound = F.loopBound(rows);
        for (int r = 0; r < bound; r += LANES) {
            VectorFormats.bf16(scales, scaleOffset + r)
                    .mul(FloatVector.fromArray(F, p, pOffset + r))
                    .intoArray(scratch, r);
        }
        for (int r = bound; r < rows; r++) {
            scratch[r] = p[pOffset + r] * Float.intBitsToFloat(scales[scaleOffset + r] << 16);
        }
        for (int lane = 0; lane < PANEL; lane += 2 * LANES) {
            columns(scratch, 0, rows, panel, panelOffset + lane, out, outOffset + lane);
        }
    }

    /** {@code out[c] += sum_r factor[r] * panel[r][c]} for twice as many columns as lanes. */
    private static void columns(
            float[] factor, int fOffset, int rows, byte[] panel, int pOffset, float[] out, int outOffset) {
        FloatVector a0 = FloatVector.fromArray(F, out, outOffset);
        FloatVector a1 = FloatVector.fromArray(F, out, outOffset + LANES);
        FloatVector b0 = FloatVector.zero(F);
        FloatVector b1 = FloatVector.zero(F);
        FloatVector c0 = FloatVector.zero(F);
        FloatVector c1 = FloatVector.zero(F);
        FloatVector d0 = FloatVector.zero(F);
        FloatVector d1 = FloatVector.zero(F);
        int fours = rows / 4;
        for (int i = 0; i < fours; i++) {
            int at = pOffset + i * (4 * PANEL);
            int f = fOffset + i * 4;
            FloatVector f0 = FloatVector.broadcast(F, factor[f]);
            FloatVector f1 = FloatVector.broadcast(F, factor[f + 1]);
            FloatVector f2 = FloatVector.broadcast(F, factor[f + 2]);
            FloatVector f3 = FloatVector.broadcast(F, factor[f + 3]);
            a0 = f0.fma(VectorFormats.i8(panel, at), a0);
            a1 = f0.fma(VectorFormats.i8(panel, at + LANES), a1);
            b0 = f1.fma(VectorFormats.i8(panel, at + PANEL), b0);
            b1 = f1.fma(VectorFormats.i8(panel, at + PANEL + LANES), b1);
            c0 = f2.fma(VectorFormats.i8(panel, at + 2 * PANEL), c0);
            c1 = f2.fma(VectorFormats.i8(panel, at + 2 * PANEL + LANES), c1);
            d0 = f3.fma(VectorFormats.i8(panel, at + 3 * PANEL), d0);
            d1 = f3.fma(VectorFormats.i8(panel, at + 3 * PANEL + LANES), d1);
        }
        a0.add(b0).add(c0.add(d0)).intoArray(out, outOffset);
        a1.add(b1).add(c1.add(d1)).intoArray(out, outOffset + LANES);
        for (int r = fours * 4; r < rows; r++) {
            row(factor[fOffset + r], panel, pOffset + r * PANEL, out, outOffset);
        }
    }

    private static void row(float factor, byte[] panel, int at, float[] out, int outOffset) {
        FloatVector f = FloatVector.broadcast(F, factor);
        f.fma(VectorFormats.i8(panel, at), FloatVector.fromArray(F, out, outOffset))
                .intoArray(out, outOffset);
        f.fma(VectorFormats.i8(panel, at + LANES), FloatVector.fromArray(F, out, outOffset + LANES))
                .intoArray(out, outOffset + LANES);
    }
}
