package io.yoco4j.train.model;

import io.yoco4j.train.kernel.Angles;
import io.yoco4j.train.kernel.HeadAttention;
import io.yoco4j.train.kernel.HeadAttention.Heads;
import io.yoco4j.train.kernel.HeadAttention.Operands;
import io.yoco4j.train.kernel.HeadAttention.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Causal softmax attention of whole sequences as one node of the graph, computed here rather than by libtorch: weights
 * never leave the processor's cache, keys that no query of a block sees are skipped, and the gradient computes weights
 * anew. Queries, keys and values are read where the projections left them, and rotated on the way. {@link TorchAttention} is
 * the same in libtorch's operations.
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
     * Heads beside each other in the rows of a tensor.
     *
     * @param tensor [B, N, columns], contiguous
     * @param first column
     * @param angles of N positions by which each head is rotated
     */
    record Part(Tensor tensor, int first, Angles angles) {}

    /** Keys and values that queries attend to. */
    record KeyValues(Part keys, Part values) {}

    /**
     * How many heads there are.
     *
     * @param size entries of each
     */
    record HeadCounts(int heads, int kvHeads, int size) {}

    /**
     * @param q queries; all three may be parts of one tensor
     * @param window tokens seen, the own included
     * @param lifetime until whose end the gradient may be asked for
     * @return [B, N, heads x size]
     */
    Tensor attend(Part q, KeyValues kv, HeadCounts counts, int window, PointerScope lifetime) {
        int b = (int) q.tensor().size(0);
        int n = (int) q.tensor().size(1);
        int hd = counts.size();
        Shape shape = new Shape(b, n, counts.heads(), counts.kvHeads(), hd, Math.min(window, n));
        List<Part> parts = List.of(q, kv.keys(), kv.values());
        List<Tensor> tensors = distinct(parts);
        boolean gradient = tensors.stream().anyMatch(Tensor::requires_grad);
        List<Tensor> saved = new ArrayList<>();
        tensors.forEach(t -> saved.add(GraphNodes.saved(t, gradient, lifetime)));
        float[] statistics = new float[shape.statistics()];
        Tensor y = nodes.node(tensors, new long[] {b, n, (long) counts.heads() * hd}, lifetime, dy -> {
            List<Tensor> gradients = emptyOrZeros(tensors, saved, parts, counts);
            Operands in = operands(parts, tensors, saved);
            Operands to = operands(parts, tensors, gradients);
            Heads from = heads(dy, 0, Angles.NONE);
            forEachHead(
                    shape,
                    (attention, b1, head, count) -> attention.backward(b1, head, count, in, statistics, from, to));
            return gradients;
        });
        Operands in = operands(parts, tensors, saved);
        Heads out = heads(y, 0, Angles.NONE);
        forEachHead(shape, (attention, b1, head, count) -> attention.forward(b1, head, count, in, out, statistics));
        return y;
    }

    /** Room for the gradients of all columns: zeros where some belong to no part, as the queries of a joint tensor may not. */
    private static List<Tensor> emptyOrZeros(
            List<Tensor> tensors, List<Tensor> memories, List<Part> parts, HeadCounts counts) {
        long[] covered = new long[tensors.size()];
        for (int i = 0; i < parts.size(); i++) {
            int heads = i == 0 ? counts.heads() : counts.kvHeads();
            covered[indexOf(tensors, parts.get(i).tensor())] += (long) heads * counts.size();
        }
        List<Tensor> gradients = new ArrayList<>();
        for (int i = 0; i < covered.length; i++) {
            Tensor gradient = Torch.emptyLike(memories.get(i));
            gradients.add(covered[i] < gradient.size(2) ? gradient.zero_() : gradient);
        }
        return gradients;
    }

    private static List<Tensor> distinct(List<Part> parts) {
        List<Tensor> tensors = new ArrayList<>();
        for (Part part : parts) {
            if (indexOf(tensors, part.tensor()) < 0) {
                tensors.add(part.tensor());
            }
        }
        return tensors;
    }

    /** By identity: to be equal means something else to native handles. */
    private static int indexOf(List<Tensor> tensors, Tensor t) {
        for (int i = 0; i < tensors.size(); i++) {
            if (tensors.get(i) == t) {
                return i;
            }
        }
        return -1;
    }

    /** The parts' places in tensors that stand for theirs. */
    private static Operands operands(List<Part> parts, List<Tensor> tensors, List<Tensor> memories) {
        List<Heads> heads = Stream.of(0, 1, 2)
                .map(i -> heads(
                        memories.get(indexOf(tensors, parts.get(i).tensor())),
                        parts.get(i).first(),
                        parts.get(i).angles()))
                .toList();
        return new Operands(heads.get(0), heads.get(1), heads.get(2));
    }

    private static Heads heads(Tensor t, int first, Angles angles) {
        return new Heads(Torch.rows(t), (int) t.size(2), first, angles);
    }

    private interface HeadTask {
        void run(HeadAttention attention, int sequence, int kvHead, int count);
    }

    /** Runs a task for each sequence and its heads of keys, some together; a result does not depend on how many, nor on threads. */
    private void forEachHead(Shape shape, HeadTask task) {
        int neighbours = shape.neighbours();
        int count = shape.batch() * shape.kvHeads() / neighbours >= 2 * workers.threads() ? neighbours : 1;
        int tasks = shape.kvHeads() / count;
        workers.forEach(
                shape.batch() * tasks,
                i -> task.run(
                        workspaces.get().computeIfAbsent(shape, s -> new HeadAttention(s, neighbours)),
                        i / tasks,
                        i % tasks * count,
                        count));
    }
}
