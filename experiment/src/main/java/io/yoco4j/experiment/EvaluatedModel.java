package io.yoco4j.experiment;

import io.yoco4j.eval.LanguageModel;

/** A trained model that can be asked; to be closed. */
public interface EvaluatedModel extends LanguageModel, AutoCloseable {
    @Override
    void close();
}
