package io.yoco4j.train.model;

import io.yoco4j.train.kernel.RowKernels;
import io.yoco4j.train.kernel.RowMemory;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * RMSNorm, SwiGLU and rotary embedding as one node of the graph each, where libtorch takes five to twenty passes over
 * memory for one and its gradient. In float32 and bfloat16; arithmetic is in float32 either way. Results do not depend on
 * how many threads there are.
 */
final class FusedRows {
    private static final int ROWS = 64;
    private static final int ELEMENTS = 1 << 14;

    private final GraphNodes nodes;
    private final Workers workers;

    FusedRows(GraphNodes nodes, Workers workers) {
        this.nodes = nodes;
        this.workers = workers;
    }

    /**
     * {@code x / sqrt(mean(x^2) + eps) * weight} over the last dimension.
     *
     * @param x contiguous
     * @param weight [width] float32
     * @param weightGradient to which the weight's gradient is added, [width] float32
     * @param type of the result
     */
    Tensor rmsNorm(Tensor x, Tensor weight, Tensor weightGradient, double eps, ScalarType type, PointerScope lifetime) {
        float[] w = Torch.toFloats(weight);
        int rows = (int) (x.numel() / w.length);
        Tensor saved = GraphNodes.saved(x, x.requires_grad(), lifetime);
        Tensor input = nodes.input(x, lifetime, dy -> {
            Tensor dx = empty(saved);
            RowMemory in = rows(saved);
            RowMemory from = rows(dy);
            RowMemory to = rows(dx);
            float[][] parts = new float[blocks(rows)][w.length];
            blocks(rows, (i, first, last) -> RowKernels.rmsNormGradient(in, w, eps, from, to, parts[i], first, last));
            add(parts, weightGradient);
            return dx;
        });
        Tensor y = GraphNodes.copy(input, type);
        RowMemory in = rows(saved);
        RowMemory out = rows(y);
        blocks(rows, (_, first, last) -> RowKernels.rmsNorm(in, w, eps, out, first, last));
        return y;
    }

    /** Adds the parts up in their order, onto a float32 tensor. */
    private static void add(float[][] parts, Tensor sum) {
        RowMemory memory = rows(sum);
        float[] total = new float[parts[0].length];
        memory.read(0, total, total.length);
        for (float[] part : parts) {
            for (int i = 0; i < total.length; i++) {
                total[i] += part[i];
            }
        }
        memory.write(total, 0, total.length);
    }

    /** {@code silu(gate) * up} of two contiguous tensors of one shape and type. */
    Tensor swiGlu(Tensor gate, Tensor up, PointerScope lifetime) {
        boolean gradient = gate.requires_grad() || up.requires_grad();
        Tensor g = GraphNodes.saved(gate, gradient, lifetime);
        Tensor u = GraphNodes.saved(up, gradient, lifetime);
        Tensor gates = nodes.input(gate, lifetime, dy -> {
            Tensor dg = empty(g);
            stretches(g, (from, to) -> RowKernels.swiGluGateGradient(rows(g), rows(u), rows(dy), rows(dg), from, to));
            return dg;
        });
        Tensor ups = nodes.input(up, lifetime, dy -> {
            Tensor du = empty(u);
            stretches(u, (from, to) -> RowKernels.swiGlu(rows(g), rows(dy), rows(du), from, to));
            return du;
        });
        Tensor y = gates.add(ups); // which hands its gradient to both
        stretches(y, (from, to) -> RowKernels.swiGlu(rows(g), rows(u), rows(y), from, to));
        return y;
    }

    /**
     * Rotary embedding.
     *
     * @param x [B, N, heads, hd], contiguous
     * @param angles of N positions
     */
    Tensor rotate(Tensor x, Angles angles, PointerScope lifetime) {
        Tensor y = GraphNodes.copy(
                nodes.input(x, lifetime, dy -> {
                    Tensor dx = empty(dy);
                    rotate(dy, dx, angles.cos(), angles.minusSin());
                    return dx;
                }),
                x.scalar_type());
        rotate(x, y, angles.cos(), angles.sin());
        return y;
    }

    private void rotate(Tensor from, Tensor to, float[] cos, float[] sin) {
        int heads = (int) from.size(2);
        int hd = (int) from.size(3);
        RowMemory in = rows(from);
        RowMemory out = rows(to);
        blocks(
                (int) (from.size(0) * from.size(1)),
                (_, first, last) -> RowKernels.rotate(in, out, heads, hd, cos, sin, first, last));
    }

    /**
     * Cosines and sines of angles, [N, hd/2] each.
     *
     * @param minusSin the sines of the way back
     */
    record Angles(float[] cos, float[] sin, float[] minusSin) {}

    private interface Block {
        void run(int index, int from, int to);
    }

    private interface Stretch {
        void run(long from, long to);
    }

    private static int blocks(int rows) {
        return (rows + ROWS - 1) / ROWS;
    }

    private void blocks(int rows, Block block) {
        workers.forEach(blocks(rows), i -> block.run(i, i * ROWS, Math.min(rows, (i + 1) * ROWS)));
    }

    private void stretches(Tensor t, Stretch stretch) {
        long count = t.numel();
        workers.forEach(
                (int) ((count + ELEMENTS - 1) / ELEMENTS),
                i -> stretch.run((long) i * ELEMENTS, Math.min(count, (i + 1L) * ELEMENTS)));
    }

    private static Tensor empty(Tensor like) {
        return torch.empty(like.shape(), new TensorOptions(like.scalar_type()), null);
    }

    private static RowMemory rows(Tensor t) {
        return new RowMemory(Torch.memory(t), t.scalar_type().intern() == ScalarType.BFloat16);
    }
}
