package io.yoco4j.engine.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed set of threads that share the tasks of one job at a time with the thread that calls {@link #run}. Between jobs
 * workers spin for a moment, then park; a job allocates nothing.
 *
 * <p>Each thread begins with a range of neighbouring tasks, so that what they read is one stretch of memory that the
 * processor can fetch ahead; one that has none left takes tasks from the ends of the others' ranges. A range is one atomic
 * word with the job's number in it, and the job is there before its ranges are, so that a late worker claims a task of the
 * job that it then runs, and the caller need not wait for workers that found nothing to do.
 */
public final class WorkerPool implements AutoCloseable {

    /** Work split into tasks that may run in any order on any thread. */
    @FunctionalInterface
    public interface Job {
        /**
         * Does one task.
         *
         * @param task from 0
         * @param worker the thread, from 0 to {@link WorkerPool#threads} - 1, for scratch memory of its own
         */
        void run(int task, int worker);
    }

    private static final int BITS = 22;
    private static final int JOB_SHIFT = 2 * BITS;
    /** Words between the ranges of two threads: two lines of the cache. */
    private static final int STRIDE = 16;

    private static final int MASK = (1 << BITS) - 1;
    /** Iterations before a waiting worker parks: some tenths of a millisecond, one where the processor pauses for long. */
    private static final int SPINS = 20_000;

    private static final int CALLER_SPINS = 2_000;
    private static final long SMALL = 50_000;

    private final Thread[] workers;
    /** By thread, {@link #STRIDE} apart: the job's number, the end of what is left of the range, and its next task. */
    private final AtomicLongArray ranges;

    /** Jobs so far; set when all ranges of a job are. */
    private final AtomicLong jobs = new AtomicLong();

    private final AtomicInteger done = new AtomicInteger();
    private final AtomicInteger parked = new AtomicInteger();
    private @Nullable Job job;
    private volatile @Nullable Throwable failure;
    private volatile boolean closed;

    /** Starts {@code threads - 1} daemon threads; the caller of {@link #run} is the remaining one. */
    public WorkerPool(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads);
        }
        workers = new Thread[threads - 1];
        ranges = new AtomicLongArray(threads * STRIDE);
        for (int i = 0; i < workers.length; i++) {
            int worker = i + 1;
            workers[i] =
                    Thread.ofPlatform().daemon().name("yoco-worker-" + worker).unstarted(() -> work(worker));
        }
        for (Thread t : workers) {
            t.start();
        }
    }

    /** Threads that a job runs on, the caller's included. */
    public int threads() {
        return workers.length + 1;
    }

    /** Runs a job on this thread alone where it has so few multiply-adds that waking others costs more than it saves. */
    public void run(int tasks, Job work, long operations) {
        if (operations < SMALL) {
            for (int t = 0; t < tasks; t++) {
                work.run(t, 0);
            }
        } else {
            run(tasks, work);
        }
    }

    /**
     * Runs all tasks of a job and returns when they are done. A task's exception is thrown here, after the others ended.
     *
     * @param tasks at most 4 million
     */
    @SuppressWarnings("ThreadPriorityCheck") // on a busy machine the last task may wait for the core that we spin on
    public synchronized void run(int tasks, Job work) {
        if (tasks < 0 || tasks > MASK) {
            throw new IllegalArgumentException("tasks is " + tasks);
        }
        if (tasks <= 1 || workers.length == 0) {
            for (int t = 0; t < tasks; t++) {
                work.run(t, 0);
            }
            return;
        }
        job = work;
        failure = null;
        done.set(0);
        long number = jobs.get() + 1;
        for (int t = 0; t < threads(); t++) {
            long first = (long) tasks * t / threads();
            long end = (long) tasks * (t + 1) / threads();
            ranges.set(t * STRIDE, number << JOB_SHIFT | end << BITS | first);
        }
        jobs.set(number);
        if (parked.get() > 0) {
            for (Thread t : workers) {
                LockSupport.unpark(t);
            }
        }
        share(0);
        for (int spins = 0; done.get() < tasks; spins++) {
            if (spins < CALLER_SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
        job = null;
        Throwable thrown = failure;
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        if (thrown instanceof Error e) {
            throw e;
        }
    }

    /** Does the tasks of this thread's range, then what is left of the others'. */
    private void share(int worker) {
        for (int i = 0; i < threads(); i++) {
            int owner = (worker + i) % threads();
            for (int task = claim(owner, owner == worker); task >= 0; task = claim(owner, owner == worker)) {
                perform(task, worker);
            }
        }
    }

    /** A task from the front of a range, or from its end; -1 when none is left. */
    private int claim(int owner, boolean front) {
        while (true) {
            long range = ranges.get(owner * STRIDE);
            int next = (int) range & MASK;
            int end = (int) (range >>> BITS) & MASK;
            if (next >= end) {
                return -1;
            }
            if (ranges.compareAndSet(owner * STRIDE, range, front ? range + 1 : range - (1L << BITS))) {
                return front ? next : end - 1;
            }
        }
    }

    private void perform(int task, int worker) {
        // A claimed task is not done, so this job is still the current one.
        Job current = job;
        try {
            if (current != null) {
                current.run(task, worker);
            }
        } catch (Throwable t) {
            failure = t;
        } finally {
            done.incrementAndGet();
        }
    }

    private void work(int worker) {
        long seen = 0;
        while (!closed) {
            long now = await(seen);
            if (now != seen) {
                seen = now;
                share(worker);
            }
        }
    }

    /** The number of a job other than {@code seen}; returns early when the pool closes. */
    private long await(long seen) {
        for (int spins = 0; ; spins++) {
            long now = jobs.get();
            if (now != seen || closed) {
                return now;
            }
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                parked.incrementAndGet();
                if (jobs.get() == seen && !closed) {
                    LockSupport.park(this);
                }
                parked.decrementAndGet();
            }
        }
    }

    /** Ends the threads; a job that runs is finished first. */
    @Override
    public synchronized void close() {
        closed = true;
        for (Thread t : workers) {
            LockSupport.unpark(t);
        }
    }
}
