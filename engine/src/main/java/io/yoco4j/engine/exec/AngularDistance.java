package io.yoco4j.engine.exec;

/**
 * How far two vectors point apart, whatever their lengths: {@code arccos(cos(a, b)) / pi}, from 0, the same direction,
 * over 0.5, at right angles, to 1, opposite ones. The measure of Gromov et al. 2024, "The Unreasonable Ineffectiveness of
 * the Deeper Layers", for what a layer does to the residual stream.
 */
public final class AngularDistance {
    private AngularDistance() {}

    /**
     * The distance of two vectors of {@code n} values. In double, as the cosine of a small angle is next to 1, where float
     * tells no angles below 0.0003 apart. NaN where a vector has no direction: zeros, or what is not finite.
     */
    public static double of(float[] a, int aOffset, float[] b, int bOffset, int n) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int j = 0; j < n; j++) {
            double u = a[aOffset + j];
            double v = b[bOffset + j];
            ab += u * v;
            aa += u * u;
            bb += v * v;
        }
        // Rounding may put it beyond 1, where there is no arccos; clamp keeps NaN.
        double cosine = Math.clamp(ab / Math.sqrt(aa * bb), -1.0, 1.0);
        return Math.acos(cosine) / Math.PI;
    }
}
