package io.yoco4j.experiment;

import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.train.TrainingOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Systems that are trained on the same text and measured in the same way (docs/experiments/FORMAT.md), with every budget
 * in steps and every width decided.
 *
 * @param name for titles
 * @param systems in the order of the file
 * @param baseline the system that the others are compared with
 */
public record Experiment(
        String name, Data data, List<SystemPlan> systems, Evaluation evaluation, Optional<String> baseline) {

    public Experiment {
        systems = List.copyOf(systems);
    }

    /**
     * What is learned from: text, or the sequences of a generator.
     *
     * @param train sources to train on, as {@link io.yoco4j.train.data.Sources} reads them; none with a generator
     * @param heldOut sources that are only measured on, by name, in the order of the file; none with a generator
     * @param vocabulary of the tokenizer, which is trained on the first, or the generator's
     * @param maxBytes of the training text that are used, at most
     * @param synthetic the generator, as {@link SyntheticData} reads it
     */
    public record Data(
            List<String> train,
            Map<String, List<String>> heldOut,
            int vocabulary,
            long maxBytes,
            Optional<String> synthetic) {
        public Data {
            train = List.copyOf(train);
            heldOut = Collections.unmodifiableMap(new LinkedHashMap<>(heldOut));
        }

        /** The figure that decides where one has to, lower being better: that of the file's first held-out set. */
        String decisive() {
            return synthetic.isPresent()
                    ? "bits per label of test examples"
                    : "bits per byte of " + heldOut.keySet().iterator().next();
        }

        /** The unit of losses. */
        String unit() {
            return synthetic.isPresent() ? "bits per label" : "bits per byte";
        }
    }

    /**
     * A system and how it is trained.
     *
     * @param options of a main run with its first seed; where a sweep decides the learning rate, that is not yet it
     * @param seeds a main run each
     * @param sweep learning rates to try before; empty where the system has no sweep of its own
     * @param sweepOptions of a run of the sweep but for its learning rate
     * @param learningRateOf the system whose sweep decides about the learning rate of the main runs, this one or another
     */
    public record SystemPlan(
            String name,
            Architecture architecture,
            TrainingOptions options,
            List<Long> seeds,
            List<Double> sweep,
            TrainingOptions sweepOptions,
            Optional<String> learningRateOf) {

        public SystemPlan {
            seeds = List.copyOf(seeds);
            sweep = List.copyOf(sweep);
        }

        /** FLOPs of a main run. */
        public double trainingFlops() {
            return Experiment.trainingFlops(architecture, options);
        }
    }

    /**
     * How a trained model is measured.
     *
     * @param tokens of each held-out set, at most
     * @param loops depths that looped models are measured at, besides the one they were trained with
     * @param prefix bits per byte against the length of the prefix, where wanted
     * @param tasks names for {@link io.yoco4j.eval.task.Tasks}, measured at all of these depths
     * @param taskData folder of the tasks' files
     * @param taskFiles a hash of these files; empty where no task reads any
     * @param taskLimit items of a task, at most
     */
    public record Evaluation(
            long tokens,
            List<Integer> loops,
            Optional<Prefix> prefix,
            List<String> tasks,
            Path taskData,
            Optional<String> taskFiles,
            int taskLimit) {
        public Evaluation {
            loops = List.copyOf(loops);
            tasks = List.copyOf(tasks);
        }

        Evaluation withTaskFiles(Optional<String> hash) {
            return new Evaluation(tokens, loops, prefix, tasks, taskData, hash, taskLimit);
        }

        /** What is asked of a job: of a sweep's, a figure at the trained depth alone. */
        Evaluation of(Job job) {
            return job.kind() == Job.Kind.SWEEP
                    ? new Evaluation(
                            tokens, List.of(), Optional.empty(), List.of(), taskData, Optional.empty(), taskLimit)
                    : this;
        }
    }

    /**
     * The same tokens predicted after prefixes of different lengths.
     *
     * @param heldOut the set whose documents are taken, those that are long enough
     * @param lengths of the prefixes, in tokens, ascending
     * @param last tokens that are predicted
     * @param segments places in documents, at most
     */
    public record Prefix(String heldOut, List<Integer> lengths, int last, int segments) {
        public Prefix {
            lengths = List.copyOf(lengths);
        }

        /** Tokens of the longest prefix. */
        int longest() {
            return lengths.getLast();
        }
    }

    /**
     * The system of that name.
     *
     * @throws IllegalArgumentException when there is none
     */
    public SystemPlan system(String system) {
        return systems.stream()
                .filter(s -> s.name().equals(system))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no system " + system));
    }

    /** All jobs of the sweeps, then the main ones seed by seed, so that what is there early compares all systems. */
    public List<Job> jobs() {
        List<Job> jobs = new ArrayList<>();
        for (SystemPlan s : systems) {
            for (double rate : s.sweep()) {
                jobs.add(Job.ofSweep(s, rate));
            }
        }
        int seeds = systems.stream().mapToInt(s -> s.seeds().size()).max().orElse(0);
        for (int i = 0; i < seeds; i++) {
            for (SystemPlan s : systems) {
                if (i < s.seeds().size()) {
                    jobs.add(Job.ofSeed(s, s.seeds().get(i)));
                }
            }
        }
        return jobs;
    }

    /** FLOPs of a whole run; where loops are drawn, at the mean over what they are drawn from. */
    public static double trainingFlops(Architecture a, TrainingOptions o) {
        return flopsPerToken(a, o) * o.steps() * o.tokensPerStep();
    }

    static double flopsPerToken(Architecture a, TrainingOptions o) {
        if (!o.drawsLoops()) {
            return new Accounting(a).trainingFlopsPerToken(o.sequenceLength());
        }
        return IntStream.rangeClosed(o.minLoops(), o.maxLoops())
                .mapToDouble(t -> new Accounting(a.withLoops(t)).trainingFlopsPerToken(o.sequenceLength()))
                .average()
                .orElseThrow();
    }
}
