package io.yoco4j.engine.exec;

/** Sees the residual stream x [n, D] of a step on its way; the array is overwritten afterwards. */
public interface LayerTap {
    /** The embeddings, what the first layer takes. */
    void embedded(float[] x, int n);

    /** What a layer put out. */
    void layer(int stage, int iteration, int layer, float[] x, int n);
}
