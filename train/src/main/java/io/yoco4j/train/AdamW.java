package io.yoco4j.train;

import io.yoco4j.train.model.Parameters;
import io.yoco4j.train.model.Torch;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2) over the flat parameters: a step is eight operations on one tensor,
 * and the whole state is two tensors and a count, which is what makes an exact resume simple.
 */
final class AdamW implements AutoCloseable {
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
            double norm = gradients.norm().item_double();
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

    @Override
    public void close() {
        firstMoment.close();
        secondMoment.close();
        denominator.close();
    }
}
