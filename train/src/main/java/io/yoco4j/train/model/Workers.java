package io.yoco4j.train.model;

import java.util.concurrent.ForkJoinPool;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** As many threads as libtorch is told to use, for what Java computes between its operations. */
final class Workers implements AutoCloseable {
    private @Nullable ForkJoinPool pool;

    /** How many there are. */
    int threads() {
        return torch.get_num_threads();
    }

    /** Runs {@code task} for 0..count-1, in any order; returns when all are done. */
    void forEach(int count, IntConsumer task) {
        int threads = threads();
        if (threads == 1 || count == 1) {
            for (int i = 0; i < count; i++) {
                task.accept(i);
            }
        } else {
            pool(threads)
                    .submit(() -> IntStream.range(0, count).parallel().forEach(task))
                    .join();
        }
    }

    private ForkJoinPool pool(int threads) {
        ForkJoinPool p = pool;
        if (p == null || p.getParallelism() != threads) {
            close();
            p = new ForkJoinPool(threads);
            pool = p;
        }
        return p;
    }

    @Override
    public void close() {
        if (pool != null) {
            pool.close();
            pool = null;
        }
    }
}
