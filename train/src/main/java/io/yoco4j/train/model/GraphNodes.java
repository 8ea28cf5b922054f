package io.yoco4j.train.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorTensorHook;
import org.bytedeco.pytorch.VoidTensorHook;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Nodes of the graph that Java computes. Autograd gets to know of one without a function of its own, which the Java binding
 * cannot make: the result starts as something that libtorch made of the inputs, and its memory is then filled with what was
 * computed. A hook on an input meets the gradient there and answers with the input's own.
 */
final class GraphNodes implements AutoCloseable {
    private @Nullable Tensor lastAnswer;

    /**
     * {@code x} under a handle of its own, whose gradient passes through {@code gradient} before it becomes that of x.
     *
     * @param lifetime until whose end the gradient may be asked for
     * @param gradient from what the copies of the handle get, contiguous, to a new tensor of the shape and type of x
     */
    Tensor input(Tensor x, PointerScope lifetime, UnaryOperator<Tensor> gradient) {
        return x.requires_grad() ? handle(x, lifetime, dy -> gradient.apply(dy.contiguous())) : x;
    }

    private Tensor handle(Tensor x, PointerScope lifetime, UnaryOperator<Tensor> gradient) {
        Tensor alias = x.alias();
        Hook hook = new Hook(gradient);
        lifetime.attach(hook);
        alias.register_hook(hook);
        return alias;
    }

    /**
     * A node whose result has a shape of its own. To libtorch it is the sum of all inputs, spread out: a gradient that costs
     * next to nothing, and meets the hooks of the inputs after that of the result has computed theirs.
     *
     * @param inputs distinct tensors of one type
     * @param shape of the result, whose memory is to be filled
     * @param lifetime until whose end the gradient may be asked for
     * @param gradients from the result's gradient, contiguous, to a new tensor for each input, of its shape and type
     */
    Tensor node(List<Tensor> inputs, long[] shape, PointerScope lifetime, Function<Tensor, List<Tensor>> gradients) {
        if (inputs.stream().noneMatch(Tensor::requires_grad)) {
            return torch.empty(shape, new TensorOptions(inputs.getFirst().scalar_type()), null);
        }
        List<Tensor> answers = new ArrayList<>();
        @Nullable Tensor sum = null;
        for (int i = 0; i < inputs.size(); i++) {
            int index = i;
            if (inputs.get(i).requires_grad()) {
                Tensor part = handle(inputs.get(i), lifetime, _ -> handOver(answers.get(index)))
                        .sum();
                sum = sum == null ? part : sum.add(part);
            }
        }
        Tensor y = Objects.requireNonNull(sum).expand(shape).contiguous();
        if (!y.requires_grad()) {
            return y;
        }
        VoidTensorHook hook = new VoidTensorHook() {
            @Override
            public void call(TensorBase incoming) {
                answers.clear();
                try (PointerScope _ = new PointerScope()) {
                    gradients.apply(new Tensor(incoming).contiguous()).forEach(t -> answers.add(Torch.keep(t)));
                }
            }
        };
        lifetime.attach(hook);
        y.register_hook(hook);
        return y;
    }

    /** Passes a tensor that was kept on to the current scope. */
    private static Tensor handOver(Tensor kept) {
        Objects.requireNonNull(PointerScope.getInnerScope()).attach(kept);
        kept.releaseReference();
        return kept;
    }

    /** A copy of a contiguous tensor as {@code type}, whose memory is to be filled. */
    static Tensor copy(Tensor x, ScalarType type) {
        return x.to(type, false, true, new MemoryFormatOptional());
    }

    /**
     * A handle to the values of {@code x}, for a gradient to read.
     *
     * @param lifetime how long it lives where there is to be a gradient; else no longer than the current scope
     */
    static Tensor saved(Tensor x, boolean gradient, PointerScope lifetime) {
        Tensor values = x.detach();
        if (gradient) {
            lifetime.attach(values);
        }
        return values;
    }

    private final class Hook extends TensorTensorHook {
        private final UnaryOperator<Tensor> gradient;

        Hook(UnaryOperator<Tensor> gradient) {
            this.gradient = gradient;
        }

        @Override
        public TensorBase call(TensorBase incoming) {
            Tensor answer;
            try (PointerScope _ = new PointerScope()) {
                answer = Torch.keep(gradient.apply(new Tensor(incoming)));
            }
            // libtorch copies what this returns only afterwards, so it is let go of a call later.
            release();
            lastAnswer = answer;
            return answer;
        }
    }

    private void release() {
        if (lastAnswer != null) {
            lastAnswer.close();
            lastAnswer = null;
        }
    }

    @Override
    public void close() {
        release();
    }
}
