package io.yoco4j.engine.kernel;

import java.util.Objects;

/**
 * Kernels on the Vector API, for whatever width the processor prefers up to 512 bits. Loaded by name only, so that
 * nothing else links to the incubating module.
 */
final class VectorKernels
        implements Kernels,
                VectorWeights,
                VectorProducts,
                VectorTiles,
                VectorRows,
                VectorAttention,
                VectorKv,
                VectorRetention {
    VectorKernels() {
        if (PANEL % (2 * Lanes.LANES) != 0 || Lanes.LANES < 4) {
            throw new UnsupportedOperationException(
                    "vectors of " + Lanes.F.vectorBitSize() + " bits are not supported");
        }
        Objects.requireNonNull(RawMemory.ALL); // here, where a JVM that forbids it can still do without vectors
    }

    @Override
    public String name() {
        return "vector-" + Lanes.F.vectorBitSize();
    }
}
