package io.yoco4j.engine.bench;

/** Told how a benchmark comes along; a run may take hours. */
public interface BenchmarkListener {
    /** Hears nothing. */
    BenchmarkListener NONE = new BenchmarkListener() {};

    /**
     * What is measured next.
     *
     * @param system its name
     * @param size its name
     * @param context tokens of the prompt
     * @param repeat from 1
     * @param done the share of the run's work that lies behind, 0 to 1, by what it should cost
     */
    record Step(String system, String size, int context, int repeat, double done) {}

    /** A measurement begins. */
    default void measuring(Step step) {}

    /** A point has all its repeats. */
    default void measured(BenchmarkPoint point) {}
}
