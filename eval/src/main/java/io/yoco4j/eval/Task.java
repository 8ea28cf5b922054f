package io.yoco4j.eval;

import io.yoco4j.core.InvalidInputException;

/** Something that a language model is measured by. */
public interface Task {
    /** For results and messages. */
    String name();

    /** How many items it will score. */
    int items();

    /** Tokens that a model must take for the task to be run at all, as far as they are known without its tokenizer. */
    default int neededTokens() {
        return 1;
    }

    /**
     * Scores all items.
     *
     * @param progress told after each batch how many items are done
     * @throws InvalidInputException naming file and line, when an item cannot be scored
     */
    TaskResult run(LanguageModel model, EvalOptions options, Progress progress);

    /** Hears how far a task is. */
    interface Progress {
        /** Hears nothing. */
        Progress NONE = _ -> {};

        void done(int items);
    }
}
