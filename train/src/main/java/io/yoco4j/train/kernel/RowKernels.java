package io.yoco4j.train.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What layers do beside matrix products and attention, and its gradients, over a range of rows: RMSNorm (Zhang and
 * Sennrich 2019), SwiGLU (Shazeer 2020) and rotary embedding (Su et al. 2021). Arithmetic is in float32, each element is
 * read and written once.
 */
public final class RowKernels {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = F.length();

    private RowKernels() {}

    /**
     * {@code y = x / sqrt(mean(x^2) + eps) * weight}, for rows from..to-1 of {@code weight.length} entries.
     *
     * @param weight of each column
     */
    public static void rmsNorm(RowMemory x, float[] weight, double eps, RowMemory y, int from, int to) {
        int width = weight.length;
        float[] row = new float[width];
        for (int r = from; r < to; r++) {
            long at = (long) r * width;
            x.read(at, row, width);
            float scale = scale(row, eps);
            for (int i = 0; i < width; i++) {
                row[i] *= scale * weight[i];
            }
            y.write(row, at, width);
        }
    }

    /**
     * Gradients of {@link #rmsNorm}.
     *
     * @param dy the output's
     * @param dx the input's
     * @param weightGradient to which that of the weight is added
     */
    public static void rmsNormGradient(
            RowMemory x,
            float[] weight,
            double eps,
            RowMemory dy,
            RowMemory dx,
            float[] weightGradient,
            int from,
            int to) {
        int width = weight.length;
        float[] row = new float[width];
        float[] gradient = new float[width];
        for (int r = from; r < to; r++) {
            long at = (long) r * width;
            x.read(at, row, width);
            dy.read(at, gradient, width);
            float scale = scale(row, eps);
            for (int i = 0; i < width; i++) {
                weightGradient[i] += gradient[i] * row[i] * scale;
                gradient[i] *= weight[i];
            }
            float back = -dot(gradient, row) * scale * scale * scale / width;
            for (int i = 0; i < width; i++) {
                gradient[i] = gradient[i] * scale + row[i] * back;
            }
            dx.write(gradient, at, width);
        }
    }

    private static float scale(float[] row, double eps) {
        return (float) (1 / Math.sqrt(dot(row, row) / row.length + eps));
    }

    private static float dot(float[] a, float[] b) {
        FloatVector sums = FloatVector.zero(F);
        int i = 0;
        for (; i <= a.length - LANES; i += LANES) {
            sums = FloatVector.fromArray(F, a, i).fma(FloatVector.fromArray(F, b, i), sums);
        }
        float sum = 0;
        for (int lane = 0; lane < LANES; lane++) {
            sum += sums.lane(lane); // in this order always: a run must come out the same to the bit
        }
        for (; i < a.length; i++) {
            sum = Math.fma(a[i], b[i], sum);
        }
        return sum;
    }

    /**
     * {@code y = silu(gate) * up}, for rows from..to-1.
     *
     * @param gateUp [rows, 2 x width], gate and up beside each other
     * @param y [rows, width]
     */
    public static void swiGlu(RowMemory gateUp, int width, RowMemory y, int from, int to) {
        float[] g = new float[padded(width)];
        float[] u = new float[padded(width)];
        for (long r = from; r < to; r++) {
            gateUp.read(2 * r * width, g, width);
            gateUp.read((2 * r + 1) * width, u, width);
            for (int i = 0; i < width; i += LANES) {
                FloatVector x = FloatVector.fromArray(F, g, i);
                x.mul(sigmoid(x)).mul(FloatVector.fromArray(F, u, i)).intoArray(g, i);
            }
            y.write(g, r * width, width);
        }
    }

    /**
     * Gradient of {@link #swiGlu}: {@code dgate = dy * up * silu'(gate)}, {@code dup = dy * silu(gate)}.
     *
     * @param to [rows, 2 x width]
     */
    public static void swiGluGradient(RowMemory gateUp, int width, RowMemory dy, RowMemory to, int first, int last) {
        float[] g = new float[padded(width)];
        float[] u = new float[padded(width)];
        float[] d = new float[padded(width)];
        for (long r = first; r < last; r++) {
            gateUp.read(2 * r * width, g, width);
            gateUp.read((2 * r + 1) * width, u, width);
            dy.read(r * width, d, width);
            for (int i = 0; i < width; i += LANES) {
                FloatVector x = FloatVector.fromArray(F, g, i);
                FloatVector upstream = FloatVector.fromArray(F, d, i);
                FloatVector s = sigmoid(x);
                FloatVector silu = x.mul(s);
                // silu'(x) = s + x s (1 - s)
                FloatVector slope = silu.fma(FloatVector.broadcast(F, 1f).sub(s), s);
                slope.mul(FloatVector.fromArray(F, u, i)).mul(upstream).intoArray(g, i);
                silu.mul(upstream).intoArray(u, i);
            }
            to.write(g, 2 * r * width, width);
            to.write(u, (2 * r + 1) * width, width);
        }
    }

    private static int padded(int width) {
        return (width + LANES - 1) / LANES * LANES;
    }

    private static FloatVector sigmoid(FloatVector x) {
        // Of exponentials only those of numbers below 0 are asked for: none overflows, and small results keep their
        // digits.
        FloatVector e = VectorExp.exp(x.abs().neg());
        FloatVector one = FloatVector.broadcast(F, 1f);
        return one.blend(e, x.compare(VectorOperators.LT, 0f)).div(e.add(one));
    }

    /**
     * Rotates pairs (x[j], x[j + hd/2]) of each head by its token's angles.
     *
     * @param x [rows, heads, hd]; row r is token r modulo N
     * @param cos [N, hd/2]
     * @param sin likewise; negated for the gradient
     * @param y where the rotated rows go, may be x
     */
    public static void rotate(RowMemory x, RowMemory y, int heads, int hd, float[] cos, float[] sin, int from, int to) {
        int half = hd / 2;
        int width = heads * hd;
        int tokens = cos.length / half;
        float[] row = new float[width];
        for (int r = from; r < to; r++) {
            long at = (long) r * width;
            x.read(at, row, width);
            for (int h = 0; h < width; h += hd) {
                VectorAttention.rotate(row, h, half, cos, sin, r % tokens * half);
            }
            y.write(row, at, width);
        }
    }
}
