package io.yoco4j.train.model;

import io.yoco4j.core.arch.Architecture;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** Logits without gradients, over a sequence in chunks: how the two executors are held against each other. */
public final class TorchLogits {
    private TorchLogits() {}

    /**
     * Logits of every position.
     *
     * @param a the executor's architecture, at any number of loops
     * @param ids a sequence, each in 0..V-1
     * @param chunk tokens per forward pass, at least 1
     * @return [n, V], row-major
     */
    public static float[] of(StageExecutor executor, Architecture a, int[] ids, int chunk) {
        float[] out = new float[Math.multiplyExact(ids.length, a.vocabSize())];
        try (NoGradGuard _ = new NoGradGuard();
                TorchContext context = TorchContext.remembering()) {
            for (int at = 0; at < ids.length; at += chunk) {
                int n = Math.min(chunk, ids.length - at);
                try (PointerScope _ = new PointerScope()) {
                    long[] rows = Arrays.stream(ids, at, at + n).asLongStream().toArray();
                    Tensor logits = executor.logits(a, Torch.longs(rows, 1, n), context);
                    System.arraycopy(Torch.toFloats(logits), 0, out, at * a.vocabSize(), n * a.vocabSize());
                }
            }
        }
        return out;
    }

    /**
     * How well targets are predicted.
     *
     * @param loss mean nats per target
     * @param right targets that were found likeliest
     */
    public record Prediction(double loss, long right) {}

    /** Predicts targets, as {@link StageExecutor#loss} takes them, without gradients. */
    public static Prediction predict(StageExecutor executor, Architecture a, Tensor ids, Tensor targets) {
        try (NoGradGuard _ = new NoGradGuard();
                PointerScope _ = new PointerScope()) {
            Tensor logits = executor.logits(a, ids, TorchContext.none());
            double loss = StageExecutor.crossEntropy(logits, targets).item_float();
            Tensor likeliest = logits.argmax(new LongOptional(2), false);
            return new Prediction(loss, likeliest.eq(targets).sum().item_long());
        }
    }

    /**
     * The most likely continuation.
     *
     * @param prompt at least one id
     * @param vocabulary ids that may be generated, 0..vocabulary-1: a model may have rows that no token has
     * @param count tokens to generate, at most
     * @param endOfText the id that ends the text before that, -1 for none; it is not part of the result
     * @return the continuation alone
     */
    public static int[] greedy(
            StageExecutor executor, Architecture a, int[] prompt, int vocabulary, int count, int endOfText) {
        int[] out = new int[count];
        try (NoGradGuard _ = new NoGradGuard();
                TorchContext context = TorchContext.remembering()) {
            long[] next = Arrays.stream(prompt).asLongStream().toArray();
            for (int i = 0; i < count; i++) {
                try (PointerScope _ = new PointerScope()) {
                    Tensor logits = executor.logits(a, Torch.longs(next, 1, next.length), context);
                    out[i] = (int) logits.select(1, next.length - 1L)
                            .narrow(1, 0, vocabulary)
                            .argmax()
                            .item_long();
                }
                if (out[i] == endOfText) {
                    return Arrays.copyOf(out, i);
                }
                next = new long[] {out[i]};
            }
        }
        return out;
    }
}
