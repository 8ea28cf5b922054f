package io.yoco4j.server;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.YocoModel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/**
 * A model to serve.
 *
 * @param name that requests ask for it by
 * @param folder of its files, where it has one; its chat template is there
 * @param opened makes the model, which the server closes
 */
public record ModelSource(String name, Optional<Path> folder, Function<EngineOptions, YocoModel> opened) {

    /**
     * Checks the name.
     *
     * @throws InvalidInputException when it is empty
     */
    public ModelSource {
        if (name.isBlank()) {
            throw new InvalidInputException("a model's name is empty: give it one");
        }
    }

    /** A model folder, named as its last part is. */
    public static ModelSource of(Path folder) {
        Path name = folder.toAbsolutePath().normalize().getFileName();
        return of(name == null ? "model" : name.toString(), folder);
    }

    /** A model folder. */
    @SuppressWarnings("MustBeClosedChecker") // the server closes it
    public static ModelSource of(String name, Path folder) {
        return new ModelSource(name, Optional.of(folder), options -> YocoModel.open(folder, options));
    }
}
