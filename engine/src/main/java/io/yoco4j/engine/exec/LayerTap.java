package io.yoco4j.engine.exec;

/**
 * Sees the residual stream x [n, D] of a step on its way; the array is overwritten afterwards. Rows of a batch of one
 * context keep their order.
 */
public interface LayerTap {
    /** Looks at nothing. */
    LayerTap NONE = new LayerTap() {};

    /** The embeddings, what the first layer takes. */
    default void embedded(float[] x, int n) {}

    /** What a layer put out. */
    default void layer(int stage, int iteration, int layer, float[] x, int n) {}
}
