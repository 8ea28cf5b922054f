package io.yoco4j.train;

import java.nio.file.Path;
import java.util.Optional;

/** Hears of a run's progress, on the run's own thread. */
public interface TrainingListener {

    /**
     * One optimizer step.
     *
     * @param step from 1
     * @param loss mean nats per token of the step's batch
     * @param gradientNorm before clipping
     * @param loops iterations that looped stages ran, 0 where none loops
     * @param tokensPerSecond over the last steps
     * @param peakShare FLOP/s of the model's products over this machine's matrix-product rate, measured at the start
     * @param progress share of the run that is done, 0..1
     * @param secondsLeft estimate of the training time left
     */
    record Step(
            long step,
            long tokens,
            double loss,
            double gradientNorm,
            double learningRate,
            int loops,
            double tokensPerSecond,
            double peakShare,
            double progress,
            double secondsLeft) {}

    /**
     * One evaluation on held-out data.
     *
     * @param loss mean nats per token that is predicted
     * @param bitsPerByte the same per byte of UTF-8 text: comparable between tokenizers; NaN where the data is no text
     * @param accuracy share of them that the model found likeliest
     */
    record Evaluation(long step, long tokens, double loss, double bitsPerByte, double accuracy) {}

    /** Text generated after an evaluation. */
    record Sample(long step, String prompt, String continuation) {}

    /** Before the first step; {@code resumedAt} is the step that a resumed run goes on from. */
    default void started(TrainingOptions options, long parameters, double peakFlops, Optional<Long> resumedAt) {}

    default void step(Step step) {}

    default void evaluated(Evaluation evaluation) {}

    default void sampled(Sample sample) {}

    default void saved(long step, Path folder) {}
}
