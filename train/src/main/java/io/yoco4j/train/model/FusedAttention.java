package io.yoco4j.train.model;

import io.yoco4j.train.kernel.HeadAttention;
import io.yoco4j.train.kernel.HeadAttention.Shape;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Causal softmax attention of whole sequences in float32 as one node of the graph, computed here rather than by libtorch:
 * weights never leave the processor's cache, keys that no query of a block sees are skipped, and the gradient computes
 * weights anew. {@link TorchAttention} is the same in libtorch's operations.
 */
final class FusedAttention {
    private final ThreadLocal<Map<Shape, HeadAttention>> workspaces = ThreadLocal.withInitial(HashMap::new);
    private final GraphNodes nodes;
    private final Workers workers;

    FusedAttention(GraphNodes nodes, Workers workers) {
        this.nodes = nodes;
        this.workers = workers;
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
        Tensor saved = GraphNodes.saved(joined, joined.requires_grad(), lifetime);
        float[] lse = new float[b * h * shape.rows()];
        Tensor[] output = new Tensor[1];
        Tensor input = nodes.input(joined, lifetime, dy -> {
            // The output's gradient comes in the queries' columns, 0 elsewhere.
            Tensor gradient = dy.clone();
            MemorySegment in = Torch.memory(saved);
            MemorySegment out = Torch.memory(output[0]);
            MemorySegment at = Torch.memory(gradient);
            forEachHead(
                    shape,
                    (head, task) -> head.backward(task / shape.kvHeads(), task % shape.kvHeads(), in, out, lse, at));
            return gradient;
        });
        Tensor y = GraphNodes.copy(input.narrow(2, 0, (long) h * hd), ScalarType.Float)
                .contiguous();
        output[0] = GraphNodes.saved(y, joined.requires_grad(), lifetime);
        MemorySegment in = Torch.memory(saved);
        MemorySegment out = Torch.memory(y);
        forEachHead(shape, (head, task) -> head.forward(task / shape.kvHeads(), task % shape.kvHeads(), in, out, lse));
        return y;
    }

    private interface HeadTask {
        void run(HeadAttention head, int task);
    }

    /** Runs a task for each sequence and head of keys; a result does not depend on how many threads there are. */
    private void forEachHead(Shape shape, HeadTask task) {
        workers.forEach(
                shape.batch() * shape.kvHeads(),
                i -> task.run(workspaces.get().computeIfAbsent(shape, HeadAttention::new), i));
    }
}
