package io.yoco4j.train;

/**
 * The learning rate over a run, as a function of the share of the run that is done.
 *
 * @param shape of the part after warm-up
 * @param peak learning rate after warm-up
 * @param end learning rate at the end, as a share of the peak
 * @param warmup share of the run in which the rate rises linearly from 0
 */
public record Schedule(Shape shape, double peak, double end, double warmup) {

    /** How the learning rate falls after warm-up. */
    public enum Shape {
        /** Half a cosine (Loshchilov and Hutter 2017, "SGDR", section 3). */
        COSINE,
        /** Constant, then linear over the last fifth of the run (Hu et al. 2024, "MiniCPM", section 4). */
        WSD
    }

    private static final double WSD_DECAY = 0.2;

    static Schedule of(TrainingOptions o) {
        return new Schedule(o.schedule(), o.learningRate(), o.finalLearningRate(), o.warmup());
    }

    /** The learning rate of a step that begins when {@code progress}, in 0..1, of the run is done. */
    public double at(double progress) {
        double p = Math.clamp(progress, 0, 1);
        if (p < warmup) {
            // Never quite 0: a first step that does nothing would be wasted.
            return peak * Math.max(p / warmup, 0.01);
        }
        double left = switch (shape) {
            case COSINE -> (1 + Math.cos(Math.PI * (p - warmup) / (1 - warmup))) / 2;
            case WSD -> Math.min(1, (1 - p) / WSD_DECAY);
        };
        return peak * (end + (1 - end) * left);
    }
}
