package io.yoco4j.train.model;

import static io.yoco4j.core.arch.ParameterLayout.CACHE_K;
import static io.yoco4j.core.arch.ParameterLayout.CACHE_K_NORM;
import static io.yoco4j.core.arch.ParameterLayout.CACHE_NORM;
import static io.yoco4j.core.arch.ParameterLayout.CACHE_V;
import static io.yoco4j.core.arch.ParameterLayout.EMBEDDING;
import static io.yoco4j.core.arch.ParameterLayout.FINAL_NORM;
import static io.yoco4j.core.arch.ParameterLayout.HEAD;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.ParameterLayout;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.arch.Stage.LoopInput;
import io.yoco4j.core.arch.Stage.LoopKv;
import io.yoco4j.train.kernel.Angles;
import io.yoco4j.train.model.FusedAttention.HeadCounts;
import io.yoco4j.train.model.FusedAttention.Part;
import io.yoco4j.train.model.TorchContext.KeyValues;
import io.yoco4j.train.model.TorchContext.Place;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Runs an architecture's stages on autograd tensors, in the order and under the names of docs/format.md; the engine's
 * executor reads side by side with this one. Matrices compute in float32 or bfloat16, the residual stream, norms and
 * losses in float32.
 */
public final class StageExecutor implements AutoCloseable {
    private final Parameters parameters;
    private final ScalarType computeType;
    private final double dropout;
    private final TorchAttention attention = new TorchAttention();
    private final @Nullable Fused fused;
    private final RotaryTables rotary;

    /**
     * @param bf16 whether matrices compute in bfloat16 rather than float32
     * @param dropout probability of dropping an entry that a layer adds to the residual stream; 0 but in training
     */
    public StageExecutor(Parameters parameters, boolean bf16, double dropout) {
        this.parameters = parameters;
        this.computeType = bf16 ? ScalarType.BFloat16 : ScalarType.Float;
        this.rotary = new RotaryTables(computeType);
        this.dropout = dropout;
        this.fused = Fused.available() ? new Fused() : null;
    }

    /** Logits of every position, [B, N, V] float32; ids are [B, N] int64. */
    public Tensor logits(Architecture a, Tensor ids, TorchContext context) {
        return logits(a, ids, context, PointerScope.getInnerScope());
    }

    private Tensor logits(Architecture a, Tensor ids, TorchContext context, @Nullable PointerScope callers) {
        return Torch.scoped(() -> {
            Pass pass = new Pass(a, parameters.cast(computeType), context, ids.size(1), callers);
            return pass.head(pass.hidden(ids)).to(ScalarType.Float);
        });
    }

    /**
     * Mean cross-entropy of the targets in nats, a scalar.
     *
     * @param a the parameters' architecture, at any number of loops
     * @param ids [B, N] int64
     * @param targets [B, N] int64: at each position the id to predict, such as the one that follows, or -100 for none;
     *     without any the loss is NaN
     * @return whose gradient may be asked for until the end of the caller's scope
     */
    public Tensor loss(Architecture a, Tensor ids, Tensor targets) {
        PointerScope callers = PointerScope.getInnerScope();
        return Torch.scoped(() -> crossEntropy(logits(a, ids, TorchContext.none(), callers), targets));
    }

    static Tensor crossEntropy(Tensor logits, Tensor targets) {
        return torch.cross_entropy_loss(logits.view(-1, logits.size(2)), targets.view(-1));
    }

    /** One forward pass over a chunk: its weights as cast for it, its positions. */
    private final class Pass {
        private final Architecture a;
        private final Map<String, Tensor> weights;
        private final TorchContext context;
        private final long n;
        private final PointerScope scope = PointerScope.getInnerScope();
        private final @Nullable PointerScope callers;
        private final Map<List<String>, Tensor> joints = new HashMap<>();

        /** What later iterations and cross layers read: of each layer its first keys and values, and the global cache. */
        private final Map<Place, KeyValues> kept = new HashMap<>();

        private final Map<Place, FusedAttention.KeyValues> keptParts = new HashMap<>();

        Pass(
                Architecture a,
                Map<String, Tensor> weights,
                TorchContext context,
                long n,
                @Nullable PointerScope callers) {
            this.a = a;
            this.weights = weights;
            this.context = context;
            this.n = n;
            this.callers = callers;
        }

        /** From ids [B, N] to the normed output of the last stage [B, N, D]. */
        Tensor hidden(Tensor ids) {
            // The float32 leaf, not its cast: libtorch would sum the gradient of a token that is all over the batch in
            // bfloat16, where it stands still at 256 times a part.
            Tensor x = Torch.times(torch.embedding(parameters.leaf(EMBEDDING), ids), a.embeddingMultiplier());
            for (int s = 0; s < a.stages().size(); s++) {
                if (s == a.firstCrossStage()) {
                    fillGlobalCache(x);
                }
                x = stage(s, x);
            }
            context.advance((int) n);
            return norm(x, FINAL_NORM, ScalarType.Float);
        }

        Tensor head(Tensor x) {
            return linear(x, a.tiedEmbeddings() ? EMBEDDING : HEAD);
        }

        /** The layers of a stage, {@code loops} times. */
        private Tensor stage(int s, Tensor input) {
            Stage stage = a.stages().get(s);
            Tensor x = input;
            for (int t = 0; t < stage.loops(); t++) {
                if (t > 0 && stage.loopInput() == LoopInput.INJECT) {
                    x = x.add(input);
                }
                for (int l = 0; l < stage.layers(); l++) {
                    x = layer(stage, new Place(s, t, l), x);
                }
            }
            return x;
        }

        /** x + o_proj(mixer(norm x)), then x + mlp(norm x). */
        private Tensor layer(Stage stage, Place place, Tensor input) {
            return Torch.scoped(() -> {
                String p = ParameterLayout.layer(place.stage(), place.layer());
                Tensor h = norm(input, p + "attn_norm.weight", computeType);
                Tensor mixed = switch (stage.attention()) {
                    case Attention.Full _ -> selfAttention(stage, place, p, h, TorchAttention.UNBOUNDED);
                    case Attention.SlidingWindow(int window) -> selfAttention(stage, place, p, h, window);
                    case Attention.Cross _ -> crossAttention(stage, p, h);
                    case Attention.GatedRetention _ -> gatedRetention(place, p, h);
                };
                Tensor x = input.add(drop(linear(mixed, p + "attn.o_proj.weight")));
                Tensor m = norm(x, p + "mlp_norm.weight", computeType);
                Tensor gated = swiGlu(jointLinear(m, p + "mlp.gate_proj.weight", p + "mlp.up_proj.weight"));
                return x.add(drop(linear(gated, p + "mlp.down_proj.weight")));
            });
        }

        /** Attention to the stage's own keys and values; iterations after the first may reuse those of the first. */
        private Tensor selfAttention(Stage stage, Place place, String p, Tensor h, int window) {
            Place firstPlace = new Place(place.stage(), 0, place.layer());
            boolean reused = stage.loopKv() == LoopKv.FIRST && place.loop() > 0;
            boolean keeps = stage.loopKv() == LoopKv.FIRST && stage.loops() > 1 && !reused;
            if (fusing()) {
                return fusedSelfAttention(stage, firstPlace, p, h, window, reused, keeps);
            }
            Tensor q = queries(stage, p, h);
            if (reused) {
                return attention.attend(q, keyValues(firstPlace), window);
            }
            Tensor k = headNorm(heads(linear(h, p + "attn.k_proj.weight")), p + "attn.k_norm.weight");
            Tensor v = heads(linear(h, p + "attn.v_proj.weight"));
            KeyValues kv = context.extend(place, position(stage.rope(), k), v.transpose(1, 2), window);
            if (keeps) {
                keep(firstPlace, kv);
            }
            return attention.attend(q, kv, window);
        }

        /** The same as one node over the joint product of queries, keys and values [B, N, (H + 2 KV) x hd]. */
        private Tensor fusedSelfAttention(
                Stage stage, Place firstPlace, String p, Tensor h, int window, boolean reused, boolean keeps) {
            if (reused) {
                return fusedAttend(queryPart(stage, p, h), parts(firstPlace), window);
            }
            String q = p + "attn.q_proj.weight";
            String k = p + "attn.k_proj.weight";
            String v = p + "attn.v_proj.weight";
            Tensor joint = a.qkNorm()
                    ? Torch.cat(
                            2,
                            rows(headNorm(heads(linear(h, q)), p + "attn.q_norm.weight")),
                            rows(headNorm(heads(linear(h, k)), p + "attn.k_norm.weight")),
                            linear(h, v))
                    : jointLinear(h, q, k, v);
            FusedAttention.KeyValues kv = parts(joint, a.queryDim(), stage.rope());
            if (keeps) {
                outlive(joint);
                keptParts.put(firstPlace, kv);
            }
            return fusedAttend(new Part(joint, 0, angles(stage.rope())), kv, window);
        }

        /** Attention to the global cache. */
        private Tensor crossAttention(Stage stage, String p, Tensor h) {
            return fusing()
                    ? fusedAttend(queryPart(stage, p, h), parts(Place.GLOBAL_CACHE), TorchAttention.UNBOUNDED)
                    : attention.attend(queries(stage, p, h), keyValues(Place.GLOBAL_CACHE), TorchAttention.UNBOUNDED);
        }

        /** Keys and values that all cross stages read, from the output of the stage before them. */
        private void fillGlobalCache(Tensor x) {
            Tensor c = norm(x, CACHE_NORM, computeType);
            if (fusing()) {
                Tensor joint = a.qkNorm()
                        ? Torch.cat(2, rows(headNorm(heads(linear(c, CACHE_K)), CACHE_K_NORM)), linear(c, CACHE_V))
                        : jointLinear(c, CACHE_K, CACHE_V);
                keptParts.put(Place.GLOBAL_CACHE, parts(joint, 0, a.globalCacheRope()));
                return;
            }
            Tensor k = headNorm(heads(linear(c, CACHE_K)), CACHE_K_NORM);
            Tensor v = heads(linear(c, CACHE_V)).transpose(1, 2);
            keep(
                    Place.GLOBAL_CACHE,
                    context.extend(Place.GLOBAL_CACHE, position(a.globalCacheRope(), k), v, TorchAttention.UNBOUNDED));
        }

        /** Whether attention is {@link FusedAttention}: whole sequences in float32. */
        private boolean fusing() {
            return fused != null && callers != null && computeType == ScalarType.Float && !context.remembers();
        }

        private Tensor fusedAttend(Part q, FusedAttention.KeyValues kv, int window) {
            return Objects.requireNonNull(fused)
                    .attention()
                    .attend(
                            q,
                            kv,
                            new HeadCounts(a.attentionHeads(), a.keyValueHeads(), a.headDim()),
                            window,
                            Objects.requireNonNull(callers));
        }

        /** Keys from column {@code first} of a tensor on, values behind them. */
        private FusedAttention.KeyValues parts(Tensor joint, int first, boolean rope) {
            return new FusedAttention.KeyValues(
                    new Part(joint, first, angles(rope)), new Part(joint, first + a.kvDim(), Angles.NONE));
        }

        private Part queryPart(Stage stage, String p, Tensor h) {
            Tensor q = linear(h, p + "attn.q_proj.weight");
            return new Part(
                    a.qkNorm() ? rows(headNorm(heads(q), p + "attn.q_norm.weight")) : q, 0, angles(stage.rope()));
        }

        private FusedAttention.KeyValues parts(Place place) {
            return Objects.requireNonNull(keptParts.get(place));
        }

        private KeyValues keyValues(Place place) {
            return Objects.requireNonNull(kept.get(place));
        }

        private void keep(Place place, KeyValues kv) {
            kept.put(place, new KeyValues(outlive(kv.keys()), outlive(kv.values())));
        }

        /** Queries [B, H, N, hd], normed and rotated as the stage wants. */
        private Tensor queries(Stage stage, String p, Tensor h) {
            return position(
                    stage.rope(), headNorm(heads(linear(h, p + "attn.q_proj.weight")), p + "attn.q_norm.weight"));
        }

        /** silu(g) * RMSNorm per head of the retention's output, [B, N, H x hd]. */
        private Tensor gatedRetention(Place place, String p, Tensor h) {
            Tensor q = position(true, heads(linear(h, p + "attn.q_proj.weight")));
            Tensor k = position(true, heads(linear(h, p + "attn.k_proj.weight")));
            Tensor v = heads(linear(h, p + "attn.v_proj.weight")).transpose(1, 2);
            Tensor logDecay = Torch.times(
                    torch.log_sigmoid(linear(h, p + "attn.decay_proj.weight").to(ScalarType.Float)), 1.0 / 16);
            Tensor o = TorchRetention.retain(q, k, v, logDecay.transpose(1, 2), context, place);
            Tensor normed = torch.rms_norm(
                            o.transpose(1, 2),
                            new long[] {a.headDim()},
                            new TensorOptional(),
                            new DoubleOptional(a.rmsNormEps()))
                    .reshape(h.size(0), n, a.queryDim());
            return torch.silu(linear(h, p + "attn.g_proj.weight")).mul(normed.to(computeType));
        }

        /** [B, N, heads x hd] as [B, N, heads, hd]. */
        private Tensor heads(Tensor t) {
            return t.view(t.size(0), n, -1, a.headDim());
        }

        /** [B, N, heads, hd] as [B, N, heads x hd]. */
        private Tensor rows(Tensor t) {
            return t.reshape(t.size(0), n, -1);
        }

        /** Per-head RMSNorm where the architecture has qk_norm. */
        private Tensor headNorm(Tensor t, String name) {
            return a.qkNorm() ? rmsNorm(t, a.headDim(), name, computeType) : t;
        }

        /** [B, N, heads, hd] as [B, heads, N, hd], rotated by position where {@code rope}. */
        private Tensor position(boolean rope, Tensor t) {
            if (!rope) {
                return t.transpose(1, 2);
            }
            Tensor rotated = fused != null && callers != null
                    ? fused.rows().rotate(t, angles(true), callers)
                    : rotary.rotate(a, t, context.position());
            return rotated.transpose(1, 2);
        }

        private Angles angles(boolean rope) {
            return rope ? rotary.angles(a, context.position(), (int) n) : Angles.NONE;
        }

        private Tensor norm(Tensor x, String name, ScalarType type) {
            return rmsNorm(x, a.hiddenSize(), name, type);
        }

        /** RMSNorm over the last {@code width} entries, in float32, as {@code type}. */
        private Tensor rmsNorm(Tensor x, long width, String name, ScalarType type) {
            if (fused != null && callers != null) {
                return fused.rows().rmsNorm(x, weight(name), parameters.gradient(name), a.rmsNormEps(), type, callers);
            }
            return torch.rms_norm(
                            x.to(ScalarType.Float),
                            new long[] {width},
                            new TensorOptional(weight(name)),
                            new DoubleOptional(a.rmsNormEps()))
                    .to(type);
        }

        /** silu(gate) * up, [B, N, F], of both beside each other. */
        private Tensor swiGlu(Tensor gateUp) {
            if (fused != null && callers != null) {
                return fused.rows().swiGlu(gateUp, callers);
            }
            long f = gateUp.size(2) / 2;
            return torch.silu(gateUp.narrow(2, 0, f)).mul(gateUp.narrow(2, f, f));
        }

        private Tensor linear(Tensor x, String name) {
            return torch.linear(x.to(computeType), weight(name));
        }

        /** The products with several matrices, beside each other. */
        private Tensor jointLinear(Tensor x, String... names) {
            Tensor joint = joints.computeIfAbsent(
                    List.of(names), all -> outlive(parameters.joint(all).to(computeType)));
            return torch.linear(x.to(computeType), joint);
        }

        private Tensor drop(Tensor t) {
            return dropout > 0 ? torch.dropout(t, dropout, true) : t;
        }

        private Tensor weight(String name) {
            return Objects.requireNonNull(weights.get(name), name);
        }

        /** Passes a tensor of a layer's scope on to the pass's, for later iterations. */
        private Tensor outlive(Tensor t) {
            scope.attach(t);
            return t;
        }
    }

    @Override
    public void close() {
        attention.close();
        if (fused != null) {
            fused.close();
        }
        rotary.close();
    }
}
