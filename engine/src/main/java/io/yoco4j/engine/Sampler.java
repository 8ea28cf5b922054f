package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import java.util.SplittableRandom;

/**
 * Draws tokens as a {@link Sampling} says, for one generation. Not thread-safe. With {@link TextStream} it makes a loop of
 * one's own:
 *
 * {@snippet class="io.yoco4j.engine.EngineSnippets" region="sampler"}
 */
public final class Sampler {
    private final Sampling sampling;
    private final SplittableRandom random;
    private final int[] recent;
    private final float[] logits;
    private final float[] weights;
    private final int[] candidates;
    private final int[] generated;
    private final int[] distinct;
    private int distinctCount;
    private long accepted;

    /**
     * A sampler that has drawn nothing yet.
     *
     * @throws InvalidInputException when there is a bias for a token that the vocabulary does not have
     */
    public Sampler(Sampling sampling, int vocabulary) {
        this.sampling = sampling;
        random = new SplittableRandom(sampling.seed());
        recent = new int[sampling.repetitionPenalty() == 1 ? 0 : sampling.repetitionWindow()];
        logits = new float[vocabulary];
        weights = new float[vocabulary];
        candidates = new int[vocabulary];
        generated = new int[sampling.countsGenerated() ? vocabulary : 0];
        distinct = new int[generated.length];
        sampling.logitBias().keySet().forEach(id -> {
            if (id >= vocabulary) {
                throw new InvalidInputException("the logit bias has the token id " + id + ", but the vocabulary has "
                        + vocabulary + " tokens, 0.." + (vocabulary - 1));
            }
        });
    }

    /** Counts a generated token. */
    public void accept(int id) {
        acceptPrompt(id);
        if (generated.length > 0 && generated[id]++ == 0) {
            distinct[distinctCount++] = id;
        }
    }

    /** Counts a token of the prompt, which is a recent one and no more. */
    public void acceptPrompt(int id) {
        if (recent.length > 0) {
            recent[(int) (accepted++ % recent.length)] = id;
        }
    }

    /**
     * Draws the next token.
     *
     * @param modelLogits [V], left as they are
     * @throws InvalidInputException when they are no numbers, as those of a model whose training diverged
     */
    public int sample(float[] modelLogits) {
        System.arraycopy(modelLogits, 0, logits, 0, logits.length);
        penalize(modelLogits);
        int likeliest = likeliest();
        requireNumber(logits[likeliest]);
        if (sampling.temperature() == 0) {
            return likeliest;
        }
        double sum = 0;
        for (int i = 0; i < logits.length; i++) {
            weights[i] = (float) Math.exp((logits[i] - logits[likeliest]) / (double) sampling.temperature());
            sum += weights[i];
        }
        requireNumber(sum);
        boolean limited = sampling.topP() < 1 || (sampling.topK() > 0 && sampling.topK() < logits.length);
        return draw(limited ? likeliestFirst(sum) : inOrder());
    }

    private static void requireNumber(double value) {
        if (!Double.isFinite(value)) {
            throw new InvalidInputException(
                    "the model's logits are no finite numbers, perhaps since its training diverged: take another checkpoint");
        }
    }

    /** From the model's logits, so that a token that occurs twice is penalized once. */
    private void penalize(float[] modelLogits) {
        int n = (int) Math.min(accepted, recent.length);
        for (int i = 0; i < n; i++) {
            float logit = modelLogits[recent[i]];
            logits[recent[i]] = logit > 0 ? logit / sampling.repetitionPenalty() : logit * sampling.repetitionPenalty();
        }
        for (int i = 0; i < distinctCount; i++) {
            int id = distinct[i];
            logits[id] -= sampling.presencePenalty() + sampling.frequencyPenalty() * generated[id];
        }
        sampling.logitBias().forEach((id, bias) -> logits[id] += bias);
    }

    private int likeliest() {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    /** All tokens that min-p leaves, by id; returns their number. */
    private int inOrder() {
        int n = 0;
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] >= sampling.minP()) {
                candidates[n++] = i;
            }
        }
        return n;
    }

    /**
     * The tokens that top-k, top-p and min-p leave; returns their number. A heap gives the likeliest ones one by one, so
     * that the vocabulary is never sorted.
     */
    private int likeliestFirst(double sum) {
        int k = sampling.topK() == 0 ? logits.length : Math.min(sampling.topK(), logits.length);
        boolean all = k == logits.length;
        // Tokens below this weigh less than 1 - p together, so they cannot be needed.
        float least = all ? (float) ((1 - sampling.topP()) * sum / logits.length) : 0;
        int size = 0;
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] >= least) {
                candidates[size++] = i;
            }
        }
        for (int i = size / 2 - 1; i >= 0; i--) {
            siftDown(i, size);
        }
        // The likeliest go to the end of the array, where the heap has shrunk.
        int taken = 0;
        double kept = 0;
        while (taken < k && size > 0 && (!all || kept < sampling.topP() * sum)) {
            int top = candidates[0];
            candidates[0] = candidates[--size];
            candidates[size] = top;
            siftDown(0, size);
            kept += weights[top];
            taken++;
        }
        int end = size + taken;
        int n = 0;
        double reached = 0;
        double enough = all ? Double.POSITIVE_INFINITY : sampling.topP() * kept;
        for (int i = end - 1; i >= size && reached < enough && weights[candidates[i]] >= sampling.minP(); i--) {
            reached += weights[candidates[i]];
            n++;
        }
        System.arraycopy(candidates, end - n, candidates, 0, n);
        return n;
    }

    private void siftDown(int from, int size) {
        int i = from;
        while (2 * i + 1 < size) {
            int child = 2 * i + 1;
            if (child + 1 < size && before(candidates[child + 1], candidates[child])) {
                child++;
            }
            if (!before(candidates[child], candidates[i])) {
                return;
            }
            int swap = candidates[i];
            candidates[i] = candidates[child];
            candidates[child] = swap;
            i = child;
        }
    }

    /** Likelier, or as likely with a lower id. */
    private boolean before(int a, int b) {
        return weights[a] > weights[b] || (weights[a] == weights[b] && a < b);
    }

    private int draw(int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += weights[candidates[i]];
        }
        double left = random.nextDouble() * sum;
        for (int i = 0; i < n - 1; i++) {
            left -= weights[candidates[i]];
            if (left < 0) {
                return candidates[i];
            }
        }
        return candidates[n - 1];
    }
}
