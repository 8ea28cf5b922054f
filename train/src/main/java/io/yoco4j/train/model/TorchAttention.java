package io.yoco4j.train.model;

import io.yoco4j.train.model.TorchContext.KeyValues;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Grouped-query causal softmax attention as batched matrix products with an additive mask. On this libtorch that is an
 * order of magnitude faster than its fused attention (docs/design.md). Long sequences with a short window are cut into
 * chunks of the window's length, so the cost is O(N x W).
 */
final class TorchAttention implements AutoCloseable {
    /** No bound on how far back a token sees. */
    static final int UNBOUNDED = Integer.MAX_VALUE;

    private record MaskKey(long queries, long keys, int window, long repeats, long groups, ScalarType type) {
        MaskKey {
            type = type.intern(); // the binding makes a new object per call, equal to no other
        }
    }

    private final Map<MaskKey, Tensor> masks = new HashMap<>();

    /**
     * Attention of queries to keys of which the last N are their own tokens'.
     *
     * @param q [B, H, N, hd]
     * @param window tokens seen, the own included, or {@link #UNBOUNDED}
     * @return [B, N, H x hd]
     */
    Tensor attend(Tensor q, KeyValues kv, int window) {
        long b = q.size(0);
        long h = q.size(1);
        long n = q.size(2);
        long hd = q.size(3);
        boolean whole = kv.keys().size(2) == n;
        Tensor out = whole && window < UNBOUNDED && n > 2L * window ? banded(q, kv, window) : dense(q, kv, window);
        return out.transpose(1, 2).reshape(b, n, h * hd);
    }

    /** Every query against every key: [B, H, N, hd]. */
    private Tensor dense(Tensor q, KeyValues kv, int window) {
        long b = q.size(0);
        long h = q.size(1);
        long n = q.size(2);
        long hd = q.size(3);
        long groups = h / kv.keys().size(1);
        long heads = b * kv.keys().size(1);
        long m = kv.keys().size(2);
        Tensor mask = mask(new MaskKey(n, m, window, 1, groups, q.scalar_type()), () -> band(n, m, window))
                .expand(heads, groups * n, m);
        Tensor out = softmaxProducts(
                q.reshape(heads, groups * n, hd),
                kv.keys().reshape(heads, m, hd),
                kv.values().reshape(heads, m, hd),
                mask);
        return out.view(b, h, n, hd);
    }

    /** Each chunk of {@code window} queries against its own keys and the chunk's before: [B, H, N, hd]. */
    private Tensor banded(Tensor q, KeyValues kv, int window) {
        long b = q.size(0);
        long h = q.size(1);
        long n = q.size(2);
        long hd = q.size(3);
        long kvHeads = kv.keys().size(1);
        long groups = h / kvHeads;
        long chunks = (n + window - 1) / window;
        long padding = chunks * window - n;
        Tensor queries = pad(q, 0, padding)
                .view(b, kvHeads, groups, chunks, window, hd)
                .transpose(2, 3)
                .reshape(b * kvHeads * chunks, groups * window, hd);
        Tensor mask = mask(
                new MaskKey(window, 2L * window, window, b * kvHeads * chunks, groups, q.scalar_type()),
                () -> chunkBand(window, chunks).repeat(b * kvHeads, 1, 1));
        Tensor out = softmaxProducts(
                queries, twoChunks(kv.keys(), window, padding), twoChunks(kv.values(), window, padding), mask);
        return out.view(b, kvHeads, chunks, groups, window, hd)
                .transpose(2, 3)
                .reshape(b, h, chunks * window, hd)
                .narrow(2, 0, n);
    }

    private static Tensor softmaxProducts(Tensor q, Tensor k, Tensor v, Tensor mask) {
        Scalar scale = new Scalar(1 / Math.sqrt(q.size(2)));
        Tensor scores = torch.baddbmm(mask, q, k.transpose(1, 2), new Scalar(1.0), scale);
        return torch.softmax(scores, -1).bmm(v);
    }

    /** [B, KV, N, hd] as chunks that each start with the chunk before: [B x KV x chunks, 2 x window, hd]. */
    private static Tensor twoChunks(Tensor t, int window, long padding) {
        long b = t.size(0);
        long heads = t.size(1);
        long hd = t.size(3);
        Tensor padded = pad(t, window, padding).view(b, heads, -1, window, hd);
        long chunks = padded.size(2) - 1;
        return Torch.cat(3, padded.narrow(2, 0, chunks), padded.narrow(2, 1, chunks))
                .view(b * heads * chunks, 2L * window, hd);
    }

    private static Tensor pad(Tensor t, long before, long after) {
        return before + after == 0 ? t : torch.constant_pad_nd(t, 0, 0, before, after);
    }

    /** Zero where the query may see the key, else minus infinity: [1, N, M]; queries are the last N of the M positions. */
    private static Tensor band(long n, long m, int window) {
        Tensor query = torch.arange(new Scalar(m - n), new Scalar(m)).unsqueeze(1);
        Tensor key = torch.arange(new Scalar(0L), new Scalar(m)).unsqueeze(0);
        Tensor age = query.sub(key);
        return hide(age.lt(new Scalar(0L)).logical_or(age.ge(new Scalar((long) window))))
                .unsqueeze(0);
    }

    /** The same for chunks that start with the chunk before; the first has none before it: [chunks, W, 2 x W]. */
    private static Tensor chunkBand(int window, long chunks) {
        Tensor each = band(window, 2L * window, window);
        Tensor first = torch.constant_pad_nd(band(window, window, window), window, 0, 0, 0);
        first.narrow(2, 0, window).fill_(new Scalar(Double.NEGATIVE_INFINITY));
        return chunks == 1 ? first : Torch.cat(0, first, each.expand(chunks - 1, -1, -1));
    }

    private static Tensor hide(Tensor hidden) {
        return torch.zeros(new long[] {hidden.size(0), hidden.size(1)}, new TensorOptions(ScalarType.Float))
                .masked_fill(hidden, new Scalar(Double.NEGATIVE_INFINITY));
    }

    /** A mask, made once per shape, its rows repeated for each query head of a group. */
    private Tensor mask(MaskKey key, Supplier<Tensor> make) {
        Tensor mask = masks.get(key);
        if (mask == null) {
            mask = Torch.keep(Torch.scoped(
                    () -> make.get().repeat(1, key.groups(), 1).to(key.type()).contiguous()));
            masks.put(key, mask);
        }
        return mask;
    }

    @Override
    public void close() {
        masks.values().forEach(Tensor::close);
        masks.clear();
    }
}
