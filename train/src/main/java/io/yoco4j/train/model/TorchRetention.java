package io.yoco4j.train.model;

import io.yoco4j.train.model.TorchContext.Place;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Gated retention in chunk-parallel form (Sun et al. 2024, "You Only Cache Once", section 3.1): with b_i the sum of log
 * decays up to i within a chunk, o_i = exp(b_i) q_i S + sum over j <= i of exp(b_i - b_j) (q_i . k_j) v_j, where S is the
 * state at the chunk's start. The chunks are independent but for S, which is carried through them one by one. Decays
 * and states are float32 throughout, so that long products of decays stay exact.
 */
final class TorchRetention {
    /** Long enough for good matrix products, short enough that the quadratic part stays small. */
    static final int CHUNK = 64;

    private TorchRetention() {}

    /**
     * @param q [B, H, N, hd], rotated
     * @param k [B, H, N, hd], rotated
     * @param v [B, H, N, hd]
     * @param logDecay [B, H, N], at most 0
     * @return [B, H, N, hd] float32; the state after the last token is left at {@code place}
     */
    static Tensor retain(Tensor q, Tensor k, Tensor v, Tensor logDecay, TorchContext context, Place place) {
        long b = q.size(0);
        long h = q.size(1);
        long n = q.size(2);
        long hd = q.size(3);
        long c = Math.min(CHUNK, n);
        long chunks = (n + c - 1) / c;
        long padding = chunks * c - n;
        // Padding has keys of 0 and a log decay of 0, so it leaves the state as it is.
        Tensor qs = chunked(q, chunks, c, padding);
        Tensor ks = chunked(k, chunks, c, padding).mul(new Scalar(1 / Math.sqrt(hd)));
        Tensor vs = chunked(v, chunks, c, padding);
        Tensor decay = torch.constant_pad_nd(logDecay, 0, padding)
                .view(b, h, chunks, c)
                .cumsum(-1); // [B, H, chunks, C]

        Tensor weights =
                decay.unsqueeze(-1).sub(decay.unsqueeze(-2)).add(causal(c)).exp(); // [.., C, C]
        Tensor within = qs.matmul(ks.transpose(-1, -2)).mul(weights).matmul(vs);

        Tensor total = decay.narrow(-1, c - 1, 1); // [B, H, chunks, 1]
        Tensor toEnd = total.sub(decay).exp().unsqueeze(-1); // decay from each token to its chunk's end
        Tensor added = ks.mul(toEnd).transpose(-1, -2).matmul(vs); // [B, H, chunks, hd, hd]
        Tensor kept = total.exp().unsqueeze(-1); // [B, H, chunks, 1, 1]

        @Nullable Tensor before = context.state(place);
        Tensor state =
                before == null ? torch.zeros(new long[] {b, h, hd, hd}, new TensorOptions(ScalarType.Float)) : before;
        List<Tensor> starts = new ArrayList<>();
        for (long i = 0; i < chunks; i++) {
            starts.add(state);
            state = state.mul(kept.select(2, i)).add(added.select(2, i));
        }
        Tensor states = torch.stack(new TensorVector(starts.toArray(new Tensor[0])), 2); // [B, H, chunks, hd, hd]
        context.state(place, state); // only now: it frees the state before, which is the first chunk's
        Tensor across = qs.mul(decay.exp().unsqueeze(-1)).matmul(states);
        return within.add(across).view(b, h, chunks * c, hd).narrow(2, 0, n);
    }

    private static Tensor chunked(Tensor t, long chunks, long c, long padding) {
        return torch.constant_pad_nd(t.to(ScalarType.Float), 0, 0, 0, padding)
                .view(t.size(0), t.size(1), chunks, c, t.size(3));
    }

    /** Zero on and under the diagonal, minus infinity above: [C, C]. */
    private static Tensor causal(long c) {
        return torch.full(new long[] {c, c}, new Scalar(Double.NEGATIVE_INFINITY), new TensorOptions(ScalarType.Float))
                .triu(1);
    }
}
