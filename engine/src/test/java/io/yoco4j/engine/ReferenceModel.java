package io.yoco4j.engine;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.arch.Stage.LoopInput;
import io.yoco4j.core.arch.Stage.LoopKv;
import io.yoco4j.core.checkpoint.StoredTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * docs/format.md, "Computation", in float64, one token after the other, with early exit as {@link SessionOptions} has it.
 * As plain as it can be: nothing is shared with the engine.
 */
final class ReferenceModel {
    private record KeyValue(double[] key, double[] value) {}

    private final Architecture a;
    private final Map<String, float[]> weights = new HashMap<>();
    private final double threshold;
    /** By stage, iteration and layer, and "global": of every token so far. */
    private final Map<String, List<KeyValue>> caches = new HashMap<>();

    private final Map<String, double[][][]> states = new HashMap<>();
    private final List<double[]> logits = new ArrayList<>();
    private final Map<String, Double> layerDistances = new HashMap<>();
    private final Map<String, Double> iterationDistances = new HashMap<>();
    private long iterations;
    private double margin = 1;
    private int position;

    /** Takes in a sequence. */
    ReferenceModel(Architecture a, Map<String, StoredTensor> tensors, double threshold, int[] ids) {
        this.a = a;
        this.threshold = threshold;
        tensors.forEach((name, tensor) -> weights.put(name, tensor.toFloats()));
        for (int id : ids) {
            token(id);
            position++;
        }
    }

    /** Logits after a token. */
    double[] logits(int token) {
        return logits.get(token);
    }

    /** Iterations of looped stages, over all tokens. */
    long iterations() {
        return iterations;
    }

    /** How near a distance came to the threshold, as a share of it. */
    double margin() {
        return margin;
    }

    double layerDistance(int stage, int iteration, int layer) {
        return Objects.requireNonNull(layerDistances.get(stage + "." + iteration + "." + layer)) / position;
    }

    double iterationDistance(int stage, int iteration) {
        return Objects.requireNonNull(iterationDistances.get(stage + "." + iteration)) / position;
    }

    private void token(int id) {
        int d = a.hiddenSize();
        double[] x = new double[d];
        for (int j = 0; j < d; j++) {
            x[j] = weight("embed.weight")[id * d + j] * a.embeddingMultiplier();
        }
        double[] last = x;
        for (int s = 0; s < a.stages().size(); s++) {
            if (s == a.firstCrossStage()) {
                double[] c = norm(x, weight("cache.norm.weight"), d);
                cache("global").add(keyValue("cache.", c, a.globalCacheRope(), false));
            }
            Stage stage = a.stages().get(s);
            double[] x0 = x;
            boolean done = false;
            for (int t = 0; t < stage.loops(); t++) {
                if (done) {
                    for (int l = 0; l < stage.layers() && !stage.cross() && stage.loopKv() == LoopKv.EACH; l++) {
                        cache(s + "." + t + "." + l)
                                .add(cache(s + "." + (t - 1) + "." + l).getLast());
                    }
                    continue;
                }
                double[] before = x;
                x = t > 0 && stage.loopInput() == LoopInput.INJECT ? sum(x, x0) : x;
                for (int l = 0; l < stage.layers(); l++) {
                    x = layer(stage, s, t, l, x);
                    layerDistances.merge(s + "." + t + "." + l, distance(last, x), Double::sum);
                    last = x;
                }
                double moved = distance(before, x);
                iterationDistances.merge(s + "." + t, moved, Double::sum);
                iterations += stage.loops() > 1 ? 1 : 0;
                if (threshold > 0 && t < stage.loops() - 1) {
                    margin = Math.min(margin, Math.abs(moved - threshold) / threshold);
                    done = moved <= threshold;
                }
            }
        }
        String head = a.tiedEmbeddings() ? "embed.weight" : "lm_head.weight";
        logits.add(product(head, norm(x, weight("norm.weight"), d)));
    }

    private double[] layer(Stage stage, int s, int t, int l, double[] x) {
        String prefix = "stages." + s + ".layers." + l + ".";
        double[] h = norm(x, weight(prefix + "attn_norm.weight"), a.hiddenSize());
        x = sum(x, product(prefix + "attn.o_proj.weight", mix(stage, s, t, l, prefix + "attn.", h)));
        h = norm(x, weight(prefix + "mlp_norm.weight"), a.hiddenSize());
        double[] gate = product(prefix + "mlp.gate_proj.weight", h);
        double[] up = product(prefix + "mlp.up_proj.weight", h);
        for (int j = 0; j < gate.length; j++) {
            gate[j] = silu(gate[j]) * up[j];
        }
        return sum(x, product(prefix + "mlp.down_proj.weight", gate));
    }

    private double[] mix(Stage stage, int s, int t, int l, String prefix, double[] h) {
        double[] q = product(prefix + "q_proj.weight", h);
        boolean retention = stage.attention() instanceof Attention.GatedRetention;
        heads(q, a.qkNorm() && !retention ? weight(prefix + "q_norm.weight") : null, stage.rope());
        if (retention) {
            return retain(s + "." + t + "." + l, prefix, h, q, keyValue(prefix, h, true, true));
        }
        if (stage.cross()) {
            return attend(q, cache("global"), 0);
        }
        boolean first = stage.loopKv() == LoopKv.FIRST;
        List<KeyValue> cache = cache(s + "." + (first ? 0 : t) + "." + l);
        if (!first || t == 0) {
            cache.add(keyValue(prefix, h, stage.rope(), false));
        }
        int from = stage.attention() instanceof Attention.SlidingWindow(int window) ? position + 1 - window : 0;
        return attend(q, cache, Math.max(0, from));
    }

    private KeyValue keyValue(String prefix, double[] h, boolean rope, boolean retention) {
        double[] key = product(prefix + "k_proj.weight", h);
        heads(key, a.qkNorm() && !retention ? weight(prefix + "k_norm.weight") : null, rope);
        return new KeyValue(key, product(prefix + "v_proj.weight", h));
    }

    private double[] attend(double[] q, List<KeyValue> cache, int from) {
        int hd = a.headDim();
        double[] out = new double[q.length];
        for (int head = 0; head < a.attentionHeads(); head++) {
            int shared = head * a.keyValueHeads() / a.attentionHeads() * hd;
            double[] scores = new double[cache.size()];
            double total = 0;
            for (int i = from; i < scores.length; i++) {
                for (int j = 0; j < hd; j++) {
                    scores[i] += q[head * hd + j] * cache.get(i).key()[shared + j] / Math.sqrt(hd);
                }
                scores[i] = Math.exp(scores[i]);
                total += scores[i];
            }
            for (int i = from; i < scores.length; i++) {
                for (int j = 0; j < hd; j++) {
                    out[head * hd + j] += scores[i] / total * cache.get(i).value()[shared + j];
                }
            }
        }
        return out;
    }

    private double[] retain(String name, String prefix, double[] h, double[] q, KeyValue kv) {
        int hd = a.headDim();
        double[][][] state = states.computeIfAbsent(name, _ -> new double[a.attentionHeads()][hd][hd]);
        double[] decay = product(prefix + "decay_proj.weight", h);
        double[] gate = product(prefix + "g_proj.weight", h);
        double[] out = new double[q.length];
        for (int head = 0; head < a.attentionHeads(); head++) {
            double keep = Math.exp(-Math.log1p(Math.exp(-decay[head])) / 16);
            double[] o = new double[hd];
            for (int i = 0; i < hd; i++) {
                for (int j = 0; j < hd; j++) {
                    state[head][i][j] = keep * state[head][i][j]
                            + kv.key()[head * hd + i] * kv.value()[head * hd + j] / Math.sqrt(hd);
                    o[j] += q[head * hd + i] * state[head][i][j];
                }
            }
            double[] normed = norm(o, null, hd);
            for (int j = 0; j < hd; j++) {
                out[head * hd + j] = silu(gate[head * hd + j]) * normed[j];
            }
        }
        return out;
    }

    private List<KeyValue> cache(String name) {
        return caches.computeIfAbsent(name, _ -> new ArrayList<>());
    }

    private float[] weight(String name) {
        return Objects.requireNonNull(weights.get(name), name);
    }

    /** Norm of each head where there is a weight, then rotation, in place. */
    private void heads(double[] x, float @Nullable [] weight, boolean rope) {
        int hd = a.headDim();
        for (int at = 0; at < x.length; at += hd) {
            double[] head = Arrays.copyOfRange(x, at, at + hd);
            head = weight == null ? head : norm(head, weight, hd);
            for (int j = 0; j < hd / 2 && rope; j++) {
                double angle = position * Math.pow(a.ropeTheta(), -2.0 * j / hd);
                double u = head[j];
                double v = head[j + hd / 2];
                head[j] = u * Math.cos(angle) - v * Math.sin(angle);
                head[j + hd / 2] = v * Math.cos(angle) + u * Math.sin(angle);
            }
            System.arraycopy(head, 0, x, at, hd);
        }
    }

    private double[] norm(double[] x, float @Nullable [] weight, int n) {
        double mean = Arrays.stream(x).map(v -> v * v).sum() / n;
        double[] out = new double[n];
        for (int j = 0; j < n; j++) {
            out[j] = x[j] / Math.sqrt(mean + a.rmsNormEps()) * (weight == null ? 1 : weight[j]);
        }
        return out;
    }

    private double[] product(String name, double[] x) {
        float[] w = weight(name);
        double[] out = new double[w.length / x.length];
        for (int o = 0; o < out.length; o++) {
            for (int j = 0; j < x.length; j++) {
                out[o] += w[o * x.length + j] * x[j];
            }
        }
        return out;
    }

    private static double[] sum(double[] x, double[] y) {
        double[] out = new double[x.length];
        Arrays.setAll(out, j -> x[j] + y[j]);
        return out;
    }

    private static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    /** By the half-angle formula of Kahan, which needs no arccos. */
    private static double distance(double[] x, double[] y) {
        double xNorm = Math.sqrt(Arrays.stream(x).map(v -> v * v).sum());
        double yNorm = Math.sqrt(Arrays.stream(y).map(v -> v * v).sum());
        double apart = 0;
        double along = 0;
        for (int j = 0; j < x.length; j++) {
            apart += Math.pow(x[j] / xNorm - y[j] / yNorm, 2);
            along += Math.pow(x[j] / xNorm + y[j] / yNorm, 2);
        }
        return 2 * Math.atan2(Math.sqrt(apart), Math.sqrt(along)) / Math.PI;
    }
}
