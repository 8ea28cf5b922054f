package io.yoco4j.train.model;

import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.TensorTensorHook;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Nodes of the graph that Java computes. Autograd gets to know of one without a function of its own, which the Java binding
 * cannot make: the result starts as a copy of an input, whose gradient libtorch hands to the input unchanged, and its memory
 * is then filled with what was computed. A hook on the input meets the gradient there and answers with the input's own.
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
        if (!x.requires_grad()) {
            return x;
        }
        Tensor alias = x.alias();
        Hook hook = new Hook(gradient);
        lifetime.attach(hook);
        alias.register_hook(hook);
        return alias;
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
                answer = Torch.keep(gradient.apply(new Tensor(incoming).contiguous()));
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
