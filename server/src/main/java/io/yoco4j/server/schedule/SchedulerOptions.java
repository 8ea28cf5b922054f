package io.yoco4j.server.schedule;

import io.yoco4j.core.InvalidInputException;

/**
 * How a scheduler runs.
 *
 * @param maxConcurrent texts that are generated at once, at most
 * @param maxQueue requests that wait beyond those, at most
 * @param cacheMemory bytes of keys and values of all contexts, running and kept
 * @param chunk tokens of prompts in a step where no text waits for its next token
 * @param stretch how much longer prompts may make a step in which texts wait for their next token, as a factor
 * @param snapshotEvery tokens after which a prompt's state is kept for others that begin alike; 0 for none
 */
public record SchedulerOptions(
        int maxConcurrent, int maxQueue, long cacheMemory, int chunk, double stretch, int snapshotEvery) {

    /**
     * Checks the values.
     *
     * @throws InvalidInputException naming the option that is out of range
     */
    public SchedulerOptions {
        require("max concurrent", maxConcurrent, maxConcurrent >= 1, "be at least 1");
        require("max queue", maxQueue, maxQueue >= 0, "be at least 0");
        require("cache memory", cacheMemory, cacheMemory >= 1, "be at least 1 byte");
        require("chunk", chunk, chunk >= 1, "be at least 1");
        require("stretch", stretch, stretch >= 1, "be at least 1");
        require("snapshot every", snapshotEvery, snapshotEvery >= 0, "be at least 0, which means never");
    }

    private static void require(String option, Number value, boolean valid, String rule) {
        if (!valid) {
            throw new InvalidInputException(option + " is " + value + ", but must " + rule);
        }
    }

    /** As these, with other cache memory. */
    public SchedulerOptions withCacheMemory(long bytes) {
        return new SchedulerOptions(maxConcurrent, maxQueue, bytes, chunk, stretch, snapshotEvery);
    }

    /** 16 texts, 64 waiting requests, half of the JVM's memory, chunks of 512, steps 2.5 times as long, a snapshot every 1,024. */
    public static SchedulerOptions defaults() {
        return builder().build();
    }

    /** The defaults, to change some. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds options from the defaults. */
    public static final class Builder {
        private int maxConcurrent = 16;
        private int maxQueue = 64;
        private long cacheMemory = Runtime.getRuntime().maxMemory() / 2;
        private int chunk = 512;
        private double stretch = 2.5;
        private int snapshotEvery = 1024;

        private Builder() {}

        /** At least 1; by default 16. */
        public Builder maxConcurrent(int value) {
            maxConcurrent = value;
            return this;
        }

        /** At least 0; by default 64. */
        public Builder maxQueue(int value) {
            maxQueue = value;
            return this;
        }

        /** At least 1; by default half of the JVM's memory. */
        public Builder cacheMemory(long value) {
            cacheMemory = value;
            return this;
        }

        /** At least 1; by default 512. */
        public Builder chunk(int value) {
            chunk = value;
            return this;
        }

        /** At least 1, which makes no step longer; by default 2.5. */
        public Builder stretch(double value) {
            stretch = value;
            return this;
        }

        /** At least 0, for none; by default 1,024. */
        public Builder snapshotEvery(int value) {
            snapshotEvery = value;
            return this;
        }

        /**
         * Checks the values and builds the options.
         *
         * @throws InvalidInputException when a value is out of range
         */
        public SchedulerOptions build() {
            return new SchedulerOptions(maxConcurrent, maxQueue, cacheMemory, chunk, stretch, snapshotEvery);
        }
    }
}
