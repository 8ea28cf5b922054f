package io.yoco4j.server.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.Sampling;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whose turn it is, step by step. */
class StepsTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u"));
    private static final int CHUNK = 64;
    /** No step may be longer than without prompts, so these come by the fewest tokens at a time, which are 8. */
    private static final SchedulerOptions OPTIONS = SchedulerOptions.builder()
            .chunk(CHUNK)
            .stretch(1)
            .snapshotEvery(0)
            .cacheMemory(256 << 20)
            .build();

    private final List<String> begun = new ArrayList<>();
    private int prompted;

    private ActiveRequest request(YocoModel model, String name, int seed, int length) {
        int[] prompt = new Random(seed).ints(length, 0, A.vocabSize()).toArray();
        GenerationRequest request = new GenerationRequest(
                prompt,
                1,
                200,
                Sampling.GREEDY,
                List.of(),
                true,
                SessionOptions.defaults(),
                OptionalInt.empty(),
                false,
                Duration.ofMinutes(5));
        return new ActiveRequest(
                request,
                model.session(),
                event -> {
                    if (event instanceof GenerationEvent.Token && !begun.contains(name)) {
                        begun.add(name);
                    }
                },
                System.nanoTime());
    }

    private Steps steps(YocoModel model) {
        SchedulerObserver observer = new SchedulerObserver() {
            @Override
            public void step(int promptTokens, int decodedTokens, Duration took) {
                prompted += promptTokens;
            }
        };
        return new Steps(model, OPTIONS, observer, new PrefixCache(null));
    }

    private void until(Steps steps, int texts) {
        for (int i = 0; begun.size() < texts; i++) {
            assertThat(i).as("steps").isLessThan(200);
            assertThat(steps.step()).isTrue();
        }
    }

    @Test
    void promptsOfAChunkComeOneAfterTheOther() {
        try (YocoModel model = YocoModel.of(A, RandomWeights.of(A, WeightFormat.F32, 1), EngineOptions.defaults())) {
            Steps steps = steps(model);
            for (String name : List.of("a", "b", "c")) {
                assertThat(steps.admit(request(model, name, name.charAt(0), 20)))
                        .isTrue();
            }
            until(steps, 3);
            prompted = 0;
            assertThat(steps.admit(request(model, "d", 4, 60))).isTrue();
            assertThat(steps.admit(request(model, "e", 5, 60))).isTrue();
            until(steps, 4);
            assertThat(begun).endsWith("d");
            // By turns of 8 it would have been 112 at least.
            assertThat(prompted).isBetween(60, 72);
            until(steps, 5);
            assertThat(prompted).isEqualTo(120);
            steps.remove(_ -> true).forEach(ActiveRequest::close);
        }
    }

    @Test
    void aLongPromptLetsOthersHaveTheirTurn() {
        try (YocoModel model = YocoModel.of(A, RandomWeights.of(A, WeightFormat.F32, 1), EngineOptions.defaults())) {
            Steps steps = steps(model);
            assertThat(steps.admit(request(model, "long", 1, 5 * CHUNK))).isTrue();
            assertThat(steps.admit(request(model, "short", 2, CHUNK / 2))).isTrue();
            until(steps, 2);
            assertThat(begun).containsExactly("short", "long");
            steps.remove(_ -> true).forEach(ActiveRequest::close);
        }
    }
}
