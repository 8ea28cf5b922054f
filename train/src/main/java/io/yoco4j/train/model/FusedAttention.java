package io.yoco4j.train.model;

import io.yoco4j.train.kernel.HeadAttention;
import io.yoco4j.train.kernel.HeadAttention.Shape;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorTensorHook;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Causal softmax attention of whole sequences in float32 as one node of the graph, computed here rather than by libtorch:
 * weights never leave the processor's cache, keys that no query of a block sees are skipped, and the gradient computes
 * weights anew. {@link TorchAttention} is the same in libtorch's operations.
 *
 * <p>Autograd gets to know of it without a function of its own, which the Java binding cannot make: the result is {@code y +
 * (q - detached q)}, whose gradient libtorch hands to q unchanged. A hook on the tensor that q, k and v were joined into
 * meets that gradient there and answers with those of q, k and v.
 */
final class FusedAttention implements AutoCloseable {
    private static final String VECTOR_API = "jdk.incubator.vector";
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    private final ThreadLocal<Map<Shape, HeadAttention>> workspaces = ThreadLocal.withInitial(HashMap::new);
    private @Nullable ForkJoinPool pool;
    private @Nullable Tensor lastGradient;

    /** Whether this JVM has the Vector API's module; where not, it says so once. */
    static boolean available() {
        boolean there = ModuleLayer.boot().findModule(VECTOR_API).isPresent();
        if (!there && !WARNED.getAndSet(true)) {
            System.getLogger(FusedAttention.class.getName())
                    .log(
                            System.Logger.Level.WARNING,
                            "Training in float32 without fused attention, at about half the speed: add --add-modules "
                                    + VECTOR_API + " to the java command.");
        }
        return there;
    }

    /**
     * @param q [B, N, H, hd] float32
     * @param k [B, N, KV, hd]
     * @param v [B, N, KV, hd]
     * @param window tokens seen, the own included
     * @param lifetime until whose end the gradient may be asked for
     * @return [B, N, H x hd]
     */
    Tensor attend(Tensor q, Tensor k, Tensor v, int window, PointerScope lifetime) {
        int b = (int) q.size(0);
        int n = (int) q.size(1);
        int h = (int) q.size(2);
        int hd = (int) q.size(3);
        Shape shape = new Shape(b, n, h, (int) k.size(2), hd, Math.min(window, n));
        Tensor joined = Torch.cat(2, q.reshape(b, n, -1), k.reshape(b, n, -1), v.reshape(b, n, -1));
        Tensor y = torch.empty(new long[] {b, n, (long) h * hd}, new TensorOptions(ScalarType.Float), null);
        float[] lse = new float[b * h * shape.rows()];
        MemorySegment in = Torch.memory(joined);
        MemorySegment out = Torch.memory(y);
        forEachHead(shape, (head, task) -> head.forward(task / shape.kvHeads(), task % shape.kvHeads(), in, out, lse));
        if (!joined.requires_grad()) {
            return y;
        }
        Gradient hook = new Gradient(shape, joined.detach(), y, lse);
        lifetime.attach(hook);
        lifetime.attach(hook.joined);
        lifetime.attach(y);
        joined.register_hook(hook);
        Tensor queries = joined.narrow(2, 0, (long) h * hd);
        return queries.sub(queries.detach()).add(y);
    }

    /** Answers the gradient of the joined queries, keys and values. */
    private final class Gradient extends TensorTensorHook {
        private final Shape shape;
        private final Tensor joined;
        private final Tensor y;
        private final float[] lse;

        Gradient(Shape shape, Tensor joined, Tensor y, float[] lse) {
            this.shape = shape;
            this.joined = joined;
            this.y = y;
            this.lse = lse;
        }

        /** @param incoming that of the output in the queries' columns, 0 elsewhere */
        @Override
        public TensorBase call(TensorBase incoming) {
            Tensor gradient;
            try (PointerScope _ = new PointerScope()) {
                gradient = Torch.keep(new Tensor(incoming).clone());
            }
            MemorySegment in = Torch.memory(joined);
            MemorySegment out = Torch.memory(y);
            MemorySegment at = Torch.memory(gradient);
            forEachHead(
                    shape,
                    (head, task) -> head.backward(task / shape.kvHeads(), task % shape.kvHeads(), in, out, lse, at));
            // libtorch copies what this returns only afterwards, so it is let go of a call later.
            release();
            lastGradient = gradient;
            return gradient;
        }
    }

    private interface HeadTask {
        void run(HeadAttention head, int task);
    }

    /** Runs a task for each sequence and head of keys; a result does not depend on how many threads there are. */
    private void forEachHead(Shape shape, HeadTask task) {
        int threads = torch.get_num_threads();
        int tasks = shape.batch() * shape.kvHeads();
        if (threads == 1 || tasks == 1) {
            for (int i = 0; i < tasks; i++) {
                task.run(workspace(shape), i);
            }
        } else {
            pool(threads)
                    .submit(() -> IntStream.range(0, tasks).parallel().forEach(i -> task.run(workspace(shape), i)))
                    .join();
        }
    }

    private HeadAttention workspace(Shape shape) {
        return workspaces.get().computeIfAbsent(shape, HeadAttention::new);
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

    private void release() {
        if (lastGradient != null) {
            lastGradient.close();
            lastGradient = null;
        }
    }

    @Override
    public void close() {
        if (pool != null) {
            pool.close();
            pool = null;
        }
        release();
    }
}
