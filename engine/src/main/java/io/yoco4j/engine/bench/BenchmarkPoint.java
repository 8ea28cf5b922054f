package io.yoco4j.engine.bench;

import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.kernel.MachineLimits;
import java.util.OptionalDouble;

/**
 * What one model did at one context length and batch size.
 *
 * @param system its name among the presets
 * @param size its name among the presets
 * @param weights format of its matrices
 * @param kv format of its caches
 * @param context tokens of the prompt
 * @param batch contexts decoded together
 * @param threads computed with
 * @param prefill tokens per second of one prompt
 * @param decode tokens per second at that depth, of the batch together
 * @param firstToken seconds from an empty context to the first token drawn
 * @param kvBytes of one context after its prompt, measured
 * @param kvBytesPredicted what {@code Accounting.cacheBytes} says of it
 * @param kvBytesAllocated memory taken for it: whole blocks, with padding of narrow heads
 * @param flopsShare of the limit, float32 arithmetic, reached by the median prefill; empty where other means than the
 *     engine's own multiply, whose limit is not measured
 * @param bandwidthShare of the limit, reached by the median decoding, weights counted once per step
 * @param decodeAllocatedBytes of a step of decoding, the median one of the last repeat, on one of its threads: a few thousand,
 *     or millions where the JVM's compiler gave a kernel up and made objects of its vectors; 0 of fewer than 16 steps
 * @param limits of the machine, the highest measured in the same run until then
 */
public record BenchmarkPoint(
        String system,
        String size,
        WeightFormat weights,
        KvFormat kv,
        int context,
        int batch,
        int threads,
        Spread prefill,
        Spread decode,
        Spread firstToken,
        long kvBytes,
        long kvBytesPredicted,
        long kvBytesAllocated,
        OptionalDouble flopsShare,
        double bandwidthShare,
        long decodeAllocatedBytes,
        MachineLimits limits) {
    /** Bytes of a step far beyond what compiled kernels allocate, and below what others do. */
    static final long MUCH_ALLOCATED = 512 << 10;

    /** Whether decoding allocated so much that the figures say less of the engine than of what the JVM made of it. */
    public boolean slowedByAllocation() {
        return decodeAllocatedBytes > MUCH_ALLOCATED;
    }
}
