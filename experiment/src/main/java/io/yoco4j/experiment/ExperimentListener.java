package io.yoco4j.experiment;

/** Hears how an experiment goes on; called from the threads of several jobs. */
public interface ExperimentListener {
    /** Hears nothing. */
    ExperimentListener NONE = new ExperimentListener() {};

    /**
     * Where a run stands.
     *
     * @param finished jobs that need not be run any more, failed ones included
     * @param jobs of the experiment
     * @param share of the training FLOPs of all jobs that is done, 0..1
     * @param secondsLeft of training and measuring, estimated from what systems took so far; NaN before anything is known
     */
    record Overall(int finished, int jobs, double share, double secondsLeft) {}

    /** A step of a job. */
    record JobStep(String job, long step, long steps, double loss, double tokensPerSecond) {}

    /** The folder is this run's from now on, and nothing has been read or written there yet. */
    default void locked() {}

    /** Before the first job. */
    default void started(Overall overall) {}

    /** Something that is worth a line. */
    default void note(String sentence) {}

    /** After every step of every job. */
    default void step(JobStep step, Overall overall) {}

    /** A job's training is over and its model is being measured. */
    default void evaluating(String job) {}

    /** A job is done; its result may be a failure. */
    default void finished(JobResult result, Overall overall) {}

    /** A job broke off with an error, and will be tried again by the next run. */
    default void failed(String job, String reason, Overall overall) {}
}
