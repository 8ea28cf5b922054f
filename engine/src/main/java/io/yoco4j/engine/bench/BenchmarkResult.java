package io.yoco4j.engine.bench;

import io.yoco4j.engine.kernel.MachineLimits;
import java.util.List;

/**
 * A whole run.
 *
 * @param points in the order of the options, systems innermost but for batch sizes
 * @param limits of the machine, the highest measured in the run
 * @param kernels in use, e.g. {@code vector-512}
 */
public record BenchmarkResult(List<BenchmarkPoint> points, MachineLimits limits, String kernels) {}
