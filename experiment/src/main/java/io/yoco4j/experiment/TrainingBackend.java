package io.yoco4j.experiment;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.experiment.Experiment.Data;
import io.yoco4j.experiment.JobResult.CurvePoint;
import io.yoco4j.train.TrainingDivergedException;
import io.yoco4j.train.TrainingListener;
import io.yoco4j.train.TrainingOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What trains the models of an experiment. */
public interface TrainingBackend {
    /**
     * Prepares tokenizer and tokens, or opens what is there already.
     *
     * @param folder of the experiment's data
     * @param threads to prepare with
     */
    Prepared prepare(Data data, Path folder, int threads) throws IOException;

    /** Text that is ready to train on; shared by all runs, of which several may go on at once. */
    interface Prepared extends TextCodec, AutoCloseable {
        /** Names the tokenizer: results of different ones do not compare. */
        String tokenizerHash();

        /**
         * A run that may be started.
         *
         * @param folder of the model
         * @param threads that a step computes with
         */
        TrainingRun run(Architecture a, TrainingOptions options, Path folder, int threads, TrainingListener listener);

        @Override
        void close();
    }

    /**
     * What a whole run leaves besides the model.
     *
     * @param curve validation bits per byte over tokens
     * @param tokensPerSecond the median over steps
     */
    record Trained(List<CurvePoint> curve, double tokensPerSecond) {}

    /** The training of one model. */
    interface TrainingRun {
        /**
         * Trains to the end of the budget or until {@link #stop}, from the state in the folder where there is one.
         *
         * @return how it went; empty where it was stopped
         * @throws TrainingDivergedException when loss or gradient is not finite
         */
        Optional<Trained> train();

        /** Asks to save and end soon; from any thread. */
        void stop();
    }
}
