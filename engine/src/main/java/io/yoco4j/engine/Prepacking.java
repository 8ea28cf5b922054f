package io.yoco4j.engine;

import com.sun.management.OperatingSystemMXBean;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.engine.exec.ModelWeights;
import io.yoco4j.engine.kernel.ManyRowProducts;
import io.yoco4j.engine.kernel.Weight;
import io.yoco4j.engine.kernel.WorkerPool;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Copies of a model's weights as its {@link ManyRowProducts} read them fastest. */
final class Prepacking {
    private static final double GIBIBYTE = 1L << 30;

    private Prepacking() {}

    /**
     * Makes them.
     *
     * @throws InvalidInputException when nothing would read them, or this machine has less memory beside the heap
     */
    static void of(ModelWeights weights, Optional<ManyRowProducts> products, WorkerPool pool) {
        ManyRowProducts reader = products.orElseThrow(() -> new InvalidInputException(
                "prepacked weights were asked for, but this engine's own products read weights where they lie: leave prepack"
                        + " out, or put engine-onednn on the class path, for weights in BF16, Q8 or Q4 on a processor that"
                        + " multiplies bfloat16"));
        OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        requireRoom(
                weights.factors(),
                machine.getTotalMemorySize(),
                Runtime.getRuntime().maxMemory());
        long bytes = weights.factors().stream()
                .mapToLong(w -> reader.prepack(w, pool))
                .sum();
        if (bytes == 0) {
            throw new InvalidInputException("prepacked weights were asked for, but products by " + reader.name()
                    + " read weights where they lie: leave prepack out");
        }
    }

    /** Before anything is allocated: beyond the heap's limit nobody refuses, and the system ends what takes too much. */
    static void requireRoom(List<Weight> weights, long memory, long heap) {
        long needed = weights.stream()
                .mapToLong(w -> (long) w.outputs() * w.inputs() * Short.BYTES)
                .sum();
        if (needed > memory - heap) {
            throw new InvalidInputException(String.format(
                    Locale.ROOT,
                    "prepacked weights need %.1f GiB, but beside a heap of up to %.1f the machine's %.1f GiB leave %.1f:"
                            + " leave prepack out, or give the JVM less (-Xmx; for the command, in YOCO_JAVA_OPTIONS)",
                    needed / GIBIBYTE,
                    heap / GIBIBYTE,
                    memory / GIBIBYTE,
                    Math.max(0, memory - heap) / GIBIBYTE));
        }
    }
}
