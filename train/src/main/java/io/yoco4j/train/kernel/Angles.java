package io.yoco4j.train.kernel;

/**
 * Cosines and sines of the angles of rotary embedding, [N, half] each.
 *
 * @param half entries that a token has: hd/2, or none
 * @param minusSin the sines of the way back
 */
public record Angles(int half, float[] cos, float[] sin, float[] minusSin) {
    /** No rotation. */
    public static final Angles NONE = new Angles(0, new float[0], new float[0], new float[0]);

    /** Of positions from..from+n-1: {@code position x theta^(-2j/hd)} for j below hd/2. */
    public static Angles of(int from, int n, int hd, double theta) {
        int half = hd / 2;
        Angles angles = new Angles(half, new float[n * half], new float[n * half], new float[n * half]);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < half; j++) {
                double angle = (from + i) * Math.pow(theta, -2.0 * j / hd);
                angles.cos[i * half + j] = (float) Math.cos(angle);
                angles.sin[i * half + j] = (float) Math.sin(angle);
                angles.minusSin[i * half + j] = -angles.sin[i * half + j];
            }
        }
        return angles;
    }
}
