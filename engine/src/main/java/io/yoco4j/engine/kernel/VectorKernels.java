package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.DType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Kernels on the Vector API, for whatever width the processor prefers up to 512 bits. Loaded by name only, so that
 * nothing else links to the incubating module.
 */
final class VectorKernels implements Kernels {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, F.vectorShape());
    private static final VectorSpecies<Short> S =
            VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));
    private static final int LANES = F.length();
    /** 256-bit machines have 16 registers: 8 rows by 2 vectors of sums would spill. */
    private static final boolean FEW_REGISTERS = F.vectorBitSize() == 256;

    private static final VectorShuffle<Float> FOLD_8 = VectorShuffle.iota(F, 8, 1, true);
    private static final VectorShuffle<Float> FOLD_4 = VectorShuffle.iota(F, 4, 1, true);
    private static final VectorShuffle<Float> FOLD_2 = VectorShuffle.iota(F, 2, 1, true);

    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
    private static final float LOG2_E = 1.442695f;
    /** ln 2 in two parts, so that subtracting multiples of it stays exact. */
    private static final float LN2_HIGH = 0.6933594f;

    private static final float LN2_LOW = -2.12194440e-4f;
    /** Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the significand. */
    private static final float ROUND = 12582912f;

    private static final float HALF_SCALE = 0x1p112f;

    VectorKernels() {
        if (PANEL % (2 * LANES) != 0 || LANES < 4) {
            throw new UnsupportedOperationException("vectors of " + F.vectorBitSize() + " bits are not supported");
        }
    }

    @Override
    public String name() {
        return "vector-" + F.vectorBitSize();
    }

    // ---- stored weights

    private static FloatVector f32(MemorySegment data, long element) {
        return FloatVector.fromMemorySegment(F, data, 4 * element, LITTLE);
    }

    private static FloatVector bf16(MemorySegment data, long element) {
        return ((IntVector) ShortVector.fromMemorySegment(S, data, 2 * element, LITTLE)
                        .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
                .lanewise(VectorOperators.LSHL, 16)
                .reinterpretAsFloats();
    }

    /** Exponent and significand shifted into place are the value times 2^-112, subnormals included. */
    private static FloatVector f16(MemorySegment data, long element) {
        IntVector bits = (IntVector)
                ShortVector.fromMemorySegment(S, data, 2 * element, LITTLE).convertShape(VectorOperators.S2I, I, 0);
        FloatVector magnitude = bits.and(0x7fff)
                .lanewise(VectorOperators.LSHL, 13)
                .reinterpretAsFloats()
                .mul(HALF_SCALE);
        return magnitude.reinterpretAsInts().or(bits.and(0x8000_0000)).reinterpretAsFloats();
    }

    @Override
    public void unpack(MemorySegment data, DType dtype, long element, int n, float[] out, int outOffset) {
        int bound = F.loopBound(n);
        int i = 0;
        switch (dtype) {
            case F32 -> {
                for (; i < bound; i += LANES) {
                    f32(data, element + i).intoArray(out, outOffset + i);
                }
            }
            case BF16 -> {
                for (; i < bound; i += LANES) {
                    bf16(data, element + i).intoArray(out, outOffset + i);
                }
            }
            case F16 -> {
                for (; i < bound; i += LANES) {
                    f16(data, element + i).intoArray(out, outOffset + i);
                }
            }
            case I64, I32, U8, I8 -> throw new IllegalArgumentException("weights are floating-point, not " + dtype);
        }
        for (; i < n; i++) {
            out[outOffset + i] = ScalarKernels.element(data, dtype, element + i);
        }
    }

    @Override
    public void dotRows(
            MemorySegment data,
            DType dtype,
            long element,
            int k,
            int outputs,
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            boolean add) {
        int o = 0;
        for (; o + 4 <= outputs; o += 4) {
            long at = element + (long) o * k;
            switch (dtype) {
                case F32 -> dot4F32(data, at, k, x, xOffset, y, yOffset + o, add);
                case BF16 -> dot4Bf16(data, at, k, x, xOffset, y, yOffset + o, add);
                case F16 -> dot4F16(data, at, k, x, xOffset, y, yOffset + o, add);
                case I64, I32, U8, I8 -> throw new IllegalArgumentException("weights are floating-point, not " + dtype);
            }
        }
        for (; o < outputs; o++) {
            float sum = dot1(data, dtype, element + (long) o * k, k, x, xOffset);
            y[yOffset + o] = add ? y[yOffset + o] + sum : sum;
        }
    }

    private static void dot4F32(
            MemorySegment data, long element, int k, float[] x, int xOffset, float[] y, int yOffset, boolean add) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector s2 = FloatVector.zero(F);
        FloatVector s3 = FloatVector.zero(F);
        int bound = F.loopBound(k);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector factor = FloatVector.fromArray(F, x, xOffset + i);
            s0 = f32(data, element + i).fma(factor, s0);
            s1 = f32(data, element + k + i).fma(factor, s1);
            s2 = f32(data, element + 2L * k + i).fma(factor, s2);
            s3 = f32(data, element + 3L * k + i).fma(factor, s3);
        }
        finish4(s0, s1, s2, s3, data, DType.F32, element, bound, k, x, xOffset, y, yOffset, add);
    }

    private static void dot4Bf16(
            MemorySegment data, long element, int k, float[] x, int xOffset, float[] y, int yOffset, boolean add) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector s2 = FloatVector.zero(F);
        FloatVector s3 = FloatVector.zero(F);
        int bound = F.loopBound(k);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector factor = FloatVector.fromArray(F, x, xOffset + i);
            s0 = bf16(data, element + i).fma(factor, s0);
            s1 = bf16(data, element + k + i).fma(factor, s1);
            s2 = bf16(data, element + 2L * k + i).fma(factor, s2);
            s3 = bf16(data, element + 3L * k + i).fma(factor, s3);
        }
        finish4(s0, s1, s2, s3, data, DType.BF16, element, bound, k, x, xOffset, y, yOffset, add);
    }

    private static void dot4F16(
            MemorySegment data, long element, int k, float[] x, int xOffset, float[] y, int yOffset, boolean add) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector s2 = FloatVector.zero(F);
        FloatVector s3 = FloatVector.zero(F);
        int bound = F.loopBound(k);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector factor = FloatVector.fromArray(F, x, xOffset + i);
            s0 = f16(data, element + i).fma(factor, s0);
            s1 = f16(data, element + k + i).fma(factor, s1);
            s2 = f16(data, element + 2L * k + i).fma(factor, s2);
            s3 = f16(data, element + 3L * k + i).fma(factor, s3);
        }
        finish4(s0, s1, s2, s3, data, DType.F16, element, bound, k, x, xOffset, y, yOffset, add);
    }

    private static void finish4(
            FloatVector s0,
            FloatVector s1,
            FloatVector s2,
            FloatVector s3,
            MemorySegment data,
            DType dtype,
            long element,
            int from,
            int k,
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            boolean add) {
        float t0 = sum(s0);
        float t1 = sum(s1);
        float t2 = sum(s2);
        float t3 = sum(s3);
        for (int i = from; i < k; i++) {
            float factor = x[xOffset + i];
            t0 += ScalarKernels.element(data, dtype, element + i) * factor;
            t1 += ScalarKernels.element(data, dtype, element + k + i) * factor;
            t2 += ScalarKernels.element(data, dtype, element + 2L * k + i) * factor;
            t3 += ScalarKernels.element(data, dtype, element + 3L * k + i) * factor;
        }
        y[yOffset] = add ? y[yOffset] + t0 : t0;
        y[yOffset + 1] = add ? y[yOffset + 1] + t1 : t1;
        y[yOffset + 2] = add ? y[yOffset + 2] + t2 : t2;
        y[yOffset + 3] = add ? y[yOffset + 3] + t3 : t3;
    }

    private static float dot1(MemorySegment data, DType dtype, long element, int k, float[] x, int xOffset) {
        FloatVector sum = FloatVector.zero(F);
        int bound = F.loopBound(k);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector w = switch (dtype) {
                case F32 -> f32(data, element + i);
                case BF16 -> bf16(data, element + i);
                case F16 -> f16(data, element + i);
                case I64, I32, U8, I8 -> throw new IllegalArgumentException("weights are floating-point, not " + dtype);
            };
            sum = w.fma(FloatVector.fromArray(F, x, xOffset + i), sum);
        }
        float total = sum(sum);
        for (int i = bound; i < k; i++) {
            total += ScalarKernels.element(data, dtype, element + i) * x[xOffset + i];
        }
        return total;
    }

    /**
     * The sum over lanes, always in the same order: that of reduceLanes may change when code is compiled, and results with
     * it.
     */
    private static float sum(FloatVector v) {
        FloatVector folded = v;
        if (LANES > 8) {
            folded = folded.add(folded.rearrange(FOLD_8));
        }
        if (LANES > 4) {
            folded = folded.add(folded.rearrange(FOLD_4));
        }
        folded = folded.add(folded.rearrange(FOLD_2));
        return folded.lane(0) + folded.lane(1);
    }

    // ---- products of panels

    @Override
    public void tile(
            int k, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride, boolean add) {
        if (!add) {
            clear(c, cOffset, cStride);
        }
        for (int j = 0; j < PANEL; j += 2 * LANES) {
            if (FEW_REGISTERS) {
                tile4(k, a, aOffset, b, bOffset + j, c, cOffset + j, cStride);
                tile4(k, a, aOffset + 4, b, bOffset + j, c, cOffset + 4 * cStride + j, cStride);
            } else {
                tile8(k, a, aOffset, b, bOffset + j, c, cOffset + j, cStride);
            }
        }
    }

    private static void clear(float[] c, int cOffset, int cStride) {
        FloatVector zero = FloatVector.zero(F);
        for (int r = 0; r < ROWS; r++) {
            for (int j = 0; j < PANEL; j += LANES) {
                zero.intoArray(c, cOffset + r * cStride + j);
            }
        }
    }

    /**
     * 8 rows by 2 vectors of sums in registers. Straight-line and always adding: with a second way to end, the compiler
     * would stop inlining halfway and box every vector.
     */
    private static void tile8(
            int k, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride) {
        int to1 = cOffset + cStride;
        int to2 = cOffset + 2 * cStride;
        int to3 = cOffset + 3 * cStride;
        int to4 = cOffset + 4 * cStride;
        int to5 = cOffset + 5 * cStride;
        int to6 = cOffset + 6 * cStride;
        int to7 = cOffset + 7 * cStride;
        FloatVector c00 = FloatVector.fromArray(F, c, cOffset);
        FloatVector c01 = FloatVector.fromArray(F, c, cOffset + LANES);
        FloatVector c10 = FloatVector.fromArray(F, c, to1);
        FloatVector c11 = FloatVector.fromArray(F, c, to1 + LANES);
        FloatVector c20 = FloatVector.fromArray(F, c, to2);
        FloatVector c21 = FloatVector.fromArray(F, c, to2 + LANES);
        FloatVector c30 = FloatVector.fromArray(F, c, to3);
        FloatVector c31 = FloatVector.fromArray(F, c, to3 + LANES);
        FloatVector c40 = FloatVector.fromArray(F, c, to4);
        FloatVector c41 = FloatVector.fromArray(F, c, to4 + LANES);
        FloatVector c50 = FloatVector.fromArray(F, c, to5);
        FloatVector c51 = FloatVector.fromArray(F, c, to5 + LANES);
        FloatVector c60 = FloatVector.fromArray(F, c, to6);
        FloatVector c61 = FloatVector.fromArray(F, c, to6 + LANES);
        FloatVector c70 = FloatVector.fromArray(F, c, to7);
        FloatVector c71 = FloatVector.fromArray(F, c, to7 + LANES);
        for (int i = 0; i < k; i++) {
            int at = aOffset + i * PANEL;
            FloatVector b0 = FloatVector.fromArray(F, b, bOffset + i * PANEL);
            FloatVector b1 = FloatVector.fromArray(F, b, bOffset + i * PANEL + LANES);
            FloatVector a0 = FloatVector.broadcast(F, a[at]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(F, a[at + 1]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(F, a[at + 2]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(F, a[at + 3]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(F, a[at + 4]);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(F, a[at + 5]);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            FloatVector a6 = FloatVector.broadcast(F, a[at + 6]);
            c60 = a6.fma(b0, c60);
            c61 = a6.fma(b1, c61);
            FloatVector a7 = FloatVector.broadcast(F, a[at + 7]);
            c70 = a7.fma(b0, c70);
            c71 = a7.fma(b1, c71);
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + LANES);
        c10.intoArray(c, to1);
        c11.intoArray(c, to1 + LANES);
        c20.intoArray(c, to2);
        c21.intoArray(c, to2 + LANES);
        c30.intoArray(c, to3);
        c31.intoArray(c, to3 + LANES);
        c40.intoArray(c, to4);
        c41.intoArray(c, to4 + LANES);
        c50.intoArray(c, to5);
        c51.intoArray(c, to5 + LANES);
        c60.intoArray(c, to6);
        c61.intoArray(c, to6 + LANES);
        c70.intoArray(c, to7);
        c71.intoArray(c, to7 + LANES);
    }

    /** As tile8, for half the registers. */
    private static void tile4(
            int k, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride) {
        int to1 = cOffset + cStride;
        int to2 = cOffset + 2 * cStride;
        int to3 = cOffset + 3 * cStride;
        FloatVector c00 = FloatVector.fromArray(F, c, cOffset);
        FloatVector c01 = FloatVector.fromArray(F, c, cOffset + LANES);
        FloatVector c10 = FloatVector.fromArray(F, c, to1);
        FloatVector c11 = FloatVector.fromArray(F, c, to1 + LANES);
        FloatVector c20 = FloatVector.fromArray(F, c, to2);
        FloatVector c21 = FloatVector.fromArray(F, c, to2 + LANES);
        FloatVector c30 = FloatVector.fromArray(F, c, to3);
        FloatVector c31 = FloatVector.fromArray(F, c, to3 + LANES);
        for (int i = 0; i < k; i++) {
            int at = aOffset + i * PANEL;
            FloatVector b0 = FloatVector.fromArray(F, b, bOffset + i * PANEL);
            FloatVector b1 = FloatVector.fromArray(F, b, bOffset + i * PANEL + LANES);
            FloatVector a0 = FloatVector.broadcast(F, a[at]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(F, a[at + 1]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(F, a[at + 2]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(F, a[at + 3]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + LANES);
        c10.intoArray(c, to1);
        c11.intoArray(c, to1 + LANES);
        c20.intoArray(c, to2);
        c21.intoArray(c, to2 + LANES);
        c30.intoArray(c, to3);
        c31.intoArray(c, to3 + LANES);
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
    public void transpose(
            float[] rows, int rowsOffset, int rowStride, int columns, int k, float[] panel, int panelOffset) {
        if (columns < PANEL) {
            Arrays.fill(panel, panelOffset, panelOffset + k * PANEL, 0);
        }
        for (int c = 0; c < columns; c++) {
            int from = rowsOffset + c * rowStride;
            int to = panelOffset + c;
            for (int i = 0; i < k; i++) {
                panel[to + i * PANEL] = rows[from + i];
            }
        }
    }

    // ---- rows

    @Override
    public void rmsNorm(float[] x, int xOffset, int n, float eps, float[] weight, float[] y, int yOffset) {
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
        float squares = sum(s0.add(s1).add(s2.add(s3)));
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
    public void rotate(float[] x, int xOffset, int half, float[] cos, float[] sin, int angleOffset) {
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

    /**
     * exp(x) for x <= 0, relative error about 1e-7; 0 below -87.3. x = n ln 2 + r; the polynomial is exp's Taylor series on
     * |r| <= ln 2 / 2, the first term left out being below 2^-26. No clamping: Java's max and min take many instructions.
     */
    private static FloatVector exp(FloatVector x) {
        VectorMask<Float> tiny = x.compare(VectorOperators.LT, -87.3f);
        FloatVector rounded = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
        FloatVector n = rounded.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), x);
        r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
        FloatVector p = r.fma(FloatVector.broadcast(F, 1f / 5040), FloatVector.broadcast(F, 1f / 720));
        p = p.fma(r, FloatVector.broadcast(F, 1f / 120));
        p = p.fma(r, FloatVector.broadcast(F, 1f / 24));
        p = p.fma(r, FloatVector.broadcast(F, 1f / 6));
        p = p.fma(r, FloatVector.broadcast(F, 0.5f));
        p = p.fma(r, FloatVector.broadcast(F, 1f));
        p = p.fma(r, FloatVector.broadcast(F, 1f));
        FloatVector power = rounded.reinterpretAsInts()
                .add(127)
                .lanewise(VectorOperators.LSHL, 23)
                .reinterpretAsFloats();
        return p.mul(power).blend(0f, tiny);
    }

    @Override
    public void siluMultiply(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
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
    public void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
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
    public void scale(float[] x, int xOffset, int n, float factor) {
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
    public float max(float[] x, int xOffset, int n) {
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
    public float expSum(float[] x, int xOffset, int n, float max) {
        FloatVector sums = FloatVector.zero(F);
        int bound = F.loopBound(n);
        int i = 0;
        for (; i < bound; i += LANES) {
            FloatVector e = exp(FloatVector.fromArray(F, x, xOffset + i).sub(max));
            e.intoArray(x, xOffset + i);
            sums = sums.add(e);
        }
        float sum = sum(sums);
        for (; i < n; i++) {
            float e = (float) Math.exp(x[xOffset + i] - max);
            x[xOffset + i] = e;
            sum += e;
        }
        return sum;
    }

    // ---- attention

    @Override
    public void scores(
            float[] q, int qOffset, int headDim, float[] panel, int panelOffset, float[] out, int outOffset) {
        weighted(q, qOffset, headDim, panel, panelOffset, out, outOffset, false);
    }

    @Override
    public void weightedSum(
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
        for (int j = 0; j < PANEL; j += 2 * LANES) {
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
            int at = pOffset + r * PANEL;
            FloatVector f0 = FloatVector.broadcast(F, factor[fOffset + r]);
            FloatVector f1 = FloatVector.broadcast(F, factor[fOffset + r + 1]);
            FloatVector f2 = FloatVector.broadcast(F, factor[fOffset + r + 2]);
            FloatVector f3 = FloatVector.broadcast(F, factor[fOffset + r + 3]);
            a0 = f0.fma(FloatVector.fromArray(F, panel, at), a0);
            a1 = f0.fma(FloatVector.fromArray(F, panel, at + LANES), a1);
            b0 = f1.fma(FloatVector.fromArray(F, panel, at + PANEL), b0);
            b1 = f1.fma(FloatVector.fromArray(F, panel, at + PANEL + LANES), b1);
            c0 = f2.fma(FloatVector.fromArray(F, panel, at + 2 * PANEL), c0);
            c1 = f2.fma(FloatVector.fromArray(F, panel, at + 2 * PANEL + LANES), c1);
            d0 = f3.fma(FloatVector.fromArray(F, panel, at + 3 * PANEL), d0);
            d1 = f3.fma(FloatVector.fromArray(F, panel, at + 3 * PANEL + LANES), d1);
        }
        for (; r < rows; r++) {
            int at = pOffset + r * PANEL;
            FloatVector f0 = FloatVector.broadcast(F, factor[fOffset + r]);
            a0 = f0.fma(FloatVector.fromArray(F, panel, at), a0);
            a1 = f0.fma(FloatVector.fromArray(F, panel, at + LANES), a1);
        }
        store(a0.add(b0).add(c0.add(d0)), a1.add(b1).add(c1.add(d1)), out, outOffset, add);
    }

    @Override
    public void laneMask(float[] s, int sOffset, int rows, int firstPosition, int[] queryPositions, int window) {
        for (int lane = 0; lane < PANEL; lane += LANES) {
            IntVector distance = IntVector.fromArray(I, queryPositions, lane).sub(firstPosition);
            for (int r = 0; r < rows; r++) {
                int at = sOffset + r * PANEL + lane;
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
    public void laneSoftmax(float[] s, int sOffset, int rows, float[] max, float[] sum, float[] correction) {
        for (int lane = 0; lane < PANEL; lane += LANES) {
            laneMax(s, sOffset + lane, rows, max, correction, lane);
            laneExp(s, sOffset + lane, rows, max, sum, correction, lane);
        }
    }

    /** By comparison, as scores are numbers: Java's max also orders NaN and zeros, in many instructions. */
    private static void laneMax(float[] s, int offset, int rows, float[] max, float[] correction, int lane) {
        FloatVector before = FloatVector.fromArray(F, max, lane);
        FloatVector m = before;
        for (int r = 0; r < rows; r++) {
            FloatVector v = FloatVector.fromArray(F, s, offset + r * PANEL);
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
            FloatVector e = exp(FloatVector.fromArray(F, s, offset + r * PANEL).sub(m));
            e.intoArray(s, offset + r * PANEL);
            total = total.add(e);
        }
        total.intoArray(sum, lane);
    }

    // ---- retention

    @Override
    public void retention(
            float[] state,
            int stateOffset,
            int headDim,
            float decay,
            float scale,
            float[] q,
            float[] k,
            float[] v,
            int offset,
            float[] out,
            int outOffset) {
        int bound = F.loopBound(headDim);
        int j = 0;
        for (; j < bound; j += LANES) {
            FloatVector value = FloatVector.fromArray(F, v, offset + j).mul(scale);
            FloatVector even = FloatVector.zero(F);
            FloatVector odd = FloatVector.zero(F);
            int i = 0;
            for (; i < headDim - 1; i += 2) {
                int row = stateOffset + i * headDim + j;
                FloatVector s0 = value.fma(
                        FloatVector.broadcast(F, k[offset + i]),
                        FloatVector.fromArray(F, state, row).mul(decay));
                FloatVector s1 = value.fma(
                        FloatVector.broadcast(F, k[offset + i + 1]),
                        FloatVector.fromArray(F, state, row + headDim).mul(decay));
                s0.intoArray(state, row);
                s1.intoArray(state, row + headDim);
                even = s0.fma(FloatVector.broadcast(F, q[offset + i]), even);
                odd = s1.fma(FloatVector.broadcast(F, q[offset + i + 1]), odd);
            }
            for (; i < headDim; i++) {
                int row = stateOffset + i * headDim + j;
                FloatVector s0 = value.fma(
                        FloatVector.broadcast(F, k[offset + i]),
                        FloatVector.fromArray(F, state, row).mul(decay));
                s0.intoArray(state, row);
                even = s0.fma(FloatVector.broadcast(F, q[offset + i]), even);
            }
            even.add(odd).intoArray(out, outOffset + j);
        }
        for (; j < headDim; j++) {
            float value = v[offset + j] * scale;
            float sum = 0;
            for (int i = 0; i < headDim; i++) {
                int at = stateOffset + i * headDim + j;
                state[at] = decay * state[at] + k[offset + i] * value;
                sum += q[offset + i] * state[at];
            }
            out[outOffset + j] = sum;
        }
    }
}
