package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.CheckpointQuantizer;
import io.yoco4j.core.checkpoint.CheckpointWriter;
import io.yoco4j.core.checkpoint.GenerationConfig;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Golden;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.core.text.BpeTrainer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TextLossTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u"));

    @TempDir
    Path temp;

    static Stream<Golden> golden() {
        return Golden.all();
    }

    private static YocoModel model(Map<String, StoredTensor> weights) {
        return YocoModel.of(A, weights, EngineOptions.defaults());
    }

    private static int[] ids(int n) {
        return new Random(4).ints(n, 0, A.vocabSize()).toArray();
    }

    @ParameterizedTest
    @MethodSource("golden")
    void oneWindowIsTheGoldenLoss(Golden golden) {
        try (YocoModel model = YocoModel.open(golden.folder())) {
            int[] ids = golden.ids();
            TextLoss loss = TextLoss.of(model.session(), ids, 100, ids.length);
            assertThat(loss.natsPerToken()).isCloseTo(golden.loss(), within(1e-3));
            assertThat(loss.tokens()).isEqualTo(ids.length - 1L);
            assertThat(loss.bitsPerByte()).isCloseTo(loss.nats() / Math.log(2) / 100, within(1e-9));
        }
    }

    /** Each window knows the token before it and no other; each token but the first counts once. */
    @Test
    void windowsAreContextsOfTheirOwn() {
        int[] ids = ids(20);
        try (YocoModel model = model(RandomWeights.of(A, WeightFormat.F32, 1))) {
            Session session = model.session();
            double expected = 0;
            for (int[] part : new int[][] {{0, 8}, {7, 15}, {14, 20}}) {
                expected += TextLoss.of(session, Arrays.copyOfRange(ids, part[0], part[1]), 0, 8)
                        .nats();
            }
            TextLoss loss = TextLoss.of(session, ids, 0, 8);
            assertThat(loss.tokens()).isEqualTo(19);
            assertThat(loss.nats()).isCloseTo(expected, within(1e-6));
            assertThat(TextLoss.of(session, ids, 0, 20).nats()).isNotCloseTo(expected, within(1e-3));
        }
    }

    @Test
    void aModelThatKnowsNothingIsOffByTheLogarithmOfItsVocabulary() {
        Map<String, StoredTensor> weights = new LinkedHashMap<>(RandomWeights.of(A, WeightFormat.F32, 1));
        weights.values().stream()
                .filter(t -> t.name().equals("norm.weight"))
                .forEach(t -> t.data().fill((byte) 0));
        try (YocoModel model = model(weights)) {
            TextLoss loss = TextLoss.of(model.session(), ids(30), 60, 16);
            assertThat(loss.natsPerToken()).isCloseTo(Math.log(A.vocabSize()), within(1e-9));
        }
    }

    @Test
    void largeLogitsDoNotOverflow() {
        float[] logits = {3e38f, -3e38f, 3e38f};
        assertThat(-LogSoftmax.of(logits).at(0)).isCloseTo(Math.log(2), within(1e-12));
        assertThat(-LogSoftmax.of(logits).at(1)).isGreaterThan(5e38);
        assertThat(-LogSoftmax.of(new float[] {-1000, -1001}).at(1))
                .isCloseTo(1 + Math.log1p(Math.exp(-1)), within(1e-9));
    }

    @Test
    void whatCannotBeScored() {
        try (YocoModel model = model(RandomWeights.of(A, WeightFormat.F32, 1))) {
            Session session =
                    model.session(SessionOptions.builder().maxPositions(9).build());
            assertThat(TextLoss.of(session, ids(1), 3, 4)).isEqualTo(TextLoss.NONE);
            for (int window : new int[] {-1, 1, 10}) {
                assertThatThrownBy(() -> TextLoss.of(session, ids(5), 3, window))
                        .isInstanceOf(InvalidInputException.class)
                        .hasMessageContaining(
                                "the window is " + window + " tokens, but must lie in 2..9, since the session has");
            }
            assertThatThrownBy(() -> TextLoss.of(session, new int[] {1, A.vocabSize()}, 3, 4))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("token id 61");
            assertThatThrownBy(() -> TextLoss.of(session, "text", 4))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("has no tokenizer.json");
        }
    }

    /** With a beginning of text, every window starts with it, and every token of the text is scored. */
    @Test
    void windowsStartWithTheBeginningOfText() {
        Architecture a = A.toBuilder().vocabSize(300).build();
        Map<String, StoredTensor> weights = RandomWeights.of(a, WeightFormat.F32, 1);
        SafetensorsWriter writer = new SafetensorsWriter();
        weights.values().forEach(writer::add);
        String tokenizer = BpeTrainer.builder()
                .vocabularySize(258)
                .build()
                .train(Stream.of("text"))
                .json();
        new CheckpointWriter(a, writer)
                .tokenizer(tokenizer)
                .generation(new GenerationConfig(OptionalInt.of(280), List.of()))
                .create(temp.resolve("model"));
        String text = "naïve";
        try (YocoModel model = YocoModel.open(temp.resolve("model"));
                YocoModel bare = YocoModel.of(a, weights, EngineOptions.defaults())) {
            TextLoss loss = TextLoss.of(model.session(), text, 4);
            assertThat(loss.tokens()).isEqualTo(6);
            assertThat(loss.bytes()).isEqualTo(6);
            int[] ids = model.tokenizer().orElseThrow().encode(text);
            double expected = 0;
            for (int from = 0; from < 6; from += 3) {
                int[] window = {280, ids[from], ids[from + 1], ids[from + 2]};
                expected += TextLoss.of(bare.session(), window, 0, 4).nats();
            }
            assertThat(loss.nats()).isCloseTo(expected, within(1e-6));
            assertThat(TextLoss.of(model.session(), "", 4)).isEqualTo(TextLoss.NONE);
        }
    }

    /** Measured: at most 1.0% off with q8 and 7.0% with q4, on weights at random that no rounding was foreseen for. */
    @ParameterizedTest
    @MethodSource("golden")
    void quantizedModelsPredictNearlyAsWell(Golden golden) {
        for (WeightFormat format : List.of(WeightFormat.Q8, WeightFormat.Q4)) {
            Path folder = temp.resolve(format.label());
            CheckpointQuantizer.run(golden.folder(), format, folder);
            try (YocoModel model = YocoModel.open(folder)) {
                int[] ids = golden.ids();
                double loss = TextLoss.of(model.session(), ids, 0, ids.length).natsPerToken();
                assertThat(loss / golden.loss()).isCloseTo(1, within(format == WeightFormat.Q8 ? 0.02 : 0.12));
            }
        }
    }
}
