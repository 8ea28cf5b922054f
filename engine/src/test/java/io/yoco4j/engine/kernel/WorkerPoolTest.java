package io.yoco4j.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {

    @Test
    void doesEachTaskOnceWhateverTheJobsSizes() {
        try (WorkerPool pool = new WorkerPool(4)) {
            for (int round = 0; round < 3000; round++) {
                int tasks = round % 37;
                AtomicIntegerArray counts = new AtomicIntegerArray(40);
                pool.run(tasks, (task, worker) -> {
                    assertThat(worker).isBetween(0, 3);
                    counts.incrementAndGet(task);
                });
                for (int t = 0; t < 40; t++) {
                    assertThat(counts.get(t)).isEqualTo(t < tasks ? 1 : 0);
                }
                if (round % 500 == 0) {
                    // Long enough for the workers to park.
                    LockSupport.parkNanos(5_000_000);
                }
            }
        }
    }

    @Test
    void throwsWhatATaskThrewAndGoesOn() {
        try (WorkerPool pool = new WorkerPool(2)) {
            assertThatThrownBy(() -> pool.run(10, (task, worker) -> {
                        if (task == 7) {
                            throw new IllegalStateException("seven");
                        }
                    }))
                    .hasMessage("seven");
            AtomicIntegerArray counts = new AtomicIntegerArray(10);
            pool.run(10, (task, worker) -> counts.incrementAndGet(task));
            assertThat(counts.toString()).isEqualTo("[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]");
        }
    }
}
