package io.yoco4j.benchmarks;

import io.yoco4j.engine.kernel.KernelSelection;
import io.yoco4j.engine.kernel.MachineLimits;
import io.yoco4j.engine.kernel.MachineProbe;
import java.util.List;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;

/**
 * Runs JMH with its own options (a pattern of names, {@code -p format=Q8}), then prints each kernel beside its scalar twin
 * and as a share of what one thread can do, measured before and after.
 */
public final class KernelBenchmarks {
    /** All there are. */
    static final List<Class<? extends KernelBenchmark>> ALL = List.of(
            WeightBenchmark.class,
            TileBenchmark.class,
            RowBenchmark.class,
            AttentionBenchmark.class,
            KvBenchmark.class,
            RetentionBenchmark.class);

    private KernelBenchmarks() {}

    public static void main(String[] args) throws CommandLineOptionException, RunnerException {
        CommandLineOptions options = new CommandLineOptions(args);
        Runner runner = new Runner(options);
        if (options.shouldList()) {
            runner.list();
            return;
        }
        MachineLimits before = limits();
        KernelReport report = new KernelReport(runner.run());
        System.out.println(report.table(before.max(limits())));
    }

    private static MachineLimits limits() {
        try (MachineProbe probe = new MachineProbe(KernelSelection.AUTO.kernels(), 1)) {
            return probe.measure();
        }
    }
}
