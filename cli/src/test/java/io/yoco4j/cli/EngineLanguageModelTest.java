package io.yoco4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.testing.Golden;
import io.yoco4j.core.text.WordVocabulary;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.eval.ContinuationScore;
import io.yoco4j.eval.GreedyRequest;
import io.yoco4j.eval.ScoreRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What an evaluation is told of a model, against the logits of an independent float64 implementation. */
class EngineLanguageModelTest {
    /** Of the golden sequences, so many tokens are the prefix. */
    private static final int PREFIX = 9;

    private static final int CONTINUATION = 6;

    @TempDir
    Path folder = Path.of("");

    static Stream<Golden> models() {
        return Golden.all();
    }

    @ParameterizedTest
    @MethodSource("models")
    void scoresAreThoseOfTheGoldenLogits(Golden golden) throws IOException {
        int[] ids = golden.ids();
        int[] prefix = Arrays.copyOf(ids, PREFIX);
        int[] continuation = Arrays.copyOfRange(ids, PREFIX, PREFIX + CONTINUATION);
        int likeliest = likeliest(row(golden, PREFIX - 1));
        int other = (likeliest + 1) % golden.vocabulary();
        List<ScoreRequest> requests = List.of(
                new ScoreRequest(prefix, List.of(continuation, new int[] {likeliest}, new int[] {other})),
                new ScoreRequest(Arrays.copyOf(ids, 2), List.of(Arrays.copyOfRange(ids, 2, ids.length))));
        try (YocoModel model = open(golden)) {
            for (int chunk : List.of(512, 7)) {
                for (boolean shared : List.of(true, false)) {
                    SessionOptions options =
                            SessionOptions.builder().prefillChunk(chunk).build();
                    List<List<ContinuationScore>> scores =
                            new EngineLanguageModel(model, options, 512, shared).score(requests);
                    List<ContinuationScore> first = scores.getFirst();
                    requireScore(first.get(0), golden, PREFIX, PREFIX + CONTINUATION);
                    assertThat(first.get(1).greedy()).isTrue();
                    assertThat(first.get(2).greedy()).isFalse();
                    assertThat(first.get(1).logProbability() - first.get(2).logProbability())
                            .isCloseTo(
                                    (double) row(golden, PREFIX - 1)[likeliest] - row(golden, PREFIX - 1)[other],
                                    within(2.0 * Golden.LOGIT_TOLERANCE));
                    requireScore(scores.get(1).getFirst(), golden, 2, ids.length);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void theLikeliestTokensAreThoseOfTheGoldenLogits(Golden golden) throws IOException {
        int[] ids = golden.ids();
        try (YocoModel model = open(golden)) {
            EngineLanguageModel evaluated =
                    new EngineLanguageModel(model, SessionOptions.builder().build(), 512, true);
            List<int[]> likeliest = evaluated.greedy(List.of(new GreedyRequest(ids, 0), new GreedyRequest(ids, 5)));
            for (int i = 0; i < ids.length; i++) {
                float[] row = row(golden, i);
                // Not by index: two logits may be equal within the tolerance.
                assertThat(row[likeliest.getFirst()[i]])
                        .isCloseTo(row[likeliest(row)], within(2 * Golden.LOGIT_TOLERANCE));
            }
            assertThat(likeliest.get(1)).containsExactly(Arrays.copyOfRange(likeliest.getFirst(), 5, ids.length));
        }
    }

    /** The golden folder does without a tokenizer, an evaluation does not. */
    private YocoModel open(Golden golden) throws IOException {
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(golden.folder().resolve(file), folder.resolve(file));
        }
        List<String> words = IntStream.range(0, golden.vocabulary())
                .mapToObj(Integer::toString)
                .toList();
        Files.writeString(folder.resolve("tokenizer.json"), new WordVocabulary(words).json());
        return YocoModel.open(folder, EngineOptions.builder().build());
    }

    private static void requireScore(ContinuationScore score, Golden golden, int from, int to) {
        double expected = 0;
        for (int i = from; i < to; i++) {
            float[] row = row(golden, i - 1);
            double sum = 0;
            for (float logit : row) {
                sum += Math.exp(logit);
            }
            expected += row[golden.ids()[i]] - Math.log(sum);
        }
        assertThat(score.logProbability()).isCloseTo(expected, within(2.0 * Golden.LOGIT_TOLERANCE * (to - from)));
    }

    /** Logits after the token at a position. */
    private static float[] row(Golden golden, int position) {
        float[] all = Objects.requireNonNull(golden.logits().get("logits"));
        int v = golden.vocabulary();
        return Arrays.copyOfRange(all, position * v, (position + 1) * v);
    }

    private static int likeliest(float[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            best = row[i] > row[best] ? i : best;
        }
        return best;
    }
}
