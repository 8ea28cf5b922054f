package io.yoco4j.train.model;

import io.yoco4j.train.kernel.Angles;
import io.yoco4j.train.kernel.RowKernels;
import io.yoco4j.train.kernel.RowMemory;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * RMSNorm, SwiGLU and rotary embedding as one node of the graph each, where libtorch takes five to twenty passes over
 * memory for one and its gradient. In float32 and bfloat16; arithmetic is in float32 either way. Results do not depend on
 * how many threads there are.
 */
final class FusedRows {
    private static final int ROWS = 64;

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
            Tensor dx = Torch.emptyLike(saved);
            RowMemory in = Torch.rows(saved);
            RowMemory from = Torch.rows(dy);
            RowMemory to = Torch.rows(dx);
            float[][] parts = new float[blocks(rows)][w.length];
            blocks(rows, (i, first, last) -> RowKernels.rmsNormGradient(in, w, eps, from, to, parts[i], first, last));
            add(parts, weightGradient);
            return dx;
        });
        Tensor y = GraphNodes.copy(input, type);
        RowMemory in = Torch.rows(saved);
        RowMemory out = Torch.rows(y);
        blocks(rows, (_, first, last) -> RowKernels.rmsNorm(in, w, eps, out, first, last));
        return y;
    }

    /** Adds the parts up in their order, onto a float32 tensor. */
    private static void add(float[][] parts, Tensor sum) {
        RowMemory memory = Torch.rows(sum);
        float[] total = new float[parts[0].length];
        memory.read(0, total, total.length);
        for (float[] part : parts) {
            for (int i = 0; i < total.length; i++) {
                total[i] += part[i];
            }
        }
        memory.write(total, 0, total.length);
    }

    /**
     * {@code silu(gate) * up}.
     *
     * @param gateUp [.., 2 x F], gate and up beside each other, contiguous
     * @return [.., F]
     */
    Tensor swiGlu(Tensor gateUp, PointerScope lifetime) {
        long[] shape = gateUp.shape();
        int width = (int) (shape[shape.length - 1] / 2);
        shape[shape.length - 1] = width;
        int rows = (int) (gateUp.numel() / (2 * width));
        Tensor saved = GraphNodes.saved(gateUp, gateUp.requires_grad(), lifetime);
        Tensor y = nodes.node(List.of(gateUp), shape, lifetime, dy -> {
            Tensor gradient = Torch.emptyLike(saved);
            RowMemory in = Torch.rows(saved);
            RowMemory from = Torch.rows(dy);
            RowMemory to = Torch.rows(gradient);
            blocks(rows, (_, first, last) -> RowKernels.swiGluGradient(in, width, from, to, first, last));
            return List.of(gradient);
        });
        RowMemory in = Torch.rows(saved);
        RowMemory out = Torch.rows(y);
        blocks(rows, (_, first, last) -> RowKernels.swiGlu(in, width, out, first, last));
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
                    Tensor dx = Torch.emptyLike(dy);
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
        RowMemory in = Torch.rows(from);
        RowMemory out = Torch.rows(to);
        blocks(
                (int) (from.size(0) * from.size(1)),
                (_, first, last) -> RowKernels.rotate(in, out, heads, hd, cos, sin, first, last));
    }

    private interface Block {
        void run(int index, int from, int to);
    }

    private static int blocks(int rows) {
        return (rows + ROWS - 1) / ROWS;
    }

    private void blocks(int rows, Block block) {
        workers.forEach(blocks(rows), i -> block.run(i, i * ROWS, Math.min(rows, (i + 1) * ROWS)));
    }
}
