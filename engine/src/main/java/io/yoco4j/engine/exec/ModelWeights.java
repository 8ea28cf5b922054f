package io.yoco4j.engine.exec;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ParameterLayout;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.kernel.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A model's tensors by place: matrices where they are stored, norms as float32 arrays. */
public final class ModelWeights {

    /** One layer; what its attention kind does not have is null. Shapes are those of {@link ParameterLayout}. */
    @SuppressWarnings("ArrayRecordComponent") // read often, never compared
    record Layer(
            float[] attnNorm,
            Weight q,
            @Nullable Weight k,
            @Nullable Weight v,
            @Nullable Weight g,
            @Nullable Weight decay,
            Weight o,
            float @Nullable [] qNorm,
            float @Nullable [] kNorm,
            float[] mlpNorm,
            Weight gate,
            Weight up,
            Weight down) {}

    /** What writes the global cache. */
    @SuppressWarnings("ArrayRecordComponent")
    record Cache(float[] norm, Weight k, Weight v, float @Nullable [] kNorm) {}

    private final Map<String, StoredTensor> tensors;
    private final Map<String, long[]> shapes;
    private final Set<WeightFormat> formats = EnumSet.noneOf(WeightFormat.class);
    private final List<Weight> factors = new ArrayList<>();
    private final Layer[][] layers;
    final Weight embedding;
    final Weight head;
    final float[] finalNorm;
    final @Nullable Cache cache;

    /**
     * Takes the tensors of an architecture, of the shapes that {@link ParameterLayout} gives.
     *
     * @throws IllegalArgumentException when a tensor is missing or of another shape
     */
    public ModelWeights(Architecture a, Map<String, StoredTensor> tensors) {
        this.tensors = tensors;
        shapes = ParameterLayout.of(a);
        layers = new Layer[a.stages().size()][];
        for (int s = 0; s < layers.length; s++) {
            layers[s] = new Layer[a.stages().get(s).layers()];
            for (int l = 0; l < layers[s].length; l++) {
                layers[s][l] = readLayer(ParameterLayout.layer(s, l));
            }
        }
        embedding = required(ParameterLayout.EMBEDDING);
        if (!a.tiedEmbeddings()) {
            factors.remove(embedding);
        }
        head = a.tiedEmbeddings() ? embedding : required(ParameterLayout.HEAD);
        finalNorm = requiredNorm(ParameterLayout.FINAL_NORM);
        cache = a.hasGlobalCache()
                ? new Cache(
                        requiredNorm(ParameterLayout.CACHE_NORM),
                        required(ParameterLayout.CACHE_K),
                        required(ParameterLayout.CACHE_V),
                        norm(ParameterLayout.CACHE_K_NORM))
                : null;
    }

    private Layer readLayer(String p) {
        return new Layer(
                requiredNorm(p + "attn_norm.weight"),
                required(p + "attn.q_proj.weight"),
                weight(p + "attn.k_proj.weight"),
                weight(p + "attn.v_proj.weight"),
                weight(p + "attn.g_proj.weight"),
                weight(p + "attn.decay_proj.weight"),
                required(p + "attn.o_proj.weight"),
                norm(p + "attn.q_norm.weight"),
                norm(p + "attn.k_norm.weight"),
                requiredNorm(p + "mlp_norm.weight"),
                required(p + "mlp.gate_proj.weight"),
                required(p + "mlp.up_proj.weight"),
                required(p + "mlp.down_proj.weight"));
    }

    /** Formats of the matrices. */
    public Set<WeightFormat> formats() {
        return Collections.unmodifiableSet(formats);
    }

    /** The matrices that rows are multiplied with; the embedding is one where it is the head, too. */
    public List<Weight> factors() {
        return Collections.unmodifiableList(factors);
    }

    Layer layer(int stage, int layer) {
        return layers[stage][layer];
    }

    /** The matrix of that name; null where the architecture has none. */
    private @Nullable Weight weight(String name) {
        return shapes.containsKey(name) ? required(name) : null;
    }

    private float @Nullable [] norm(String name) {
        return shapes.containsKey(name) ? requiredNorm(name) : null;
    }

    private Weight required(String name) {
        long[] shape = Objects.requireNonNull(shapes.get(name), name);
        Weight weight = Weight.of(tensors, name, shape).orElseThrow(() -> missing(name, shape));
        formats.add(weight.format());
        factors.add(weight);
        return weight;
    }

    private float[] requiredNorm(String name) {
        long[] shape = Objects.requireNonNull(shapes.get(name), name);
        StoredTensor tensor = tensors.get(name);
        if (tensor == null || !tensor.dtype().floating() || !Arrays.equals(tensor.shape(), shape)) {
            throw missing(name, shape);
        }
        return tensor.toFloats();
    }

    private IllegalArgumentException missing(String name, long[] shape) {
        return new IllegalArgumentException("tensor " + name + " must be a floating-point tensor of shape "
                + Arrays.toString(shape) + ", but is " + tensors.get(name));
    }
}
