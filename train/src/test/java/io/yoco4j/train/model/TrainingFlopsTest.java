package io.yoco4j.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Edge;
import org.bytedeco.pytorch.Node;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What {@link Accounting} says a training step costs against the matrix products that libtorch has in its graph, of which the
 * test knows nothing but their shapes. Run in bfloat16, where attention is products of libtorch's, too.
 */
class TrainingFlopsTest {
    /** Tokens, no multiple of any window. */
    private static final int N = 40;
    /** With retention: whole chunks, and more than one, as the state that the last one leaves is no part of the loss. */
    private static final int WHOLE_CHUNKS = 2 * TorchRetention.CHUNK;

    /** Multiply-adds of matrices that weights are part of, and of batches of matrices: attention, retention. */
    private record Products(long linear, long batched) {}

    static Stream<Named<Architecture>> systems() {
        return Systems.all().entrySet().stream().map(e -> Named.of(e.getKey(), e.getValue()));
    }

    @ParameterizedTest
    @MethodSource("systems")
    void equalsTheOperatorsRun(Architecture a) {
        int n = a.stages().stream().anyMatch(s -> s.attention() instanceof Attention.GatedRetention) ? WHOLE_CHUNKS : N;
        Products counted;
        try (Parameters parameters = new Parameters(a);
                StageExecutor executor = new StageExecutor(parameters, true, 0);
                PointerScope _ = new PointerScope()) {
            parameters.load(RandomWeights.of(a, WeightFormat.F32, 5));
            long[] ids = new SplittableRandom(3).longs(n, 0, a.vocabSize()).toArray();
            Tensor batch = Torch.longs(ids, 1, n);
            counted = products(executor.loss(a, batch, batch).grad_fn());
        }
        double attention = 0;
        double operators = 0;
        for (Stage s : a.stages()) {
            double perKey = 2.0 * a.queryDim() * s.layers() * s.loops();
            attention += perKey * keys(s, a, n);
            operators += perKey * keysOfOperators(s, a, n);
        }
        double forward = new Accounting(a).trainingFlopsPerToken(n) * n / 3 / 2;
        assertThat(counted.linear()).as("products with weights").isEqualTo(Math.round(forward - attention));
        assertThat((double) counted.batched()).as("attention and retention").isCloseTo(operators, within(0.5));
    }

    /** Keys that queries see, by Accounting's definition. */
    private static double keys(Stage s, Architecture a, int n) {
        double keys = 0;
        for (int i = 0; i < n; i++) {
            keys += switch (s.attention()) {
                case Attention.Full _, Attention.Cross _ -> i + 1;
                case Attention.SlidingWindow(int window) -> Math.min(i + 1, window);
                case Attention.GatedRetention _ -> a.headDim();
            };
        }
        return keys;
    }

    /**
     * Keys that the operators multiply: all, or two windows for each query of whole windows; the mask hides the rest. Retention
     * multiplies each query with the keys of its chunk, too: the price of not going token by token, which Accounting leaves out.
     */
    private static double keysOfOperators(Stage s, Architecture a, int n) {
        return switch (s.attention()) {
            case Attention.SlidingWindow(int window)
            when n > 2 * window -> 2.0 * window * ((n + window - 1) / window) * window;
            case Attention.GatedRetention _ -> keys(s, a, n) + (double) n * TorchRetention.CHUNK;
            case Attention.Full _, Attention.Cross _, Attention.SlidingWindow _ -> (double) n * n;
        };
    }

    private static Products products(Node root) {
        long linear = 0;
        long batched = 0;
        Set<Long> seen = new HashSet<>();
        Deque<Node> open = new ArrayDeque<>();
        open.add(root);
        while (!open.isEmpty()) {
            Node node = open.remove();
            if (!seen.add(node.address())) {
                continue;
            }
            switch (node.name().getString()) {
                case "MmBackward0" -> {
                    long[] out = shape(node, 0, 2);
                    linear += out[0] * out[1] * inner(node, Map.of(0, 1, 1, 0), 2);
                }
                case "BmmBackward0" -> {
                    long[] out = shape(node, 0, 3);
                    batched += out[0] * out[1] * out[2] * inner(node, Map.of(0, 2, 1, 1), 3);
                }
                case "BaddbmmBackward0" -> {
                    long[] out = shape(node, 0, 3);
                    batched += out[0] * out[1] * out[2] * inner(node, Map.of(1, 2, 2, 1), 3);
                }
                default -> {}
            }
            for (int i = 0; i < node.num_outputs(); i++) {
                Node next = node.next_edge(i).function();
                if (next != null && !next.isNull()) {
                    open.add(next);
                }
            }
        }
        return new Products(linear, batched);
    }

    /** The dimension that is summed over, from whichever operand has a gradient: operand to its dimension. */
    private static long inner(Node node, Map<Integer, Integer> dimensions, int dims) {
        for (Map.Entry<Integer, Integer> operand : dimensions.entrySet()) {
            Edge edge = node.next_edge(operand.getKey());
            Node from = edge.function();
            if (from != null && !from.isNull()) {
                return shape(from, edge.input_nr(), dims)[operand.getValue()];
            }
        }
        throw new AssertionError("a product without a gradient");
    }

    /** The shape of what a node's i-th gradient belongs to; sizes lie side by side as plain 64-bit numbers. */
    private static long[] shape(Node node, int i, int dims) {
        long address = node.input_metadata(i).shape_as_dim_vector().front().address();
        return MemorySegment.ofAddress(address).reinterpret(8L * dims).toArray(ValueLayout.JAVA_LONG);
    }
}
