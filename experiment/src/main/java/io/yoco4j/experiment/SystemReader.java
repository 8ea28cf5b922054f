package io.yoco4j.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ArchitectureJson;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.json.StrictJson;
import io.yoco4j.train.TrainingOptions;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One entry of {@code systems}, over what the file says for all of them. */
final class SystemReader {
    private static final Set<String> KEYS = Set.of(
            "system", "stages", "loops", "shape", "recipe", "budget", "seeds", "match_parameters", "learning_rate_of");
    private static final Set<String> SHAPE = Set.of(
            "layers",
            "hidden",
            "heads",
            "kv_heads",
            "head_dim",
            "intermediate",
            "window",
            "tied",
            "max_positions",
            "qk_norm");
    private static final Set<String> NOT_IN_RECIPE = Set.of("steps", "minutes", "seed");
    private static final int MAX_POSITIONS = 131_072;

    private final Keys root;
    private final int vocabulary;

    /** @param root of the file, whose shape, recipe, budget and seeds hold where a system has none of its own */
    SystemReader(Keys root, int vocabulary) {
        this.root = root;
        this.vocabulary = vocabulary;
    }

    /**
     * A system as the file gives it.
     *
     * @param options everything but the bound, which is a step
     * @param matched whether its F may be changed
     * @param learningRateOf the system whose sweep decides; empty where the entry does not say
     * @param ownLearningRate whether the entry sets it
     */
    record Entry(
            String name,
            Architecture architecture,
            TrainingOptions options,
            Budget budget,
            List<Long> seeds,
            boolean matched,
            Optional<String> learningRateOf,
            boolean ownLearningRate) {}

    Entry read(String name, JsonNode node) {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,60}") || name.startsWith("sweep-")) {
            throw new InvalidInputException("systems has the name \"" + name
                    + "\", but names are folders' too: letters, digits, dots and dashes, and not sweep- first");
        }
        Keys keys = Keys.of(node, "systems." + name, KEYS);
        Architecture a = architecture(keys, name);
        if (keys.has("loops")) {
            a = at(keys.prefix() + "loops", a, keys.integer("loops", 1));
        }
        Keys recipe = keys.has("recipe") ? keys : root;
        boolean ownRate = keys.mapping("recipe").has("learning_rate");
        if (ownRate && keys.has("learning_rate_of")) {
            throw new InvalidInputException(
                    keys.prefix() + "learning_rate_of is given beside recipe.learning_rate: give one of them");
        }
        TrainingOptions options = options(keys, recipe);
        if (options.drawsLoops() && !a.looped()) {
            throw new InvalidInputException(
                    keys.prefix() + "recipe draws loops, but the system has no looped stage: remove min_loops there");
        }
        Keys budget = keys.has("budget") ? keys : root;
        Keys seeds = keys.has("seeds") ? keys : root;
        return new Entry(
                name,
                a,
                options,
                Budget.read(budget.child("budget", Budget.KEYS)),
                seeds.seeds("seeds"),
                keys.bool("match_parameters", true),
                keys.has("learning_rate_of") ? Optional.of(keys.text("learning_rate_of")) : Optional.empty(),
                ownRate);
    }

    private static Architecture at(String path, Architecture a, int loops) {
        try {
            return a.withLoops(loops);
        } catch (InvalidInputException e) {
            throw e.in(path + ": ");
        }
    }

    private Architecture architecture(Keys keys, String name) {
        if (keys.has("system") == keys.has("stages")) {
            throw new InvalidInputException("systems." + name + " has "
                    + (keys.has("system") ? "both system and stages" : "neither system nor stages")
                    + ": give the name of a preset or a list of stages");
        }
        ObjectNode merged = root.mapping("shape").deepCopy();
        merged.setAll(keys.mapping("shape"));
        Keys shape = Keys.of(merged, keys.has("shape") ? keys.prefix() + "shape" : "shape", SHAPE);
        Presets.Size size = new Presets.Size(
                shape.integer("layers", 1),
                shape.integer("hidden", 1),
                shape.integer("heads", 1),
                shape.has("kv_heads") ? shape.integer("kv_heads", 1) : shape.integer("heads", 1),
                shape.integer("head_dim", 1),
                shape.integer("intermediate", 1),
                vocabulary,
                shape.integer("window", 1),
                shape.bool("tied", true),
                shape.integer("max_positions", 1, MAX_POSITIONS));
        try {
            Architecture a =
                    Presets.architecture(keys.has("system") ? keys.text("system") : "transformer", size).toBuilder()
                            .qkNorm(shape.bool("qk_norm", false))
                            .build();
            return keys.has("stages") ? withStages(a, keys.fields().required("stages")) : a;
        } catch (InvalidInputException e) {
            throw e.in("systems." + name + ": ");
        }
    }

    /** The stages of config.json's form in place of another's. */
    private static Architecture withStages(Architecture a, JsonNode stages) {
        ObjectNode json = StrictJson.object(ArchitectureJson.write(a));
        json.set("stages", stages);
        return ArchitectureJson.read(json);
    }

    private TrainingOptions options(Keys keys, Keys nearest) {
        TrainingOptions.Builder builder = TrainingOptions.builder().steps(1);
        ObjectNode merged = root.mapping("recipe").deepCopy();
        merged.setAll(keys.mapping("recipe"));
        return overlay(builder, merged, nearest.prefix() + "recipe");
    }

    /** Options with those of a recipe in place of their own. */
    static TrainingOptions overlay(TrainingOptions.Builder builder, ObjectNode recipe, String path) {
        NOT_IN_RECIPE.stream().filter(recipe::has).sorted().findFirst().ifPresent(field -> {
            throw new InvalidInputException(path + "." + field + " does not belong there: runs are bounded by budget"
                    + " and begin from seeds");
        });
        try {
            return TrainingOptions.overlay(builder, recipe.toString()).build();
        } catch (InvalidInputException e) {
            throw e.in(path + ": ");
        }
    }
}
