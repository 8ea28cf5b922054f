package io.yoco4j.train;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.train.model.Parameters;
import io.yoco4j.train.model.Parameters.Initialization;
import io.yoco4j.train.model.StageExecutor;
import io.yoco4j.train.model.Torch;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Times whole training steps, forward, backward and update, on random ids. */
public final class TrainingBenchmark {
    private static final int WARM_UP = 3;

    private TrainingBenchmark() {}

    /**
     * @param tokensPerSecond of the median step, the mean of the two in the middle where their number is even
     * @param slowest tokens per second of the slowest step
     * @param fastest tokens per second of the fastest step
     * @param peakFlops what libtorch reaches on large matrices, in the same run
     */
    public record Result(double tokensPerSecond, double slowest, double fastest, double peakFlops) {}

    /**
     * @param bf16 whether matrices compute in bfloat16
     * @param steps that count, after three that do not
     */
    public static Result run(Architecture a, boolean bf16, int batchSize, int sequenceLength, int steps) {
        TrainingOptions options = TrainingOptions.builder()
                .steps(WARM_UP + steps)
                .batchSize(batchSize)
                .sequenceLength(sequenceLength)
                .bf16(bf16)
                .build();
        double[] speeds = new double[steps];
        double peak = PeakProbe.flops(bf16);
        try (Parameters parameters = new Parameters(a);
                AdamW optimizer = new AdamW(parameters, options);
                StageExecutor executor = new StageExecutor(parameters, bf16, 0)) {
            parameters.initialize(new Initialization(options.linearInit(), options.outputInit()), options.seed());
            SplittableRandom random = new SplittableRandom(options.seed());
            for (int step = 1 - WARM_UP; step <= steps; step++) {
                long start = System.nanoTime();
                try (PointerScope _ = new PointerScope()) {
                    long[] ids = random.longs((long) batchSize * sequenceLength, 0, a.vocabSize())
                            .toArray();
                    Tensor batch = Torch.longs(ids, batchSize, sequenceLength);
                    executor.loss(a, batch, batch).backward();
                }
                double norm = optimizer.step(step + WARM_UP, 1e-3);
                if (!Double.isFinite(norm)) {
                    throw new TrainingDivergedException("the steps diverged: this is no fair measurement");
                }
                if (step > 0) {
                    speeds[step - 1] = batchSize * sequenceLength * 1e9 / (System.nanoTime() - start);
                }
            }
        }
        Arrays.sort(speeds);
        double median = (speeds[(steps - 1) / 2] + speeds[steps / 2]) / 2;
        return new Result(median, speeds[0], speeds[steps - 1], peak);
    }
}
