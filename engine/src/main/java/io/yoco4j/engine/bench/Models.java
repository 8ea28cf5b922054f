package io.yoco4j.engine.bench;

import io.yoco4j.engine.YocoModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The models that take turns: all in memory where they fit, else each made anew for its turn. */
final class Models implements AutoCloseable {
    private final Map<Subject, YocoModel> open = new HashMap<>();
    private final int threads;
    private final boolean keep;

    Models(List<Subject> subjects, int threads) {
        this.threads = threads;
        // Memory outside of the heap is bounded by the heap's own limit; the probe has some of it.
        keep = subjects.stream().mapToLong(Subject::weightBytes).sum()
                <= Runtime.getRuntime().maxMemory() / 2;
    }

    <R> R use(Subject s, Function<YocoModel, R> work) {
        YocoModel model = open.computeIfAbsent(s, _ -> s.open(threads));
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
