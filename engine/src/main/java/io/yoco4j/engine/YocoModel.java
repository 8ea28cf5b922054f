package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.checkpoint.GenerationConfig;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.engine.cache.ContextState;
import io.yoco4j.engine.exec.ModelWeights;
import io.yoco4j.engine.exec.StageExecutor;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.WorkerPool;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A model ready to run: weights mapped where they are stored, kernels, worker threads. Closing it releases them; a
 * session that is used afterwards gets an {@link IllegalStateException}, one that runs in another thread gets it at its
 * next step.
 */
public final class YocoModel implements AutoCloseable {
    private final Architecture architecture;
    private final GenerationConfig generationConfig;
    private final EngineOptions options;
    private final @Nullable Arena arena;
    private final Kernels kernels;
    private final WorkerPool pool;
    private final StageExecutor executor;
    /** Held for each step, so that activations serve one at a time and nothing is unmapped under a running step. */
    private final ReentrantLock lock = new ReentrantLock(true);

    private volatile boolean closed;

    private YocoModel(
            Architecture architecture,
            Map<String, StoredTensor> tensors,
            GenerationConfig generationConfig,
            EngineOptions options,
            @Nullable Arena arena) {
        this.architecture = architecture;
        this.generationConfig = generationConfig;
        this.options = options;
        this.arena = arena;
        kernels = options.kernels().kernels();
        ModelWeights weights = new ModelWeights(architecture, tensors);
        pool = new WorkerPool(options.threads());
        executor = new StageExecutor(architecture, weights, kernels, pool);
    }

    /** Opens a model folder with default options. */
    public static YocoModel open(Path folder) {
        return open(folder, EngineOptions.defaults());
    }

    /**
     * Opens a model folder.
     *
     * @throws InvalidInputException naming the file and field or tensor that is wrong
     * @throws java.io.UncheckedIOException when reading fails
     */
    @SuppressWarnings("MustBeClosedChecker") // the model closes it
    public static YocoModel open(Path folder, EngineOptions options) {
        Arena arena = Arena.ofShared();
        try {
            Checkpoint checkpoint = Checkpoint.open(folder, arena);
            return new YocoModel(
                    checkpoint.architecture(), checkpoint.tensors(), checkpoint.generation(), options, arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /**
     * A model of weights in memory, which must stay valid while it is open.
     *
     * @throws IllegalArgumentException when a tensor of the architecture is missing or of another shape
     */
    public static YocoModel of(Architecture architecture, Map<String, StoredTensor> tensors, EngineOptions options) {
        return new YocoModel(architecture, tensors, GenerationConfig.NONE, options, null);
    }

    public Architecture architecture() {
        return architecture;
    }

    public GenerationConfig generationConfig() {
        return generationConfig;
    }

    public EngineOptions options() {
        return options;
    }

    /** Name of the kernels in use, e.g. {@code vector-512} or {@code scalar}. */
    public String kernels() {
        return kernels.name();
    }

    /** An empty context. */
    public Session session() {
        return session(SessionOptions.defaults());
    }

    /**
     * An empty context.
     *
     * @throws InvalidInputException when loops are given for a model without looped stage, or out of range
     */
    public Session session(SessionOptions options) {
        requireOpen();
        return new Session(this, options);
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the model is closed: open it again, or close it after its last session");
        }
    }

    void run(ContextState context, int[] ids, int from, int count, int wanted, StageExecutor.LogitSink sink) {
        lock.lock();
        try {
            requireOpen();
            executor.run(context, ids, from, count, wanted, sink);
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a step that runs, then releases threads and weights. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                pool.close();
                if (arena != null) {
                    arena.close();
                }
            }
        } finally {
            lock.unlock();
        }
    }
}
