package io.yoco4j.server.schedule;

import io.yoco4j.server.schedule.Scheduler.Handle;
import java.util.function.Consumer;

/**
 * Prompts of one request that are submitted one after another. They have one deadline; and once the first of them has
 * begun, the others are neither refused while the scheduler shuts down nor, where none is under way, for a full queue.
 */
public final class Series implements AutoCloseable {
    private final Scheduler scheduler;
    final long start = System.nanoTime();
    /** Under the lock of {@link WaitingRequests}, both. */
    boolean begun;

    boolean closed;

    Series(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /**
     * Takes a further prompt, as {@link Scheduler#submit} does.
     *
     * @param under how many prompts of the series are under way
     * @throws RefusedException when it is not taken
     * @throws io.yoco4j.core.InvalidInputException when something of it does not fit the model
     */
    public Handle submit(GenerationRequest request, int under, Consumer<GenerationEvent> listener) {
        return scheduler.submit(request, listener, this, under);
    }

    /** Nothing more is to come. */
    @Override
    public void close() {
        scheduler.ended(this);
    }
}
