package io.yoco4j.train.model;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ParameterLayout;
import io.yoco4j.core.checkpoint.DType;
import io.yoco4j.core.checkpoint.Quantizer;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.checkpoint.StoredTensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The float32 master weights of a model, all in one flat tensor, and their gradients in another; each parameter is a
 * leaf that views its part of both. So an optimizer step, a norm or a file is a handful of operations over one tensor.
 * Matrices that weight decay applies to come first, then embeddings and norms.
 */
public final class Parameters implements AutoCloseable {
    private final Architecture architecture;
    private final Tensor values;
    private final Tensor gradients;
    private final Map<String, Tensor> leaves = new LinkedHashMap<>();
    private final Map<String, Tensor> gradientViews = new LinkedHashMap<>();
    private final Map<List<String>, Tensor> joints = new HashMap<>();
    private final long decayed;

    /** Zeros of the right shapes; {@link #initialize} or {@link #load} fills them. */
    public Parameters(Architecture architecture) {
        this.architecture = architecture;
        List<Map.Entry<String, long[]>> order =
                new ArrayList<>(ParameterLayout.of(architecture).entrySet());
        order.sort(Comparator.comparing(e -> !decays(e.getKey(), e.getValue())));
        long total = order.stream().mapToLong(e -> count(e.getValue())).sum();
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            values = Torch.keep(torch.zeros(new long[] {total}, new TensorOptions(ScalarType.Float)));
            gradients = Torch.keep(torch.zeros(new long[] {total}, new TensorOptions(ScalarType.Float)));
            long offset = 0;
            long boundary = 0;
            for (var entry : order) {
                long[] shape = entry.getValue();
                long n = count(shape);
                Tensor leaf = Torch.keep(values.narrow(0, offset, n).view(shape));
                leaf.set_requires_grad(true);
                Tensor gradient = Torch.keep(gradients.narrow(0, offset, n).view(shape));
                leaf.mutable_grad().put(gradient);
                leaves.put(entry.getKey(), leaf);
                gradientViews.put(entry.getKey(), gradient);
                offset += n;
                boundary = decays(entry.getKey(), shape) ? offset : boundary;
            }
            decayed = boundary;
        }
    }

    private static boolean decays(String name, long[] shape) {
        return shape.length == 2 && !name.equals(ParameterLayout.EMBEDDING);
    }

    private static long count(long[] shape) {
        long n = 1;
        for (long s : shape) {
            n *= s;
        }
        return n;
    }

    /**
     * Draws the weights: embeddings N(0, 1/D), so that {@code embedding_multiplier} = sqrt(D) makes them of unit variance;
     * projections back into the residual stream ({@code o_proj}, {@code down_proj}) N(0, (output)^2/fan-in), all other
     * matrices N(0, (linear)^2/fan-in); norms 1.
     *
     * @param seed of libtorch's generator; the same seed gives the same weights
     */
    public void initialize(Initialization init, long seed) {
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            // A generator of its own: libtorch's is the process's, and another run may be drawing from it.
            GeneratorOptional generator = new GeneratorOptional(torch.make_generator_cpu(seed));
            // ParameterLayout's order, not the flat one, so that the draw does not depend on how weights are stored.
            ParameterLayout.of(architecture).forEach((name, shape) -> {
                Tensor leaf = leaf(name);
                if (shape.length == 1) {
                    leaf.fill_(new Scalar(1.0));
                } else {
                    leaf.normal_(0, init.deviation(name, shape[1]), generator);
                }
            });
        }
    }

    /** Copies weights in, of any floating-point type or quantized. */
    public void load(Map<String, StoredTensor> tensors) {
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            leaves.forEach((name, leaf) -> {
                long[] shape = leaf.shape();
                float[] values = Quantizer.toFloats(tensors, name, (int) shape[shape.length - 1]);
                leaf.copy_(Torch.floats(values, shape));
            });
        }
    }

    /** Adds the weights to a file, as float32 or rounded to bfloat16, in {@link ParameterLayout}'s order. */
    public void addTo(SafetensorsWriter writer, DType dtype) {
        ScalarType type = dtype == DType.BF16 ? ScalarType.BFloat16 : ScalarType.Float;
        ParameterLayout.of(architecture)
                .forEach((name, shape) -> writer.add(name, dtype, shape, () -> {
                    try (PointerScope _ = new PointerScope()) {
                        Tensor t = leaf(name).detach().to(type).contiguous();
                        return Arena.ofAuto().allocate(t.nbytes()).copyFrom(Torch.memory(t));
                    }
                }));
    }

    public Architecture architecture() {
        return architecture;
    }

    /** All weights, [parameters]. */
    public Tensor values() {
        return values;
    }

    /** All gradients, [parameters]. */
    public Tensor gradients() {
        return gradients;
    }

    /** How many of the first weights decay. */
    public long decayed() {
        return decayed;
    }

    public long count() {
        return values.numel();
    }

    /** The weight of that name, a leaf of the graph. */
    public Tensor leaf(String name) {
        return Objects.requireNonNull(leaves.get(name), name);
    }

    /**
     * Matrices over the same columns that stand behind each other, [rows of all, columns]: one product instead of several.
     * A leaf of the graph as each of them is, over the same memory.
     */
    Tensor joint(List<String> names) {
        return joints.computeIfAbsent(names, _ -> {
            try (PointerScope _ = new PointerScope();
                    NoGradGuard _ = new NoGradGuard()) {
                Tensor first = leaf(names.getFirst());
                long rows = 0;
                for (String name : names) {
                    Tensor next = leaf(name);
                    if (next.storage_offset() != first.storage_offset() + rows * first.size(1)) {
                        throw new IllegalArgumentException(name + " does not stand behind the others of " + names);
                    }
                    rows += next.size(0);
                }
                long count = rows * first.size(1);
                Tensor leaf = Torch.keep(
                        values.narrow(0, first.storage_offset(), count).view(rows, first.size(1)));
                leaf.set_requires_grad(true);
                leaf.mutable_grad()
                        .put(gradients.narrow(0, first.storage_offset(), count).view(rows, first.size(1)));
                return leaf;
            }
        });
    }

    /** The gradient of that name. */
    public Tensor gradient(String name) {
        return Objects.requireNonNull(gradientViews.get(name), name);
    }

    /**
     * The weights as the forward pass uses them: matrices in {@code type}, norms in float32. Casts are nodes of the
     * graph, made once however often a stage loops; they belong to the current scope.
     */
    Map<String, Tensor> cast(ScalarType type) {
        Map<String, Tensor> out = new LinkedHashMap<>();
        leaves.forEach((name, leaf) -> out.put(name, leaf.dim() == 2 ? leaf.to(type) : leaf));
        return out;
    }

    @Override
    public void close() {
        joints.values().forEach(Tensor::close);
        leaves.values().forEach(Tensor::close);
        gradientViews.values().forEach(Tensor::close);
        values.close();
        gradients.close();
    }

    /**
     * Scale of the initial weights. docs/experiments/LOG.md has the trials: with these, loops help from the start; with
     * embeddings N(0, 0.02) unscaled they do not.
     *
     * @param linear standard deviation of matrices, times sqrt(fan-in)
     * @param output the same for the projections into the residual stream
     */
    public record Initialization(double linear, double output) {
        public static final Initialization DEFAULT = new Initialization(0.8, 0.2);

        double deviation(String name, long fanIn) {
            if (name.equals(ParameterLayout.EMBEDDING)) {
                return 1 / Math.sqrt(fanIn);
            }
            boolean intoResidual = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
            return (intoResidual ? output : linear) / Math.sqrt(fanIn);
        }
    }
}
