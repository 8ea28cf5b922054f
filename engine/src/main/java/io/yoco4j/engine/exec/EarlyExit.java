package io.yoco4j.engine.exec;

import io.yoco4j.core.arch.Stage;
import io.yoco4j.engine.kernel.WorkerPool;
import java.util.Arrays;

/**
 * Which rows of a looped stage are done: an iteration moved them by no more than their context's threshold, as an
 * {@link AngularDistance} between what the iteration before put out, or the stage's input, and what it put out itself. It
 * is the test of hidden-state saturation of Schuster et al. 2022, "Confident Adaptive Language Modeling",
 * between iterations instead of layers.
 *
 * <p>A row that is done stays what it is. Its keys and values in the iterations it does not take are those that the last
 * one it took has made, as in their propagation of states; since iterations share weights, nothing needs
 * projecting anew. A step computes all rows until all are done, and leaves out what is left then: what a row's result is
 * depends on its own context alone, and only the time depends on its neighbours.
 */
final class EarlyExit {
    private static final int ROWS_PER_TASK = 16;

    private final WorkerPool pool;
    private final int hidden;
    private final WorkerPool.Job job = this::rows;

    private BatchRows batch = new BatchRows();
    private boolean looped;
    private boolean active;
    private boolean[] done = {};
    private float[] before = {}; // [n, D], x before the iteration
    private float[] x = {}; // [n, D]
    private int n;
    private int t;

    EarlyExit(int hidden, WorkerPool pool) {
        this.hidden = hidden;
        this.pool = pool;
    }

    /** Begins a stage whose rows have their places: none is done. */
    void begin(BatchRows batch, Stage stage) {
        this.batch = batch;
        looped = stage.loops() > 1;
        active = false;
        for (int i = 0; i < batch.active(); i++) {
            Segment g = batch.segment(i);
            g.running = g.rows;
            active |= g.loops > 1 && g.exit().threshold() > 0;
            if (looped) {
                g.exit().countTokens(g.rows);
            }
        }
        if (active) {
            reserve(batch.rows());
        }
    }

    private void reserve(int rows) {
        if (done.length < rows) {
            // Both or none: memory may be short for the second.
            float[] inputs = new float[Math.multiplyExact(rows, hidden)];
            done = new boolean[rows];
            before = inputs;
        } else {
            Arrays.fill(done, 0, rows, false);
        }
    }

    /** Whether a row of this stage may be done before its context's last iteration. */
    boolean active() {
        return active;
    }

    /** Whether a row of the stage that runs takes no part in the iteration. */
    boolean done(int row) {
        return active && done[row];
    }

    /** Whether no row takes part in the iteration that the batch has come to. */
    boolean allDone() {
        for (int i = 0; i < batch.active(); i++) {
            if (batch.segment(i).running > 0) {
                return false;
            }
        }
        return true;
    }

    /** Sees x [n, D] before an iteration. */
    void before(float[] x, int n) {
        if (looped) {
            for (int i = 0; i < batch.active(); i++) {
                Segment g = batch.segment(i);
                g.exit().countIterations(g.running);
            }
        }
        if (active) {
            System.arraycopy(x, 0, before, 0, n * hidden);
        }
    }

    /** Sees x [n, D] after iteration {@code t}: rows that were done become what they were, others may be done now. */
    void after(float[] x, int n, int t) {
        if (!active) {
            return;
        }
        this.x = x;
        this.n = n;
        this.t = t;
        pool.run((n + ROWS_PER_TASK - 1) / ROWS_PER_TASK, job, 3L * n * hidden);
        for (int i = 0; i < batch.active(); i++) {
            Segment g = batch.segment(i);
            g.running = 0;
            for (int row = g.first; row < g.first + g.rows; row++) {
                g.running += done[row] ? 0 : 1;
            }
        }
    }

    /** Ends the stage: what follows takes all rows. */
    void end() {
        active = false;
    }

    private void rows(int task, int worker) {
        int end = Math.min(n, (task + 1) * ROWS_PER_TASK);
        for (int row = task * ROWS_PER_TASK; row < end; row++) {
            Segment g = batch.owner(row);
            int at = row * hidden;
            if (done[row]) {
                System.arraycopy(before, at, x, at, hidden);
            } else if (g.exit().threshold() > 0 && t < g.loops - 1) {
                done[row] = AngularDistance.of(before, at, x, at, hidden)
                        <= g.exit().threshold();
            }
        }
    }
}
