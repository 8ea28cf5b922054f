package io.yoco4j.engine.bench;

import io.yoco4j.engine.YocoModel;
import io.yoco4j.engine.kernel.DirectMemory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The models that take turns: all in memory where they fit, else each made anew for its turn. */
final class Models implements AutoCloseable {
    private final Map<Subject, YocoModel> open = new HashMap<>();
    private final int threads;
    private final String products;
    private final boolean prepack;
    private final boolean keep;

    Models(List<Subject> subjects, BenchmarkOptions options) {
        threads = options.threads();
        products = options.products();
        prepack = options.prepack();
        long weights = 0;
        long caches = 0;
        for (Subject s : subjects) {
            weights += s.weightBytes() + (prepack ? s.prepackedBytes() : 0);
            // A model keeps the memory of its last contexts for the next.
            caches += s.cacheBytes(options.longest(), options.generate(), options.forks());
        }
        // The probe has some of either.
        keep = weights <= DirectMemory.limit() / 2
                && caches <= Runtime.getRuntime().maxMemory() / 2;
    }

    <R> R use(Subject s, Function<YocoModel, R> work) {
        YocoModel model = open.computeIfAbsent(s, _ -> s.open(threads, products, prepack));
        try {
            return work.apply(model);
        } finally {
            if (!keep) {
                close();
            }
        }
    }

    @Override
    public void close() {
        open.values().forEach(YocoModel::close);
        open.clear();
    }
}
