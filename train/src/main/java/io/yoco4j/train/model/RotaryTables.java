package io.yoco4j.train.model;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.train.kernel.Angles;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Angles of rotary embedding (Su et al. 2021) of one architecture, made once per span of positions. */
final class RotaryTables implements AutoCloseable {
    private record Span(int from, int n) {}

    private record Tensors(Tensor cos, Tensor sin) {}

    private final Map<Span, Angles> angles = new HashMap<>();
    private final Map<Span, Tensors> tensors = new HashMap<>();
    private final ScalarType type;

    /** @param type of cosines and sines where libtorch rotates */
    RotaryTables(ScalarType type) {
        this.type = type;
    }

    Angles angles(Architecture a, int from, int n) {
        return angles.computeIfAbsent(new Span(from, n), _ -> Angles.of(from, n, a.headDim(), a.ropeTheta()));
    }

    /** x [B, N, heads, hd], whose first token stands at {@code from}, rotated operation by operation. */
    Tensor rotate(Architecture a, Tensor x, int from) {
        int n = (int) x.size(1);
        Tensors t = tensors.computeIfAbsent(new Span(from, n), _ -> {
            Angles of = angles(a, from, n);
            return new Tensors(table(of.cos(), n), table(of.sin(), n));
        });
        long half = x.size(3) / 2;
        Tensor x1 = x.narrow(3, 0, half);
        Tensor x2 = x.narrow(3, half, half);
        return Torch.cat(
                3, x1.mul(t.cos()).sub(x2.mul(t.sin())), x2.mul(t.cos()).add(x1.mul(t.sin())));
    }

    private Tensor table(float[] values, int n) {
        return Torch.keep(
                Torch.scoped(() -> Torch.floats(values, n, 1, values.length / n).to(type)));
    }

    @Override
    public void close() {
        tensors.values().forEach(t -> {
            t.cos().close();
            t.sin().close();
        });
        tensors.clear();
    }
}
