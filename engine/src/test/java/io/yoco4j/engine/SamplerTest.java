package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SamplerTest {
    /** Probabilities 0.1, 0.4, 0.2, 0.25, 0.05. */
    private static final float[] LOGITS = logits(0.1, 0.4, 0.2, 0.25, 0.05);

    private static float[] logits(double... probabilities) {
        float[] logits = new float[probabilities.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) Math.log(probabilities[i]);
        }
        return logits;
    }

    private static Set<Integer> drawn(Sampling sampling) {
        Sampler sampler = new Sampler(sampling, LOGITS.length);
        Set<Integer> ids = new TreeSet<>();
        for (int i = 0; i < 2000; i++) {
            ids.add(sampler.sample(LOGITS));
        }
        return ids;
    }

    private static Sampling.Builder warm() {
        return Sampling.builder().temperature(1).seed(5);
    }

    @Test
    void greedyTakesTheLikeliestAndTheFirstOfEquals() {
        assertThat(new Sampler(Sampling.GREEDY, 5).sample(LOGITS)).isEqualTo(1);
        assertThat(new Sampler(Sampling.GREEDY, 3).sample(new float[] {1, 2, 2}))
                .isEqualTo(1);
    }

    @Test
    void eachRuleKeepsWhatItSays() {
        assertThat(drawn(warm().build())).containsExactly(0, 1, 2, 3, 4);
        assertThat(drawn(warm().topK(1).build())).containsExactly(1);
        assertThat(drawn(warm().topK(3).build())).containsExactly(1, 2, 3);
        assertThat(drawn(warm().topK(99).build())).containsExactly(0, 1, 2, 3, 4);
        // 0.4 + 0.25 = 0.65; the next, 0.2, reaches 0.7.
        assertThat(drawn(warm().topP(0.6).build())).containsExactly(1, 3);
        assertThat(drawn(warm().topP(0.7).build())).containsExactly(1, 2, 3);
        assertThat(drawn(warm().topP(0.01).build())).containsExactly(1);
        // At least 0.55 of 0.4, that is 0.22.
        assertThat(drawn(warm().minP(0.55).build())).containsExactly(1, 3);
        assertThat(drawn(warm().minP(1).build())).containsExactly(1);
    }

    @Test
    void rulesApplyInOrder() {
        // Of the two likeliest, 0.4 / 0.65 = 0.615 reaches 0.6 alone.
        assertThat(drawn(warm().topK(2).topP(0.6).build())).containsExactly(1);
        assertThat(drawn(warm().topK(2).topP(0.62).build())).containsExactly(1, 3);
        assertThat(drawn(warm().topP(0.7).minP(0.55).build())).containsExactly(1, 3);
        // Temperature comes before top-p: at 0.5 the probabilities are proportional to the squares, 0.16 of 0.275.
        assertThat(drawn(warm().temperature(0.5).topP(0.57).build())).containsExactly(1);
        assertThat(drawn(warm().temperature(0.5).topP(0.6).build())).containsExactly(1, 3);
    }

    @Test
    void drawsInProportion() {
        Sampler sampler = new Sampler(warm().topK(2).build(), 5);
        int first = 0;
        for (int i = 0; i < 20_000; i++) {
            first += sampler.sample(LOGITS) == 1 ? 1 : 0;
        }
        // 0.615 of 20,000 with a standard deviation of 69.
        assertThat(first).isBetween(12_308 - 400, 12_308 + 400);
    }

    @Test
    void repetitionPenaltyCountsTheLastTokensOnce() {
        Sampling sampling =
                Sampling.builder().repetitionPenalty(2).repetitionWindow(2).build();
        float[] logits = {4, 3, -1, -1.5f};
        Sampler sampler = new Sampler(sampling, 4);
        assertThat(sampler.sample(logits)).isZero();
        sampler.accept(0);
        sampler.accept(0);
        // 4 becomes 2, not 1.
        assertThat(sampler.sample(logits)).isEqualTo(1);
        assertThat(sampler.sample(new float[] {4, 1.5f, 0, 0})).isZero();
        // A negative logit is multiplied: -1 becomes -2.
        Sampler other = new Sampler(sampling, 4);
        other.accept(2);
        assertThat(other.sample(new float[] {-9, -9, -1, -1.5f})).isEqualTo(3);
        // It leaves the window.
        other.accept(0);
        other.accept(1);
        assertThat(other.sample(new float[] {-9, -9, -1, -1.5f})).isEqualTo(2);
    }

    @Test
    void theSeedDecides() {
        Random random = new Random(1);
        float[] logits = new float[1000];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) random.nextGaussian();
        }
        float[] before = logits.clone();
        Sampler a = new Sampler(warm().topP(0.9).build(), 1000);
        Sampler b = new Sampler(warm().topP(0.9).build(), 1000);
        Sampler c = new Sampler(warm().topP(0.9).seed(6).build(), 1000);
        int different = 0;
        for (int i = 0; i < 100; i++) {
            int id = a.sample(logits);
            assertThat(b.sample(logits)).isEqualTo(id);
            different += c.sample(logits) == id ? 0 : 1;
        }
        assertThat(different).isGreaterThan(50);
        assertThat(logits).isEqualTo(before);
    }

    @Test
    void refusesValuesOutOfRangeByName() {
        assertThatThrownBy(() -> warm().temperature(-1).build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("temperature is -1");
        assertThatThrownBy(() -> warm().temperature(Double.NaN).build()).hasMessageContaining("temperature is NaN");
        assertThatThrownBy(() -> warm().topK(-1).build()).hasMessageContaining("top-k is -1");
        assertThatThrownBy(() -> warm().topP(0).build()).hasMessageContaining("top-p is 0");
        assertThatThrownBy(() -> warm().minP(1.5).build()).hasMessageContaining("min-p is 1.5");
        assertThatThrownBy(() -> warm().repetitionPenalty(0).build()).hasMessageContaining("repetition penalty is 0");
        assertThatThrownBy(() -> warm().repetitionWindow(-2).build()).hasMessageContaining("repetition window is -2");
    }

    @Test
    void penaltiesCountWhatWasGenerated() {
        float[] logits = {3, 2.5f, 2, 0};
        Sampler presence = new Sampler(Sampling.builder().presencePenalty(0.6).build(), 4);
        presence.acceptPrompt(0);
        assertThat(presence.sample(logits)).isZero();
        presence.accept(0);
        presence.accept(0);
        // 3 - 0.6 is less than 2.5, however often it came.
        assertThat(presence.sample(logits)).isEqualTo(1);
        presence.accept(1);
        assertThat(presence.sample(logits)).isZero();

        Sampler frequency = new Sampler(Sampling.builder().frequencyPenalty(0.6).build(), 4);
        frequency.accept(0);
        frequency.accept(0);
        frequency.accept(1);
        // 3 - 1.2, 2.5 - 0.6, 2.
        assertThat(frequency.sample(logits)).isEqualTo(2);
        assertThat(logits).containsExactly(3, 2.5f, 2, 0);
    }

    @Test
    void biasesAreAdded() {
        Sampling sampling =
                Sampling.builder().logitBias(Map.of(4, 3f, 1, -100f)).build();
        assertThat(new Sampler(sampling, 5).sample(LOGITS)).isEqualTo(4);
        assertThatThrownBy(() -> new Sampler(sampling, 4))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("the logit bias has the token id 4, but the vocabulary has 4 tokens, 0..3");
        assertThatThrownBy(
                        () -> Sampling.builder().logitBias(Map.of(1, Float.NaN)).build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("the logit bias of token 1 is NaN");
    }
}
