package io.yoco4j.core.arch;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The tensors of a model: name to shape, in the order of the forward pass. Linear layers are {@code [out, in]} without
 * bias. docs/format.md, "Tensor names".
 */
public final class ParameterLayout {
    /** Token embeddings, [V, D]. */
    public static final String EMBEDDING = "embed.weight";
    /** RMSNorm before the output matrix, [D]. */
    public static final String FINAL_NORM = "norm.weight";
    /** Output matrix, [V, D]; absent when tied to the embedding. */
    public static final String HEAD = "lm_head.weight";
    /** RMSNorm before the global cache's projections, [D]. */
    public static final String CACHE_NORM = "cache.norm.weight";
    /** Keys of the global cache, [KV x hd, D]. */
    public static final String CACHE_K = "cache.k_proj.weight";
    /** Values of the global cache, [KV x hd, D]. */
    public static final String CACHE_V = "cache.v_proj.weight";
    /** Per-head RMSNorm of the global cache's keys, [hd]. */
    public static final String CACHE_K_NORM = "cache.k_norm.weight";

    private ParameterLayout() {}

    /** Prefix of the tensors of one layer: {@code stages.S.layers.L.}, both from 0. */
    public static String layer(int stage, int layer) {
        return "stages." + stage + ".layers." + layer + ".";
    }

    /** All tensors of {@code a}, name to shape; the loop count adds none. */
    public static Map<String, long[]> of(Architecture a) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        long d = a.hiddenSize();
        shapes.put(EMBEDDING, new long[] {a.vocabSize(), d});
        for (int s = 0; s < a.stages().size(); s++) {
            if (s == a.firstCrossStage()) {
                addGlobalCache(a, shapes);
            }
            Stage stage = a.stages().get(s);
            for (int l = 0; l < stage.layers(); l++) {
                addLayer(a, stage, layer(s, l), shapes);
            }
        }
        shapes.put(FINAL_NORM, new long[] {d});
        if (!a.tiedEmbeddings()) {
            shapes.put(HEAD, new long[] {a.vocabSize(), d});
        }
        return shapes;
    }

    private static void addGlobalCache(Architecture a, Map<String, long[]> shapes) {
        shapes.put(CACHE_NORM, new long[] {a.hiddenSize()});
        shapes.put(CACHE_K, new long[] {a.kvDim(), a.hiddenSize()});
        shapes.put(CACHE_V, new long[] {a.kvDim(), a.hiddenSize()});
        if (a.qkNorm()) {
            shapes.put(CACHE_K_NORM, new long[] {a.headDim()});
        }
    }

    private static void addLayer(Architecture a, Stage stage, String p, Map<String, long[]> shapes) {
        long d = a.hiddenSize();
        long f = a.intermediateSize();
        long q = a.queryDim();
        shapes.put(p + "attn_norm.weight", new long[] {d});
        shapes.put(p + "attn.q_proj.weight", new long[] {q, d});
        switch (stage.attention()) {
            case Attention.Full _, Attention.SlidingWindow _ -> {
                shapes.put(p + "attn.k_proj.weight", new long[] {a.kvDim(), d});
                shapes.put(p + "attn.v_proj.weight", new long[] {a.kvDim(), d});
                if (a.qkNorm()) {
                    shapes.put(p + "attn.q_norm.weight", new long[] {a.headDim()});
                    shapes.put(p + "attn.k_norm.weight", new long[] {a.headDim()});
                }
            }
            case Attention.GatedRetention _ -> {
                shapes.put(p + "attn.k_proj.weight", new long[] {q, d});
                shapes.put(p + "attn.v_proj.weight", new long[] {q, d});
                shapes.put(p + "attn.g_proj.weight", new long[] {q, d});
                shapes.put(p + "attn.decay_proj.weight", new long[] {a.attentionHeads(), d});
            }
            case Attention.Cross _ -> {
                if (a.qkNorm()) {
                    shapes.put(p + "attn.q_norm.weight", new long[] {a.headDim()});
                }
            }
        }
        shapes.put(p + "attn.o_proj.weight", new long[] {d, q});
        shapes.put(p + "mlp_norm.weight", new long[] {d});
        shapes.put(p + "mlp.gate_proj.weight", new long[] {f, d});
        shapes.put(p + "mlp.up_proj.weight", new long[] {f, d});
        shapes.put(p + "mlp.down_proj.weight", new long[] {d, f});
    }
}
