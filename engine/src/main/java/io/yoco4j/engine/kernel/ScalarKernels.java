package io.yoco4j.engine.kernel;

/** Plain loops: the reference that vector kernels are tested against, and what runs without the Vector API. */
public final class ScalarKernels
        implements Kernels,
                ScalarWeights,
                ScalarProducts,
                ScalarTiles,
                ScalarRows,
                ScalarAttention,
                ScalarKv,
                ScalarRetention {
    @Override
    public String name() {
        return "scalar";
    }
}
