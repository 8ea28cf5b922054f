package io.yoco4j.server.schedule;

import io.yoco4j.server.schedule.RefusedException.Reason;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Requests that wait to begin, in order, and whether the scheduler still takes them: all that its thread and those who submit
 * share. One lock guards it.
 */
final class WaitingRequests {
    private static final Duration RETRY = Duration.ofSeconds(1);
    /** How long to wait for memory that others give back at some time. */
    private static final long PAUSE_MILLIS = 5;

    private final int maxConcurrent;
    private final int maxQueue;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<ActiveRequest> waiting = new ArrayDeque<>();
    private boolean closing;
    private boolean abandoned;
    /** The thread takes nothing more. */
    private boolean ended;
    /** Series that have begun and from which more is to come. */
    private int open;

    private volatile int running;

    /**
     * Requests that wait no longer.
     *
     * @param over cancelled, or out of time
     * @param refused that had not begun when the scheduler was told to end
     */
    record Dropped(List<ActiveRequest> over, List<ActiveRequest> refused) {}

    WaitingRequests(SchedulerOptions options) {
        maxConcurrent = options.maxConcurrent();
        maxQueue = options.maxQueue();
    }

    // ---- for those who submit

    /**
     * @param under how many prompts of the series are under way
     * @throws RefusedException when it is not taken
     */
    void add(ActiveRequest r, int under) {
        lock.lock();
        try {
            requireOpen(r.series);
            requireRoom(r.series, under);
            waiting.add(r);
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    void requireOpen(@Nullable Series series) {
        lock.lock();
        try {
            boolean goesOn = series != null && series.begun && !ended;
            if (closing && !goesOn) {
                throw new RefusedException(
                        Reason.SHUTDOWN, "The server is shutting down; try another one", Optional.of(RETRY));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Refuses what would only wait, before anything is read for it. */
    void requireRoom(@Nullable Series series, int under) {
        lock.lock();
        try {
            if (series != null && series.begun && under == 0) {
                // Nothing of it would end and let it try again: it would fail halfway.
                return;
            }
            // Those that can start with the next step do not count as waiting.
            int free = Math.max(0, maxConcurrent - running);
            if (waiting.size() >= maxQueue + free) {
                throw new RefusedException(
                        Reason.QUEUE_FULL,
                        waiting.size() + " requests are waiting already, as many as may; try again later",
                        Optional.of(RETRY.multipliedBy(1 + waiting.size() / maxConcurrent)));
            }
        } finally {
            lock.unlock();
        }
    }

    void cancel(ActiveRequest r) {
        r.cancelled = true;
        lock.lock();
        try {
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    void ended(Series series) {
        lock.lock();
        try {
            if (series.begun && !series.closed) {
                open--;
                changed.signal();
            }
            series.closed = true;
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    int running() {
        return running;
    }

    /**
     * New requests are refused from now on, and those that wait.
     *
     * @param atOnce whether those that run end, too
     */
    void end(boolean atOnce) {
        lock.lock();
        try {
            closing = true;
            abandoned |= atOnce;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    // ---- for the scheduler's thread

    void running(int count) {
        running = count;
    }

    /** Waits until there is something to do; whether to go on. */
    boolean awaitWork() {
        lock.lock();
        try {
            while (running == 0 && waiting.isEmpty() && !abandoned && !(closing && open == 0)) {
                changed.awaitUninterruptibly();
            }
            return !abandoned && !(closing && open == 0 && running == 0 && waiting.isEmpty());
        } finally {
            lock.unlock();
        }
    }

    /** Requests wait, and nothing runs: kept contexts that are being written to disk hold the memory. */
    @SuppressWarnings("WaitNotInLoop") // a pause: whether it was cut short, the next step finds out
    void pause() {
        lock.lock();
        try {
            if (!waiting.isEmpty()) {
                boolean _ = changed.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    Dropped drop(long now) {
        List<ActiveRequest> over = new ArrayList<>();
        List<ActiveRequest> refused = List.of();
        lock.lock();
        try {
            waiting.removeIf(r -> (r.cancelled || r.expired(now)) && over.add(r));
            if (closing) {
                refused = waiting.stream()
                        .filter(r -> r.series == null || !r.series.begun)
                        .toList();
                waiting.removeAll(refused);
            }
        } finally {
            lock.unlock();
        }
        return new Dropped(over, refused);
    }

    @Nullable
    ActiveRequest first() {
        lock.lock();
        try {
            return waiting.peek();
        } finally {
            lock.unlock();
        }
    }

    /** The first has begun. */
    void begun(ActiveRequest first) {
        lock.lock();
        try {
            waiting.remove();
            Series series = first.series;
            if (series != null && !series.begun) {
                series.begun = true;
                open += series.closed ? 0 : 1;
            }
        } finally {
            lock.unlock();
        }
    }

    List<ActiveRequest> drain() {
        lock.lock();
        try {
            List<ActiveRequest> all = List.copyOf(waiting);
            waiting.clear();
            return all;
        } finally {
            lock.unlock();
        }
    }

    /** Not even series that have begun are taken from now on. */
    void takeNothingMore() {
        lock.lock();
        try {
            ended = true;
        } finally {
            lock.unlock();
        }
    }
}
