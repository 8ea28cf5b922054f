package io.yoco4j.experiment;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.train.TrainingOptions;
import java.util.Locale;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * How long a system is trained, as a file gives it: exactly one of tokens, steps, FLOPs and tokens per parameter. All but
 * steps are rounded up to whole steps.
 */
sealed interface Budget {
    Set<String> KEYS = Set.of("tokens", "steps", "training_flops", "training_flops_of", "tokens_per_parameter");

    record Tokens(long tokens) implements Budget {}

    record Steps(long steps) implements Budget {}

    record TrainingFlops(double flops) implements Budget {}

    /** As many FLOPs as another system's. */
    record TrainingFlopsOf(String system) implements Budget {}

    /** Tokens for each parameter that is not in an embedding. */
    record TokensPerParameter(double tokens) implements Budget {}

    static Budget read(Keys keys) {
        var given = KEYS.stream().filter(keys::has).sorted().toList();
        String path = keys.prefix().substring(0, keys.prefix().length() - 1);
        if (given.size() != 1) {
            throw new InvalidInputException(path
                    + (given.isEmpty()
                            ? " has no bound: give one of "
                            : " has " + String.join(" and ", given) + ": give one of ")
                    + String.join(", ", given.isEmpty() ? KEYS.stream().sorted().toList() : given));
        }
        return switch (given.getFirst()) {
            case "tokens" -> new Tokens(keys.count("tokens"));
            case "steps" -> new Steps(keys.count("steps"));
            case "training_flops" -> new TrainingFlops(keys.positive("training_flops"));
            case "training_flops_of" -> new TrainingFlopsOf(keys.text("training_flops_of"));
            default -> new TokensPerParameter(keys.positive("tokens_per_parameter"));
        };
    }

    /**
     * The steps it buys.
     *
     * @param path of the budget, for messages
     * @param recipe everything but its steps
     * @param flopsOf the training FLOPs of a system of that name
     * @throws InvalidInputException when it does not reach for one step
     */
    default long steps(String path, Architecture a, TrainingOptions recipe, ToDoubleFunction<String> flopsOf) {
        double perStep = recipe.tokensPerStep();
        double steps = switch (this) {
            case Steps(long n) -> n;
            case Tokens(long tokens) -> tokens / perStep;
            case TrainingFlops(double flops) -> flops / Experiment.flopsPerToken(a, recipe) / perStep;
            case TrainingFlopsOf(String system) ->
                flopsOf.applyAsDouble(system) / Experiment.flopsPerToken(a, recipe) / perStep;
            case TokensPerParameter(double tokens) -> tokens * new Accounting(a).nonEmbeddingParameters() / perStep;
        };
        if (steps < 1) {
            throw new InvalidInputException(String.format(
                    Locale.ROOT,
                    "%s comes to %,.0f tokens, fewer than the %,.0f of one step: raise it, or lower batch_size",
                    path,
                    steps * perStep,
                    perStep));
        }
        // FLOPs that were derived from steps must come back to as many.
        return (long) Math.ceil(steps - 1e-6);
    }
}
