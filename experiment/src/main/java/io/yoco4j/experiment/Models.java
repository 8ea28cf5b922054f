package io.yoco4j.experiment;

import java.nio.file.Path;
import java.util.OptionalInt;

/** Opens trained models for evaluation; called from the threads of several jobs. */
@FunctionalInterface
public interface Models {
    /**
     * Opens a model.
     *
     * @param folder of the model
     * @param loops iterations of looped stages; the model's own where empty
     * @param threads to compute with
     */
    EvaluatedModel open(Path folder, OptionalInt loops, int threads);
}
