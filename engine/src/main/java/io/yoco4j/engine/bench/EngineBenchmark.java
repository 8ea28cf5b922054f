package io.yoco4j.engine.bench;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.engine.kernel.DirectMemory;
import io.yoco4j.engine.kernel.KernelSelection;
import io.yoco4j.engine.kernel.MachineLimits;
import io.yoco4j.engine.kernel.MachineProbe;
import io.yoco4j.engine.kernel.ProductSelection;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;

/**
 * Prefill and decode speed of systems at growing contexts, on random weights. Systems take turns within each repeat, so
 * that a noisy machine hits all alike, and the machine's limits are measured in the same minutes.
 */
public final class EngineBenchmark {
    private final BenchmarkOptions options;
    private final List<List<Subject>> groups;
    private MachineLimits limits = new MachineLimits(0, 0);
    /** The first measurement, which progress is reckoned by. */
    private MachineLimits assumed = limits;

    private double workDone;
    private double work;

    /**
     * Prepares a run.
     *
     * @throws InvalidInputException when a context would not fit memory
     */
    public EngineBenchmark(BenchmarkOptions options) {
        this.options = options;
        groups = groups(options);
        groups.forEach(group -> group.forEach(this::requireMemory));
    }

    /**
     * Measures all points, once.
     *
     * @throws IllegalStateException when a cache does not have the bytes that accounting predicts
     */
    public BenchmarkResult run(BenchmarkListener listener) {
        List<BenchmarkPoint> points = new ArrayList<>();
        // Products of other means are taken for some formats only, so one run can have several names.
        Set<String> kernelNames = new TreeSet<>();
        try (MachineProbe probe = new MachineProbe(KernelSelection.AUTO.kernels(), options.threads())) {
            limits = probe.measure();
            assumed = limits;
            work = groups.stream()
                    .flatMap(List::stream)
                    .flatMapToDouble(
                            s -> options.contexts().stream().mapToDouble(n -> options.repeat() * seconds(s, n)))
                    .sum();
            for (List<Subject> group : groups) {
                try (Models models = new Models(group, options)) {
                    warmUp(group, models);
                    kernelNames.add(models.use(group.getFirst(), YocoModel::kernels));
                    for (int context : options.contexts()) {
                        points.addAll(measure(group, models, context, probe, listener));
                    }
                }
            }
        }
        return new BenchmarkResult(List.copyOf(points), limits, String.join(", ", kernelNames));
    }

    /** Systems that are compared, by size and formats. */
    private static List<List<Subject>> groups(BenchmarkOptions options) {
        List<List<Subject>> groups = new ArrayList<>();
        for (String size : options.sizes()) {
            for (WeightFormat weights : options.weights()) {
                for (KvFormat kv : options.kv()) {
                    groups.add(options.systems().stream()
                            .map(s -> new Subject(s, size, options.architecture(s, size), weights, kv))
                            .toList());
                }
            }
        }
        return groups;
    }

    private void requireMemory(Subject s) {
        // The rest is for activations, and for what the collector has not found yet.
        long available = Runtime.getRuntime().maxMemory() / 4 * 3;
        long caches = s.cacheBytes(options.longest(), options.generate(), options.forks());
        if (caches > available) {
            throw new InvalidInputException(String.format(
                    Locale.ROOT,
                    "a context of %d tokens of %s at size %s takes %,d MiB of caches%s, but this JVM has"
                            + " %,d MiB for them: shorten it, store keys and values as q8 (--kv q8), or give"
                            + " the JVM more (-Xmx in YOCO_JAVA_OPTIONS)",
                    options.longest(),
                    s.system(),
                    s.size(),
                    caches >> 20,
                    options.forks() == 0 ? "" : " with its forks",
                    available >> 20));
        }
        requireWeights(s, DirectMemory.limit());
    }

    /** Random weights lie beside the heap; prepacked ones, in arenas that are closed, are not bounded by the JVM. */
    static void requireWeights(Subject s, long direct) {
        long weights = s.weightBytes();
        if (weights > direct) {
            throw new InvalidInputException(String.format(
                    Locale.ROOT,
                    "the weights of %s at size %s take %,d MiB, but this JVM has %,d MiB beside its heap: choose a smaller"
                            + " size or a smaller format (--weights), or give the JVM more (-XX:MaxDirectMemorySize in"
                            + " YOCO_JAVA_OPTIONS)",
                    s.system(),
                    s.size(),
                    weights >> 20,
                    direct >> 20));
        }
    }

    /** What one measurement should take at the machine's limits. */
    private double seconds(Subject s, int context) {
        double flops = s.prefillFlops(context, options.fullPrefill());
        double bytes = options.batches().stream()
                .mapToDouble(b -> s.decodeBytes(context, options.generate(), b))
                .sum();
        return flops / assumed.flops() + bytes / assumed.bytesPerSecond();
    }

    /** Compiles the kernels, on short prompts. */
    private void warmUp(List<Subject> group, Models models) {
        for (Subject s : group) {
            models.use(s, model -> new Trial(model, s, options).warmUp());
        }
    }

    private List<BenchmarkPoint> measure(
            List<Subject> group, Models models, int context, MachineProbe probe, BenchmarkListener listener) {
        List<List<Trial.Sample>> samples = new ArrayList<>();
        group.forEach(_ -> samples.add(new ArrayList<>()));
        for (int repeat = 1; repeat <= options.repeat(); repeat++) {
            limits = limits.max(probe.measure());
            for (int i = 0; i < group.size(); i++) {
                Subject s = group.get(i);
                listener.measuring(new BenchmarkListener.Step(s.system(), s.size(), context, repeat, workDone / work));
                // So that none pays for the memory that the one before has left.
                System.gc();
                samples.get(i).add(models.use(s, model -> new Trial(model, s, options).run(context)));
                workDone += seconds(s, context);
            }
        }
        List<BenchmarkPoint> points = new ArrayList<>();
        for (int i = 0; i < group.size(); i++) {
            for (int b = 0; b < options.batches().size(); b++) {
                BenchmarkPoint point = point(group.get(i), context, b, samples.get(i));
                points.add(point);
                listener.measured(point);
            }
        }
        return points;
    }

    private BenchmarkPoint point(Subject s, int context, int batchIndex, List<Trial.Sample> samples) {
        int batch = options.batches().get(batchIndex);
        int generated = batch * options.generate();
        Spread prefill = spread(samples, x -> context / x.prefillSeconds());
        Spread decode =
                spread(samples, x -> generated / x.decoding().get(batchIndex).seconds());
        double flops = s.prefillFlops(context, options.fullPrefill()) / context * prefill.median();
        double bytes = s.decodeBytes(context, options.generate(), batch) / generated * decode.median();
        return new BenchmarkPoint(
                s.system(),
                s.size(),
                s.weights(),
                s.kv(),
                context,
                batch,
                options.threads(),
                prefill,
                decode,
                spread(samples, Trial.Sample::firstTokenSeconds),
                samples.getFirst().cacheBytes(),
                s.cacheBytes(context),
                samples.getFirst().allocatedBytes(),
                options.products().equals(ProductSelection.JAVA)
                        ? OptionalDouble.of(flops / limits.flops())
                        : OptionalDouble.empty(),
                bytes / limits.bytesPerSecond(),
                samples.getLast().decoding().get(batchIndex).allocatedBytes(),
                limits);
    }

    private static Spread spread(List<Trial.Sample> samples, ToDoubleFunction<Trial.Sample> value) {
        return Spread.of(samples.stream().mapToDouble(value).toArray());
    }
}
