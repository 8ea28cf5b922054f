package io.yoco4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.core.text.WordVocabulary;
import io.yoco4j.train.data.Sequences;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training on sequences with labels, where most positions have none. */
class LabelledTrainingTest {
    private static final int LENGTH = 8;
    private static final Architecture YOCO_U =
            Presets.architecture("yoco-u", new Presets.Size(2, 32, 2, 2, 16, 48, 6, 8, true, 64));

    @TempDir
    Path temp;

    /** Random tokens 2 to 5, and queries, token 1, that ask for the first of them. */
    private static final class FirstToken implements Dataset {
        private final Tokenizer tokenizer =
                Tokenizer.parse(new WordVocabulary(List.of("_", "?", "a", "b", "c", "d")).json());

        private static void read(long first, int rows, long[] ids, long[] targets) {
            for (int r = 0; r < rows; r++) {
                SplittableRandom random = new SplittableRandom((first + r) * 31);
                for (int i = 0; i < LENGTH; i++) {
                    boolean query = i > 2 && random.nextInt(3) == 0 || i == LENGTH - 1;
                    ids[r * LENGTH + i] = query ? 1 : random.nextInt(2, 6);
                    targets[r * LENGTH + i] = query ? ids[r * LENGTH] : Sequences.IGNORED;
                }
            }
        }

        private final LongConsumer reading;

        FirstToken() {
            this(_ -> {});
        }

        /** @param reading hears of the first of rows that are read */
        FirstToken(LongConsumer reading) {
            this.reading = reading;
        }

        private Sequences from(long offset) {
            return new Sequences() {
                @Override
                public long count() {
                    return 1L << 40;
                }

                @Override
                public void read(long first, int rows, long[] ids, long[] targets) {
                    reading.accept(offset + first);
                    FirstToken.read(offset + first, rows, ids, targets);
                }
            };
        }

        @Override
        public int vocabularySize() {
            return 6;
        }

        @Override
        public Tokenizer tokenizer() {
            return tokenizer;
        }

        @Override
        public OptionalInt endOfText() {
            return OptionalInt.empty();
        }

        @Override
        public Sequences training(TrainingOptions options) {
            return from(0);
        }

        @Override
        public Sequences heldOut(TrainingOptions options) {
            return from(1L << 41);
        }

        @Override
        public OptionalDouble bytesPerToken(TrainingOptions options) {
            return OptionalDouble.empty();
        }

        @Override
        public void close() {
            tokenizer.close();
        }
    }

    private static TrainingOptions.Builder options() {
        return TrainingOptions.builder()
                .batchSize(8)
                .sequenceLength(LENGTH)
                .accumulation(2)
                .bf16(false)
                .evaluateEvery(5)
                .evaluationTokens(160);
    }

    @Test
    void resumingEndsInTheSameWeights() throws IOException {
        TrainingOptions options = options().steps(12).loops(1, 4).dropout(0.1).build();
        try (Dataset data = new FirstToken()) {
            Path through = temp.resolve("through");
            Path resumed = temp.resolve("resumed");
            TrainingListener silent = new TrainingListener() {};
            new Trainer(YOCO_U, options, data, through, silent).run(false, Long.MAX_VALUE);
            new Trainer(YOCO_U, options, data, resumed, silent).run(false, 7);
            assertThat(Files.readAllBytes(resumed.resolve(Checkpoint.WEIGHTS)))
                    .isNotEqualTo(Files.readAllBytes(through.resolve(Checkpoint.WEIGHTS)));
            new Trainer(YOCO_U, options, data, resumed, silent).run(true, Long.MAX_VALUE);
            assertThat(Files.readAllBytes(resumed.resolve(Checkpoint.WEIGHTS)))
                    .isEqualTo(Files.readAllBytes(through.resolve(Checkpoint.WEIGHTS)));
        }
    }

    /** What was computed of it is let go of: the run goes on as if it had not begun. */
    @Test
    void aStopEndsTheStepThatItComesIn() throws IOException {
        TrainingOptions options =
                options().steps(4).batchSize(1).accumulation(8).build();
        TrainingListener silent = new TrainingListener() {};
        Path through = temp.resolve("through");
        Path stopped = temp.resolve("stopped");
        try (Dataset data = new FirstToken()) {
            new Trainer(YOCO_U, options, data, through, silent).run(false, Long.MAX_VALUE);
        }
        Trainer[] trainer = new Trainer[1];
        AtomicInteger reads = new AtomicInteger();
        LongConsumer reading = first -> {
            // The third step's rows 16 to 23: once to count their labels, once to learn.
            if (first >= 16 && reads.incrementAndGet() == 8 + 3) {
                trainer[0].stop();
            }
        };
        try (Dataset data = new FirstToken(reading)) {
            trainer[0] = new Trainer(YOCO_U, options, data, stopped, silent);
            Trainer.Result result = trainer[0].run(false, Long.MAX_VALUE);
            assertThat(result.step()).isEqualTo(2);
            assertThat(result.stopped()).isTrue();
        }
        assertThat(reads.get()).isEqualTo(8 + 3);
        try (Dataset data = new FirstToken()) {
            new Trainer(YOCO_U, options, data, stopped, silent).run(true, Long.MAX_VALUE);
        }
        assertThat(Files.readAllBytes(stopped.resolve(Checkpoint.WEIGHTS)))
                .isEqualTo(Files.readAllBytes(through.resolve(Checkpoint.WEIGHTS)));
    }

    @Test
    void aSamplePromptWithoutATokenIsRefusedAtOnce() {
        TrainingOptions options =
                options().steps(1).samplePrompts(List.of(" ")).sampleTokens(4).build();
        try (Dataset data = new FirstToken()) {
            assertThatThrownBy(() -> new Trainer(YOCO_U, options, data, temp.resolve("x"), new TrainingListener() {}))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("sample prompt \" \" has no token");
        }
    }

    /** However many labels fall into each part of a batch. */
    @Test
    void accumulationTakesTheGradientOfTheWholeBatch() {
        TrainingOptions whole =
                options().steps(1).accumulation(1).batchSize(8).evaluateEvery(0).build();
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        for (int parts : new int[] {1, 8}) {
            TrainingOptions cut =
                    whole.toBuilder().accumulation(parts).batchSize(8 / parts).build();
            try (Dataset data = new FirstToken()) {
                new Trainer(YOCO_U, cut, data, temp.resolve("in " + parts), new TrainingListener() {
                            @Override
                            public void step(Step step) {
                                losses.add(step.loss());
                                norms.add(step.gradientNorm());
                            }
                        })
                        .run(false, Long.MAX_VALUE);
            }
        }
        assertThat(losses.get(1)).isCloseTo(losses.get(0), within(1e-5));
        assertThat(norms.get(1)).isCloseTo(norms.get(0), within(1e-5 * norms.get(0)));
    }

    @Test
    void learnsLabelsAndLeavesAModelWithItsWords() throws IOException {
        List<TrainingListener.Evaluation> evaluations = new ArrayList<>();
        List<TrainingListener.Sample> samples = new ArrayList<>();
        TrainingOptions options = options()
                .steps(150)
                .evaluateEvery(50)
                .learningRate(1e-2)
                .samplePrompts(List.of("b a ?"))
                .sampleTokens(1)
                .build();
        Path folder = temp.resolve("model");
        try (Dataset data = new FirstToken()) {
            new Trainer(YOCO_U, options, data, folder, new TrainingListener() {
                        @Override
                        public void evaluated(Evaluation evaluation) {
                            evaluations.add(evaluation);
                        }

                        @Override
                        public void sampled(Sample sample) {
                            samples.add(sample);
                        }
                    })
                    .run(false, Long.MAX_VALUE);
        }
        // By chance one in four.
        TrainingListener.Evaluation last = evaluations.getLast();
        assertThat(last.accuracy()).isGreaterThan(0.9).isLessThanOrEqualTo(1);
        assertThat(last.loss()).isLessThan(evaluations.getFirst().loss());
        assertThat(last.bitsPerByte()).isNaN();
        assertThat(samples.getLast().continuation()).isEqualTo("b");
        assertThat(MetricsLog.read(folder).getLast().path("accuracy").asDouble())
                .isEqualTo(last.accuracy());
        assertThat(MetricsLog.read(folder).getLast().has("bits_per_byte")).isFalse();
        try (Arena arena = Arena.ofConfined()) {
            Checkpoint checkpoint = Checkpoint.open(folder, arena);
            assertThat(checkpoint.generation().eos()).isEmpty();
            assertThat(checkpoint.tokenizer()).isPresent();
        }
    }

    @Test
    void tokensBeyondTheModelsAreRefused() {
        Architecture small = YOCO_U.toBuilder().vocabSize(5).build();
        try (Dataset data = new FirstToken()) {
            assertThatThrownBy(() -> new Trainer(
                            small, options().steps(1).build(), data, temp.resolve("x"), new TrainingListener() {}))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("vocabulary of 6 tokens, but the model one of 5");
        }
    }
}
