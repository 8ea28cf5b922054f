package io.yoco4j.engine.bench;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.kernel.ProductSelection;
import java.util.Collection;
import java.util.List;
import java.util.OptionalInt;

/**
 * What to measure: every combination of the lists, in their order, without what they repeat.
 *
 * @param systems names of {@link Presets}
 * @param sizes names of {@link Presets}
 * @param weights formats of matrices
 * @param kv formats of caches
 * @param contexts tokens of the prompts
 * @param batches how many contexts are decoded together
 * @param generate tokens decoded after the prompt, in each context
 * @param threads of the engine
 * @param repeat measurements of each point
 * @param products what multiplies many rows, as {@link io.yoco4j.engine.EngineOptions#products} names it
 * @param prepack whether those products keep copies of the weights, as {@link io.yoco4j.engine.EngineOptions#prepack} says
 * @param fullPrefill whether prompts are taken in with the logits of every token, not of the last alone
 * @param loops iterations of looped stages, where they should differ from the systems' own; systems without a looped
 *     stage stay as they are
 */
public record BenchmarkOptions(
        List<String> systems,
        List<String> sizes,
        List<WeightFormat> weights,
        List<KvFormat> kv,
        List<Integer> contexts,
        List<Integer> batches,
        int generate,
        int threads,
        int repeat,
        String products,
        boolean prepack,
        boolean fullPrefill,
        OptionalInt loops) {
    private static final int MAX_BATCH = 1024;

    public BenchmarkOptions {
        systems = distinct("system", systems);
        sizes = distinct("size", sizes);
        weights = distinct("weights", weights);
        kv = distinct("kv", kv);
        contexts = distinct("context", contexts);
        batches = distinct("batch", batches);
        requireRange("generate", generate, Integer.MAX_VALUE);
        requireRange("repeat", repeat, 1000);
        requireRange("threads", threads, Runtime.getRuntime().availableProcessors());
        for (int batch : batches) {
            requireRange("batch", batch, MAX_BATCH);
        }
        for (int context : contexts) {
            requireRange("context", context, Integer.MAX_VALUE);
        }
        requirePositions(systems, sizes, contexts, generate);
        requireLooped(systems, sizes, loops);
    }

    /** Beside a system with loops those without stand for comparison; alone they would show that nothing was done. */
    private static void requireLooped(List<String> systems, List<String> sizes, OptionalInt loops) {
        boolean looped = systems.stream()
                .anyMatch(s -> Presets.architecture(s, sizes.getFirst()).looped());
        if (loops.isPresent() && !looped) {
            throw new InvalidInputException("loops are " + loops.getAsInt() + ", but " + String.join(", ", systems)
                    + (systems.size() == 1 ? " has none" : " have none")
                    + ": leave them out, or add a system that loops");
        }
    }

    private static <T> List<T> distinct(String name, Collection<T> values) {
        if (values.isEmpty()) {
            throw new InvalidInputException(name + " is empty, but at least one is needed");
        }
        return values.stream().distinct().toList();
    }

    private static void requireRange(String name, int value, int max) {
        if (value < 1 || value > max) {
            throw new InvalidInputException(name + " is " + value + ", but must "
                    + (max == Integer.MAX_VALUE ? "be at least 1" : "lie in 1.." + max));
        }
    }

    private static void requirePositions(
            List<String> systems, List<String> sizes, List<Integer> contexts, int generate) {
        for (String size : sizes) {
            for (String system : systems) {
                int positions = Presets.architecture(system, size).maxPositions();
                for (int context : contexts) {
                    if (generate > positions - context) {
                        throw new InvalidInputException("a context of " + context + " tokens and " + generate
                                + " generated ones do not fit the " + positions + " positions of size " + size
                                + ": shorten it");
                    }
                }
            }
        }
    }

    /** Sessions that are forked from a prompt's at once; the last batch has the prompt's own among them. */
    int forks() {
        int largest = batches.stream().mapToInt(b -> b).max().orElseThrow();
        return batches.getLast() == largest ? largest - 1 : largest;
    }

    int longest() {
        return contexts.stream().mapToInt(n -> n).max().orElseThrow();
    }

    /** A system at a size, with the loops asked for. */
    Architecture architecture(String system, String size) {
        Architecture a = Presets.architecture(system, size);
        return loops.isPresent() && a.looped() ? a.withLoops(loops.getAsInt()) : a;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Builds options from the defaults: YOCO-U, size tiny, BF16 weights, F32 caches, one context of 512, all cores. */
    public static final class Builder {
        private List<String> systems = List.of("yoco-u");
        private List<String> sizes = List.of("tiny");
        private List<WeightFormat> weights = List.of(WeightFormat.BF16);
        private List<KvFormat> kv = List.of(KvFormat.F32);
        private List<Integer> contexts = List.of(512);
        private List<Integer> batches = List.of(1);
        private int generate = 32;
        private int threads = Runtime.getRuntime().availableProcessors();
        private int repeat = 3;
        private String products = ProductSelection.JAVA;
        private boolean prepack;
        private boolean fullPrefill;
        private OptionalInt loops = OptionalInt.empty();

        private Builder() {}

        public Builder systems(List<String> value) {
            systems = value;
            return this;
        }

        public Builder sizes(List<String> value) {
            sizes = value;
            return this;
        }

        public Builder weights(List<WeightFormat> value) {
            weights = value;
            return this;
        }

        public Builder kv(List<KvFormat> value) {
            kv = value;
            return this;
        }

        public Builder contexts(List<Integer> value) {
            contexts = value;
            return this;
        }

        public Builder batches(List<Integer> value) {
            batches = value;
            return this;
        }

        public Builder generate(int value) {
            generate = value;
            return this;
        }

        public Builder threads(int value) {
            threads = value;
            return this;
        }

        public Builder repeat(int value) {
            repeat = value;
            return this;
        }

        public Builder products(String value) {
            products = value;
            return this;
        }

        public Builder prepack(boolean value) {
            prepack = value;
            return this;
        }

        public Builder fullPrefill(boolean value) {
            fullPrefill = value;
            return this;
        }

        public Builder loops(int value) {
            loops = OptionalInt.of(value);
            return this;
        }

        /**
         * Checks the values and builds the options.
         *
         * @throws InvalidInputException when a name is unknown, a value is out of range or a context has more tokens than
         *     the model has positions
         */
        public BenchmarkOptions build() {
            return new BenchmarkOptions(
                    systems,
                    sizes,
                    weights,
                    kv,
                    contexts,
                    batches,
                    generate,
                    threads,
                    repeat,
                    products,
                    prepack,
                    fullPrefill,
                    loops);
        }
    }
}
