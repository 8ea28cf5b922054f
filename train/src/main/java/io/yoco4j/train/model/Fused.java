package io.yoco4j.train.model;

import java.util.concurrent.atomic.AtomicBoolean;

/** What a trainer computes in Java rather than by libtorch: {@link FusedRows}, and in float32 {@link FusedAttention}. */
final class Fused implements AutoCloseable {
    private static final String VECTOR_API = "jdk.incubator.vector";
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    private final GraphNodes nodes = new GraphNodes();
    private final Workers workers = new Workers();
    private final FusedRows rows = new FusedRows(nodes, workers);
    private final FusedAttention attention = new FusedAttention(nodes, workers);

    /** Whether this JVM has the Vector API's module; where not, it says so once. */
    static boolean available() {
        boolean there = ModuleLayer.boot().findModule(VECTOR_API).isPresent();
        if (!there && !WARNED.getAndSet(true)) {
            System.getLogger(Fused.class.getName())
                    .log(
                            System.Logger.Level.WARNING,
                            "Training without fused kernels, at about half the speed: add --add-modules " + VECTOR_API
                                    + " to the java command.");
        }
        return there;
    }

    FusedRows rows() {
        return rows;
    }

    FusedAttention attention() {
        return attention;
    }

    @Override
    public void close() {
        workers.close();
        nodes.close();
    }
}
