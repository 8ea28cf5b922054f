package io.yoco4j.core.arch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What an architecture costs, derived from its stages alone: parameters, floating-point operations, cache bytes and
 * bytes read per decoded token. FLOPs count the multiplications and additions of matrix and attention products (2 per
 * multiply-add); norms, rotations, softmax and activations are left out. Positions count from 0; a token at position p
 * attends to min(p + 1, window) keys.
 */
public final class Accounting {
    private final Architecture a;
    private final Map<String, long[]> layout;

    public Accounting(Architecture architecture) {
        a = architecture;
        layout = ParameterLayout.of(architecture);
    }

    /** All parameters; a tied output matrix counts once, loops add none. */
    public long parameters() {
        return layout.values().stream().mapToLong(Accounting::count).sum();
    }

    /** Parameters without the token embedding and the output matrix. */
    public long nonEmbeddingParameters() {
        return parameters() - (long) a.vocabSize() * a.hiddenSize() * (a.tiedEmbeddings() ? 1 : 2);
    }

    private static long count(long[] shape) {
        long n = 1;
        for (long s : shape) {
            n *= s;
        }
        return n;
    }

    // ---- cache

    /** Rows of keys and values (one key and one value of width KV x hd each) that a context of {@code n} tokens keeps. */
    public long kvRows(long n) {
        long rows = a.hasGlobalCache() ? n : 0;
        for (Stage s : a.stages()) {
            long caches = (long) s.layers() * s.cachedLoops();
            rows += switch (s.attention()) {
                case Attention.Full _ -> caches * n;
                case Attention.SlidingWindow(int window) -> caches * Math.min(n, window);
                case Attention.GatedRetention _, Attention.Cross _ -> 0;
            };
        }
        return rows;
    }

    /** Bytes of keys and values for a context of {@code n} tokens, without retention states. */
    public long kvBytes(long n, KvFormat format) {
        return kvRows(n) * format.rowBytes(a);
    }

    /** Bytes of the retention states, float32, whatever the context's length. */
    public long stateBytes() {
        long states = 0;
        for (Stage s : a.stages()) {
            if (s.attention() instanceof Attention.GatedRetention) {
                states += (long) s.layers() * s.loops();
            }
        }
        return states * a.attentionHeads() * a.headDim() * a.headDim() * Float.BYTES;
    }

    /** Everything a context of {@code n} tokens keeps: {@link #kvBytes} and {@link #stateBytes}. */
    public long cacheBytes(long n, KvFormat format) {
        return kvBytes(n, format) + stateBytes();
    }

    // ---- operations

    /** FLOPs of one token at {@code position} through every stage and the output matrix. */
    public double decodeFlops(long position) {
        return selfFlops(position) + crossFlops(position);
    }

    /**
     * FLOPs of prefilling {@code n} tokens from an empty cache.
     *
     * @param allLogits whether logits of every row are wanted; otherwise cross stages and the output matrix run for the
     *     last row alone
     */
    public double prefillFlops(long n, boolean allLogits) {
        double flops = 0;
        for (Stage s : a.stages()) {
            if (!s.cross()) {
                flops += n * selfLinear(s) + attentionFlops(s) * keysOverAllPositions(s, n);
            } else if (allLogits) {
                flops += n * layerLinear(s) + attentionFlops(s) * keysOverAllPositions(s, n);
            } else {
                flops += layerLinear(s) + attentionFlops(s) * n;
            }
        }
        return flops + n * cacheLinear() + (allLogits ? n : 1) * headLinear();
    }

    /** FLOPs of prefilling the token at {@code position} when its logits are not wanted. */
    public double prefillFlopsAt(long position) {
        return selfFlops(position);
    }

    /** FLOPs per token of a training step over sequences of {@code n} tokens: forward, and twice that backward. */
    public double trainingFlopsPerToken(long n) {
        return 3 * prefillFlops(n, true) / n;
    }

    private double selfFlops(long position) {
        double flops = cacheLinear();
        for (Stage s : a.stages()) {
            if (!s.cross()) {
                flops += selfLinear(s) + attentionFlops(s) * keysAt(s, position);
            }
        }
        return flops;
    }

    private double crossFlops(long position) {
        double flops = headLinear();
        for (Stage s : a.stages()) {
            if (s.cross()) {
                flops += layerLinear(s) + attentionFlops(s) * (position + 1.0);
            }
        }
        return flops;
    }

    private double headLinear() {
        return 2.0 * a.vocabSize() * a.hiddenSize();
    }

    private double cacheLinear() {
        return a.hasGlobalCache() ? 4.0 * a.kvDim() * a.hiddenSize() : 0;
    }

    /** Matrix products of one token through all iterations of a stage, keys and values included. */
    private double selfLinear(Stage s) {
        double saved =
                s.loopKv() == Stage.LoopKv.FIRST ? 4.0 * a.kvDim() * a.hiddenSize() * s.layers() * (s.loops() - 1) : 0;
        return layerLinear(s) - saved;
    }

    private double layerLinear(Stage s) {
        return 2.0 * layerMatrixParameters(s) * s.layers() * s.loops();
    }

    private long layerMatrixParameters(Stage s) {
        long d = a.hiddenSize();
        long q = a.queryDim();
        long mixer = switch (s.attention()) {
            case Attention.Full _, Attention.SlidingWindow _ -> 2 * q * d + 2 * a.kvDim() * d;
            case Attention.GatedRetention _ -> 5 * q * d + a.attentionHeads() * d;
            case Attention.Cross _ -> 2 * q * d;
        };
        return mixer + 3 * d * a.intermediateSize();
    }

    /** FLOPs per key attended to, over the stage's layers and iterations. */
    private double attentionFlops(Stage s) {
        return 4.0 * a.queryDim() * s.layers() * s.loops();
    }

    /** Keys that a token at {@code position} attends to; a retention state costs as much as head_dim keys. */
    private double keysAt(Stage s, long position) {
        return switch (s.attention()) {
            case Attention.Full _, Attention.Cross _ -> position + 1.0;
            case Attention.SlidingWindow(int window) -> Math.min(position + 1, window);
            case Attention.GatedRetention _ -> a.headDim();
        };
    }

    private double keysOverAllPositions(Stage s, long n) {
        double causal = n * (n + 1.0) / 2;
        return switch (s.attention()) {
            case Attention.Full _, Attention.Cross _ -> causal;
            case Attention.SlidingWindow(int window) -> {
                double beyond = Math.max(0, n - window);
                yield causal - beyond * (beyond + 1) / 2;
            }
            case Attention.GatedRetention _ -> (double) n * a.headDim();
        };
    }

    // ---- bytes

    /**
     * Bytes that decoding the token at {@code position} reads: every weight once per application, every cached row once
     * per layer application that attends to it.
     *
     * @param bytesPerWeight of matrices; norms, which are a thousandth of them, do not count
     * @param format of cached keys and values
     */
    public double decodeBytes(long position, double bytesPerWeight, KvFormat format) {
        double weights = headLinear() / 2 + cacheLinear() / 2 + a.hiddenSize();
        double rows = 0;
        for (Stage s : a.stages()) {
            weights += selfLinear(s) / 2;
            if (!(s.attention() instanceof Attention.GatedRetention)) {
                rows += keysAt(s, position) * s.layers() * s.loops();
            }
        }
        return weights * bytesPerWeight + rows * format.rowBytes(a) + 2.0 * stateBytes();
    }

    // ---- formulas

    /** The cache's growth as the papers write it, e.g. {@code O((N + W·T·L)·D)}, from the stages alone. */
    public String cacheFormula() {
        List<String> terms = new ArrayList<>();
        if (a.hasGlobalCache()) {
            terms.add("N");
        }
        for (Stage s : a.stages()) {
            String caches = s.cachedLoops() > 1 ? "T·L" : "L";
            String term = switch (s.attention()) {
                case Attention.Full _ -> "N·" + caches;
                case Attention.SlidingWindow _ -> "W·" + caches;
                case Attention.GatedRetention _ -> "hd·" + caches;
                case Attention.Cross _ -> "";
            };
            if (!term.isEmpty() && !terms.contains(term)) {
                terms.add(term);
            }
        }
        String sum = String.join(" + ", terms);
        return terms.size() == 1 ? "O(" + sum + "·D)" : "O((" + sum + ")·D)";
    }

    /** The cache's rows with numbers in place, e.g. {@code N + 30 x min(N, 512)} rows of 2 x KV x hd values. */
    public String cacheRowsFormula() {
        List<String> terms = new ArrayList<>();
        if (a.hasGlobalCache()) {
            terms.add("N");
        }
        for (Stage s : a.stages()) {
            long caches = (long) s.layers() * s.cachedLoops();
            switch (s.attention()) {
                case Attention.Full _ -> terms.add(caches + " x N");
                case Attention.SlidingWindow(int window) -> terms.add(caches + " x min(N, " + window + ")");
                case Attention.GatedRetention _, Attention.Cross _ -> {}
            }
        }
        return terms.isEmpty() ? "0" : String.join(" + ", terms);
    }
}
