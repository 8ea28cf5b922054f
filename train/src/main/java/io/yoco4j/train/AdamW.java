package io.yoco4j.train;

import io.yoco4j.train.model.Parameters;
import io.yoco4j.train.model.Torch;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2) over the flat parameters: a step is eight operations on one tensor,
 * and the whole state is two tensors and a count, which is what makes an exact resume simple.
 */
final class AdamW implements AutoCloseable {
    private static final long PART = 1 << 16;

    private final Parameters parameters;
    private final TrainingOptions options;
    private final Tensor firstMoment;
    private final Tensor secondMoment;
    private final Tensor denominator;

    AdamW(Parameters parameters, TrainingOptions options) {
        this.parameters = parameters;
        this.options = options;
        try (PointerScope _ = new PointerScope()) {
            firstMoment = Torch.keep(torch.zeros_like(parameters.values()));
            secondMoment = Torch.keep(torch.zeros_like(parameters.values()));
            denominator = Torch.keep(torch.zeros_like(parameters.values()));
        }
    }

    /** First moment of the gradient, [parameters]. */
    Tensor firstMoment() {
        return firstMoment;
    }

    /** Second moment of the gradient, [parameters]. */
    Tensor secondMoment() {
        return secondMoment;
    }

    /**
     * Clips the gradient, updates the weights and sets the gradient to zero.
     *
     * @param step from 1
     * @return the gradient's L2 norm before clipping; when it is not finite nothing is updated
     */
    double step(long step, double learningRate) {
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            Tensor values = parameters.values();
            Tensor gradients = parameters.gradients();
            double norm = norm(gradients);
            if (!Double.isFinite(norm)) {
                return norm;
            }
            if (norm > options.clip()) {
                gradients.mul_(new Scalar(options.clip() / norm));
            }
            values.narrow(0, 0, parameters.decayed()).mul_(new Scalar(1 - learningRate * options.weightDecay()));
            firstMoment.lerp_(gradients, new Scalar(1 - options.beta1()));
            secondMoment
                    .mul_(new Scalar(options.beta2()))
                    .addcmul_(gradients, gradients, new Scalar(1 - options.beta2()));
            double correction1 = 1 - Math.pow(options.beta1(), step);
            double correction2 = 1 - Math.pow(options.beta2(), step);
            torch.sqrt_out(denominator, secondMoment)
                    .div_(new Scalar(Math.sqrt(correction2)))
                    .add_(new Scalar(options.epsilon()));
            values.addcdiv_(firstMoment, denominator, new Scalar(-learningRate / correction1));
            gradients.zero_();
            return norm;
        }
    }

    /** In parts: libtorch sums all squares in a few float32 accumulators, which lose 4% of 10^8 equal ones, and more of more. */
    static double norm(Tensor flat) {
        try (PointerScope _ = new PointerScope()) {
            long whole = flat.numel() / PART * PART;
            Tensor rest = flat.narrow(0, whole, flat.numel() - whole);
            double squares = squared(rest.norm());
            if (whole > 0) {
                Tensor norms = flat.narrow(0, 0, whole)
                        .view(-1, PART)
                        .norm(new ScalarOptional(new Scalar(2.0)), new long[] {1}, false);
                squares += squared(norms.to(ScalarType.Double).norm());
            }
            return Math.sqrt(squares);
        }
    }

    private static double squared(Tensor scalar) {
        double value = scalar.item_double();
        return value * value;
    }

    @Override
    public void close() {
        firstMoment.close();
        secondMoment.close();
        denominator.close();
    }
}
