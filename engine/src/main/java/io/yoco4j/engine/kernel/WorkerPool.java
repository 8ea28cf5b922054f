package io.yoco4j.engine.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed set of threads that share the tasks of one job at a time with the thread that calls {@link #run}. Between jobs
 * workers spin for a moment, then park; a job allocates nothing.
 *
 * <p>One atomic word holds the job's number, its task count and the next task, so that a late worker can never claim a
 * task of a job it has not seen, and the caller need not wait for workers that found nothing to do.
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
    private static final int MASK = (1 << BITS) - 1;
    /** Iterations before a waiting worker parks: some tens of microseconds. */
    private static final int SPINS = 20_000;

    private static final int CALLER_SPINS = 2_000;
    private static final long SMALL = 50_000;

    private final Thread[] workers;
    private final AtomicLong state = new AtomicLong();
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
        long number = (state.get() >>> JOB_SHIFT) + 1;
        state.set((number << JOB_SHIFT) | ((long) tasks << BITS));
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

    /** Claims and does tasks until none is left. */
    private void share(int worker) {
        while (true) {
            long s = state.get();
            int next = (int) s & MASK;
            int tasks = (int) (s >>> BITS) & MASK;
            if (next >= tasks) {
                return;
            }
            if (!state.compareAndSet(s, s + 1)) {
                continue;
            }
            // The claimed task is not done, so this job is still the current one.
            Job current = job;
            try {
                if (current != null) {
                    current.run(next, worker);
                }
            } catch (Throwable t) {
                failure = t;
            } finally {
                done.incrementAndGet();
            }
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
            long now = state.get() >>> JOB_SHIFT;
            if (now != seen || closed) {
                return now;
            }
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                parked.incrementAndGet();
                if (state.get() >>> JOB_SHIFT == seen && !closed) {
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
