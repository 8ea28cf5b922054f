package io.yoco4j.experiment;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.eval.synthetic.Generators;
import io.yoco4j.eval.synthetic.SequenceGenerator;
import io.yoco4j.experiment.Experiment.Data;
import io.yoco4j.experiment.Experiment.Evaluation;
import io.yoco4j.experiment.Experiment.Prefix;
import io.yoco4j.experiment.Experiment.SystemPlan;
import io.yoco4j.experiment.SystemReader.Entry;
import io.yoco4j.train.Trainer;
import io.yoco4j.train.TrainingOptions;
import io.yoco4j.train.data.Sources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * Reads an experiment file (docs/experiments/FORMAT.md). An unknown, missing, repeated or ill-typed key is an error, since a
 * misspelt one would otherwise run another experiment for hours.
 */
public final class ExperimentFile {
    private static final long MAX_BYTES = 1 << 20;
    private static final Set<String> KEYS = Set.of(
            "name",
            "data",
            "shape",
            "recipe",
            "budget",
            "seeds",
            "systems",
            "match_parameters",
            "sweep",
            "evaluate",
            "compare");
    private static final Set<String> DATA = Set.of("train", "held_out", "vocabulary", "max_bytes", "synthetic");
    private static final Set<String> SWEEP = Set.of("learning_rate", "budget", "seed", "recipe");
    private static final Set<String> EVALUATE =
            Set.of("loops", "prefix", "held_out_tokens", "tasks", "task_data", "task_limit");
    private static final Set<String> PREFIX = Set.of("lengths", "last", "segments", "held_out");

    private final Keys root;

    private ExperimentFile(Keys root) {
        this.root = root;
    }

    /**
     * Reads a file.
     *
     * @throws InvalidInputException naming the file and the key
     */
    public static Experiment read(Path file) {
        String text;
        try {
            if (!Files.isRegularFile(file)) {
                throw new InvalidInputException(file + " is missing or no file: name an experiment file, in YAML");
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new InvalidInputException(file + " has " + Files.size(file) + " bytes, too many for such a file");
            }
            text = Files.readString(file);
        } catch (IOException e) {
            throw new InvalidInputException(file + " could not be read: is it UTF-8 text? (" + e.getMessage() + ")", e);
        }
        try {
            return read(text);
        } catch (InvalidInputException e) {
            throw e.in(file + ": ");
        }
    }

    /** Reads a file's text; the caller adds the file's name to what is thrown. */
    static Experiment read(String yaml) {
        return new ExperimentFile(Keys.of(YamlTree.read(yaml), "", KEYS)).experiment();
    }

    private Experiment experiment() {
        Data data = data(required("data", DATA));
        List<SystemPlan> systems = systems(data);
        requireRoom(data, systems);
        Optional<String> baseline =
                root.has("compare") ? Optional.of(known("compare", root.text("compare"), systems)) : Optional.empty();
        Evaluation evaluation = evaluation(root.child("evaluate", EVALUATE), data);
        EvaluatedTasks.require(evaluation, data, systems);
        evaluation = evaluation.withTaskFiles(EvaluatedTasks.hash(evaluation));
        evaluation.prefix().ifPresent(p -> requireRoom(p, systems));
        return new Experiment(root.text("name"), data, systems, evaluation, baseline);
    }

    private Keys required(String key, Set<String> known) {
        return Keys.of(root.fields().required(key), key, known);
    }

    private static Data data(Keys keys) {
        if (keys.has("synthetic")) {
            return synthetic(keys);
        }
        Map<String, List<String>> heldOut = new LinkedHashMap<>();
        ObjectNode sets = keys.mapping("held_out");
        Keys each = Keys.of(sets, keys.prefix() + "held_out", names(sets));
        for (String set : names(sets)) {
            heldOut.put(set, each.texts(set));
        }
        if (heldOut.isEmpty()) {
            throw new InvalidInputException("data.held_out has no set: name at least one, such as java: [maven:...]");
        }
        List<String> train = keys.texts("train");
        Set<String> trained = train.stream().map(Sources::unweighted).collect(Collectors.toSet());
        heldOut.forEach((set, sources) -> sources.stream()
                .filter(source -> trained.contains(Sources.unweighted(source)))
                .findFirst()
                .ifPresent(source -> {
                    throw new InvalidInputException("data.held_out." + set + " has the source " + source
                            + ", which data.train has, too: what is trained on is not held out, so remove one of them");
                }));
        return new Data(
                train,
                heldOut,
                keys.integer("vocabulary", 1),
                keys.count("max_bytes", Long.MAX_VALUE),
                Optional.empty());
    }

    private static Data synthetic(Keys keys) {
        for (String other : List.of("train", "held_out", "vocabulary", "max_bytes")) {
            if (keys.has(other)) {
                throw new InvalidInputException("data.synthetic makes all sequences itself: remove data." + other);
            }
        }
        String spec = keys.text("synthetic");
        SequenceGenerator generator;
        try {
            generator = Generators.of(spec);
        } catch (InvalidInputException e) {
            throw e.in("data.synthetic: ");
        }
        return new Data(List.of(), Map.of(), generator.vocabulary(), Long.MAX_VALUE, Optional.of(spec));
    }

    /** Sequences hold the longest example. */
    private static void requireRoom(Data data, List<SystemPlan> systems) {
        int longest = data.synthetic().map(s -> Generators.of(s).maxLength()).orElse(0);
        for (SystemPlan s : systems) {
            for (TrainingOptions options : List.of(s.options(), s.sweepOptions())) {
                int length = options.sequenceLength();
                if (length < longest) {
                    throw new InvalidInputException("system " + s.name() + " trains on sequences of " + length
                            + " tokens, but data.synthetic has examples of " + longest
                            + ": set recipe.sequence_length to it");
                }
                if (length > s.architecture().maxPositions()) {
                    throw new InvalidInputException("system " + s.name() + " trains on sequences of " + length
                            + " tokens, but takes " + s.architecture().maxPositions() + ": raise shape.max_positions");
                }
            }
        }
    }

    private static Set<String> names(ObjectNode node) {
        Set<String> names = new LinkedHashSet<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    // ---- systems

    private List<SystemPlan> systems(Data data) {
        SystemReader reader = new SystemReader(root, data.vocabulary());
        List<Entry> entries = new ArrayList<>();
        ObjectNode node = root.mapping("systems");
        node.properties().forEach(s -> entries.add(reader.read(s.getKey(), s.getValue())));
        if (entries.isEmpty()) {
            throw new InvalidInputException("systems has no entry: describe at least one system");
        }
        List<Entry> matched = root.has("match_parameters") ? matched(entries) : entries;
        Map<String, TrainingOptions> bounded = bounded(matched);
        return matched.stream().map(e -> plan(e, options(bounded, e), matched)).toList();
    }

    private static TrainingOptions options(Map<String, TrainingOptions> bounded, Entry e) {
        return Objects.requireNonNull(bounded.get(e.name()));
    }

    private List<Entry> matched(List<Entry> entries) {
        String reference = known("match_parameters", root.text("match_parameters"), entries, Entry::name);
        Architecture model = entry(reference, entries).architecture();
        long parameters = new Accounting(model).nonEmbeddingParameters();
        return entries.stream()
                .map(e -> !e.matched() || e.name().equals(reference)
                        ? e
                        : withArchitecture(e, Widths.matched(e.architecture(), parameters, "systems." + e.name())))
                .toList();
    }

    private static Entry withArchitecture(Entry e, Architecture a) {
        return new Entry(
                e.name(), a, e.options(), e.budget(), e.seeds(), e.matched(), e.learningRateOf(), e.ownLearningRate());
    }

    /** Every system's options with the steps of its budget; those that follow another's come second. */
    private Map<String, TrainingOptions> bounded(List<Entry> entries) {
        Map<String, TrainingOptions> bounded = new LinkedHashMap<>();
        for (boolean following : new boolean[] {false, true}) {
            for (Entry e : entries) {
                if (e.budget() instanceof Budget.TrainingFlopsOf != following) {
                    continue;
                }
                String path = budgetPath(e);
                ToDoubleFunction<String> flopsOf = system -> {
                    String other = known(path + ".training_flops_of", system, entries, Entry::name);
                    TrainingOptions options = bounded.get(other);
                    if (options == null || entry(other, entries).budget() instanceof Budget.TrainingFlopsOf) {
                        throw new InvalidInputException(path + ".training_flops_of is " + system
                                + ", whose own budget follows another system: name one with a budget in numbers");
                    }
                    return Experiment.trainingFlops(entry(other, entries).architecture(), options);
                };
                long steps = e.budget().steps(path, e.architecture(), e.options(), flopsOf);
                bounded.put(
                        e.name(),
                        e.options().toBuilder()
                                .steps(steps)
                                .seed(e.seeds().getFirst())
                                .build());
            }
        }
        return bounded;
    }

    private String budgetPath(Entry e) {
        return root.mapping("systems").path(e.name()).has("budget") ? "systems." + e.name() + ".budget" : "budget";
    }

    private SystemPlan plan(Entry e, TrainingOptions options, List<Entry> all) {
        TrainingOptions sweepOptions = options;
        List<Double> rates = List.of();
        Optional<String> rateOf = Optional.empty();
        if (root.has("sweep") && !e.ownLearningRate()) {
            rateOf = Optional.of(e.learningRateOf().orElse(e.name()));
        } else if (e.learningRateOf().isPresent()) {
            throw new InvalidInputException(
                    "systems." + e.name() + ".learning_rate_of needs a sweep: add one, or give recipe.learning_rate");
        }
        if (rateOf.isPresent()) {
            String other = known("systems." + e.name() + ".learning_rate_of", rateOf.get(), all, Entry::name);
            if (!other.equals(e.name()) && !sweptItself(entry(other, all))) {
                throw new InvalidInputException("systems." + e.name() + ".learning_rate_of is " + other
                        + ", which is not swept itself: name a system that is");
            }
        }
        if (root.has("sweep") && sweptItself(e)) {
            Keys sweep = root.child("sweep", SWEEP);
            rates = sweep.positives("learning_rate");
            ObjectNode recipe = sweep.mapping("recipe");
            if (recipe.has("learning_rate")) {
                throw new InvalidInputException(
                        "sweep.recipe.learning_rate does not belong there: sweep.learning_rate lists what is tried");
            }
            sweepOptions = SystemReader.overlay(
                    options.toBuilder().steps(1).seed(sweep.integer("seed", 0, 1)), recipe, "sweep.recipe");
            // Of the sweep's own recipe, which may have other batches.
            long steps = Budget.read(sweep.child("budget", Budget.KEYS))
                    .steps("sweep.budget", e.architecture(), sweepOptions, system -> {
                        throw new InvalidInputException(
                                "sweep.budget.training_flops_of is not known there: give the budget in numbers");
                    });
            sweepOptions = sweepOptions.toBuilder().steps(steps).build();
            try {
                Trainer.requireLoops(e.architecture(), sweepOptions);
            } catch (InvalidInputException ex) {
                throw ex.in("sweep.recipe: ");
            }
            for (double rate : rates) {
                checkRate(sweepOptions, rate);
            }
        }
        return new SystemPlan(e.name(), e.architecture(), options, e.seeds(), rates, sweepOptions, rateOf);
    }

    private static boolean sweptItself(Entry e) {
        return !e.ownLearningRate() && e.learningRateOf().map(e.name()::equals).orElse(true);
    }

    private static void checkRate(TrainingOptions options, double rate) {
        try {
            options.toBuilder().learningRate(rate).build();
        } catch (InvalidInputException ex) {
            throw ex.in("sweep.learning_rate: ");
        }
    }

    private static Entry entry(String name, List<Entry> entries) {
        return entries.stream().filter(e -> e.name().equals(name)).findFirst().orElseThrow();
    }

    private static String known(String key, String name, List<SystemPlan> systems) {
        return known(key, name, systems, SystemPlan::name);
    }

    private static <T> String known(String key, String name, List<T> systems, Function<T, String> nameOf) {
        List<String> names = systems.stream().map(nameOf).toList();
        if (!names.contains(name)) {
            throw new InvalidInputException(
                    key + " is " + name + ", which is no system of this file: take one of " + String.join(", ", names));
        }
        return name;
    }

    // ---- evaluation

    private static Evaluation evaluation(Keys keys, Data data) {
        if (data.synthetic().isPresent() && (keys.has("prefix") || keys.has("held_out_tokens"))) {
            throw new InvalidInputException(
                    "evaluate.prefix and evaluate.held_out_tokens are about held-out text, which"
                            + " data.synthetic has not: remove them, and list evaluate.tasks");
        }
        Optional<Prefix> prefix =
                keys.has("prefix") ? Optional.of(prefix(keys.child("prefix", PREFIX), data)) : Optional.empty();
        return new Evaluation(
                keys.count("held_out_tokens", 65_536),
                keys.has("loops") ? keys.integers("loops") : List.of(),
                prefix,
                keys.has("tasks") ? keys.texts("tasks") : List.of(),
                Path.of(keys.has("task_data") ? keys.text("task_data") : "."),
                Optional.empty(),
                keys.integer("task_limit", 1, Integer.MAX_VALUE));
    }

    private static Prefix prefix(Keys keys, Data data) {
        String set = keys.has("held_out")
                ? keys.text("held_out")
                : data.heldOut().keySet().iterator().next();
        if (!data.heldOut().containsKey(set)) {
            throw new InvalidInputException("evaluate.prefix.held_out is " + set + ", but data.held_out has "
                    + String.join(", ", data.heldOut().keySet()));
        }
        return new Prefix(
                set,
                keys.integers("lengths").stream().sorted().toList(),
                keys.integer("last", 1, 512),
                keys.integer("segments", 1, 8));
    }

    private static void requireRoom(Prefix p, List<SystemPlan> systems) {
        for (SystemPlan s : systems) {
            long needed = (long) p.longest() + p.last();
            if (needed > s.architecture().maxPositions()) {
                throw new InvalidInputException("evaluate.prefix needs contexts of " + needed + " tokens, but system "
                        + s.name() + " takes " + s.architecture().maxPositions() + ": raise shape.max_positions");
            }
        }
    }
}
