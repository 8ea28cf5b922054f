package io.yoco4j.server.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.server.schedule.TokenLogprobs.Candidate;
import org.junit.jupiter.api.Test;

class TokenLogprobsTest {
    private static final float[] LOGITS = {1, 3, 2, 3};

    @Test
    void areNaturalAndNormalized() {
        // log(e + 2 e^3 + e^2) = 3.8888...
        double total = Math.log(Math.E + 2 * Math.exp(3) + Math.exp(2));
        TokenLogprobs scored = TokenLogprobs.of(LOGITS, 2, 0);
        assertThat(scored.id()).isEqualTo(2);
        assertThat(scored.logprob()).isCloseTo(2 - total, within(1e-12));
        assertThat(scored.top()).isEmpty();
    }

    @Test
    void listTheLikeliestAndOfEqualsTheFirst() {
        assertThat(TokenLogprobs.of(LOGITS, 0, 3).top())
                .extracting(Candidate::id)
                .containsExactly(1, 3, 2);
        assertThat(TokenLogprobs.of(LOGITS, 0, 9).top())
                .extracting(Candidate::id)
                .containsExactly(1, 3, 2, 0);
    }
}
