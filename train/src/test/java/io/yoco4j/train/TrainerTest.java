package io.yoco4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.train.data.Document;
import io.yoco4j.train.data.DocumentSource;
import io.yoco4j.train.data.Sequences;
import io.yoco4j.train.data.Shards;
import io.yoco4j.train.data.WeightedSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
    private static final Presets.Size SMALL = new Presets.Size(4, 32, 4, 2, 8, 48, 300, 16, true, 512);
    private static final Architecture YOCO_U = Presets.architecture("yoco-u", SMALL);

    @TempDir
    Path temp;

    private TrainingData data;

    @BeforeEach
    void prepare() throws IOException {
        data = TrainingData.prepare(List.of(sentences()), temp.resolve("data"), dataOptions());
    }

    @AfterEach
    void close() {
        data.close();
    }

    private static TrainingData.Options dataOptions() {
        return new TrainingData.Options(300, Optional.empty(), 1 << 20, Long.MAX_VALUE, 1, (_, _) -> {});
    }

    /** Text with something to learn: who does what is a function of the name. */
    private static WeightedSource sentences() {
        return WeightedSource.of(new DocumentSource() {
            @Override
            public String name() {
                return "sentences";
            }

            @Override
            public Stream<Document> documents() {
                List<String> names = List.of("alice", "bob", "carol", "dave");
                List<String> verbs = List.of("reads", "writes", "sings", "sleeps");
                SplittableRandom random = new SplittableRandom(7);
                return IntStream.range(0, 200).mapToObj(i -> {
                    StringBuilder text = new StringBuilder("document " + i + ": ");
                    for (int s = 0; s < 12; s++) {
                        int who = random.nextInt(4);
                        text.append(names.get(who))
                                .append(' ')
                                .append(verbs.get(who))
                                .append(". ");
                    }
                    return new Document("d" + i, text.toString());
                });
            }
        });
    }

    private static TrainingOptions.Builder options() {
        return TrainingOptions.builder()
                .steps(12)
                .batchSize(4)
                .sequenceLength(40)
                .accumulation(2)
                .bf16(false)
                .evaluateEvery(5)
                .evaluationTokens(200);
    }

    private Trainer trainer(Architecture a, TrainingOptions options, String folder, TrainingListener listener) {
        return new Trainer(a, options, data.shards(), data.tokenizer(), temp.resolve(folder), listener);
    }

    @Test
    void resumingEndsInTheSameWeights() throws IOException {
        TrainingOptions options = options().loops(1, 4).dropout(0.1).build();
        trainer(YOCO_U, options, "through", new TrainingListener() {}).run(false, Long.MAX_VALUE);

        trainer(YOCO_U, options, "resumed", new TrainingListener() {}).run(false, 7);
        List<Long> steps = new ArrayList<>();
        trainer(YOCO_U, options, "resumed", new TrainingListener() {
                    @Override
                    public void step(Step step) {
                        steps.add(step.step());
                    }
                })
                .run(true, Long.MAX_VALUE);

        assertThat(steps).containsExactly(8L, 9L, 10L, 11L, 12L);
        for (String file : List.of(Checkpoint.WEIGHTS, TrainingState.FILE)) {
            byte[] through = tensors(temp.resolve("through").resolve(file));
            assertThat(tensors(temp.resolve("resumed").resolve(file))).isEqualTo(through);
        }
        assertThat(losses("resumed")).isEqualTo(losses("through")).hasSize(12);
    }

    /** A file's tensors, without the header, which holds how long the run took. */
    private static byte[] tensors(Path file) throws IOException {
        byte[] all = Files.readAllBytes(file);
        int header = (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return Arrays.copyOfRange(all, 8 + header, all.length);
    }

    private List<Double> losses(String folder) {
        return MetricsLog.read(temp.resolve(folder)).stream()
                .filter(l -> l.has("loss"))
                .map(l -> l.path("loss").asDouble())
                .toList();
    }

    @Test
    void learnsAndLeavesAUsableModel() {
        List<TrainingListener.Evaluation> evaluations = new ArrayList<>();
        List<String> order = new ArrayList<>();
        List<TrainingListener.Sample> samples = new ArrayList<>();
        TrainingOptions options = options()
                .steps(120)
                .evaluateEvery(40)
                .bf16(true)
                .learningRate(5e-3)
                .samplePrompts(List.of("alice"))
                .sampleTokens(8)
                .build();
        Trainer.Result result = trainer(YOCO_U, options, "model", new TrainingListener() {
                    @Override
                    public void evaluated(Evaluation evaluation) {
                        evaluations.add(evaluation);
                        order.add("evaluated");
                    }

                    @Override
                    public void saved(long step, Path folder) {
                        order.add("saved");
                    }

                    @Override
                    public void sampled(Sample sample) {
                        samples.add(sample);
                    }
                })
                .run(false, Long.MAX_VALUE);

        assertThat(result.stopped()).isFalse();
        assertThat(order).containsExactly("saved", "evaluated", "saved", "evaluated", "saved", "evaluated");
        assertThat(evaluations.getLast().loss())
                .isLessThan(evaluations.getFirst().loss());
        double bytesPerToken = data.bytesPerToken(options).orElseThrow();
        assertThat(evaluations.getLast().bitsPerByte())
                .isEqualTo(evaluations.getLast().loss() / Math.log(2) / bytesPerToken);
        assertThat(samples).hasSize(3).allSatisfy(s -> assertThat(s.prompt()).isEqualTo("alice"));
        assertThat(samples.getLast().continuation()).isNotBlank();
        try (Arena arena = Arena.ofConfined()) {
            Checkpoint checkpoint = Checkpoint.open(temp.resolve("model"), arena);
            assertThat(checkpoint.architecture()).isEqualTo(YOCO_U);
            assertThat(checkpoint.tokenizer()).isPresent();
            assertThat(checkpoint.generation().eos())
                    .containsExactly(data.shards().endOfText());
        }
        assertThat(temp.resolve("model").resolve(LossPlot.FILE)).isNotEmptyFile();
        assertThat(TrainingOptions.read(read(temp.resolve("model").resolve(Trainer.OPTIONS))))
                .isEqualTo(options);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void stopsAndSavesWhenAsked() {
        Trainer[] trainer = new Trainer[1];
        trainer[0] = trainer(YOCO_U, options().build(), "stopped", new TrainingListener() {
            @Override
            public void step(Step step) {
                if (step.step() == 3) {
                    trainer[0].stop();
                }
            }
        });
        Trainer.Result result = trainer[0].run(false, Long.MAX_VALUE);
        assertThat(result.stopped()).isTrue();
        assertThat(result.step()).isEqualTo(3);
        assertThat(temp.resolve("stopped").resolve(TrainingState.FILE)).exists();
    }

    @Test
    void aDivergedRunKeepsTheCheckpointBefore() throws IOException {
        TrainingOptions options = options().build();
        trainer(YOCO_U, options, "run", new TrainingListener() {}).run(false, 2);
        byte[] before = Files.readAllBytes(temp.resolve("run").resolve(TrainingState.FILE));
        // Its first step makes the weights infinite, the next one finds it.
        TrainingOptions wild =
                options.toBuilder().learningRate(9.9).weightDecay(1e39).build();
        assertThatThrownBy(() ->
                        trainer(YOCO_U, wild, "run", new TrainingListener() {}).run(true, Long.MAX_VALUE))
                .isInstanceOf(TrainingDivergedException.class)
                .hasMessageContaining("diverged at step 4")
                .hasMessageContaining("the checkpoint of step 2 in " + temp.resolve("run") + " is untouched");
        assertThatThrownBy(() -> trainer(YOCO_U, wild, "other", new TrainingListener() {})
                        .run(false, Long.MAX_VALUE))
                .isInstanceOf(TrainingDivergedException.class)
                .hasMessageContaining("nothing was saved");
        assertThat(Files.readAllBytes(temp.resolve("run").resolve(TrainingState.FILE)))
                .isEqualTo(before);
    }

    @Test
    void aStateOfNoStepIsRefused() throws IOException {
        trainer(YOCO_U, options().build(), "run", new TrainingListener() {}).run(false, 10);
        Path file = temp.resolve("run").resolve(TrainingState.FILE);
        String state = Files.readString(file, StandardCharsets.ISO_8859_1);
        for (String wrong : List.of("-1", ".5")) {
            Files.writeString(
                    file, state.replace("\"step\":\"10\"", "\"step\":\"" + wrong + "\""), StandardCharsets.ISO_8859_1);
            assertThatThrownBy(() -> trainer(YOCO_U, options().build(), "run", new TrainingListener() {})
                            .run(true, 12))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining(TrainingState.FILE);
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        TrainingOptions drawn = options().loops(1, 3).build();
        Architecture transformer = Presets.architecture("transformer", SMALL);
        assertThatThrownBy(() -> trainer(transformer, drawn, "x", new TrainingListener() {}))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("no looped stage");
        assertThatThrownBy(() -> trainer(YOCO_U, options().loops(1, 5000).build(), "x", new TrainingListener() {}))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("loops is 5000");
        assertThatThrownBy(() -> trainer(YOCO_U, options().build(), "x", new TrainingListener() {})
                        .run(true, 9))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(TrainingState.FILE);
        trainer(YOCO_U, options().build(), "x", new TrainingListener() {}).run(false, 1);
        Architecture wider = Presets.architecture("yoco-u", new Presets.Size(4, 40, 4, 2, 8, 48, 300, 16, true, 512));
        assertThatThrownBy(() -> trainer(wider, options().build(), "x", new TrainingListener() {})
                        .run(true, 9))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("different models");
        assertThatThrownBy(() -> options().sequenceLength(1 << 20).build().toBuilder()
                        .steps(0)
                        .build())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("bounded by steps");
    }

    @Test
    void preparedDataIsReusedWhileItFits() throws IOException {
        Path index = temp.resolve("data/data/index.json");
        var written = Files.getLastModifiedTime(index);
        try (TrainingData again = TrainingData.prepare(List.of(sentences()), temp.resolve("data"), dataOptions())) {
            assertThat(again.shards().train().tokens())
                    .isEqualTo(data.shards().train().tokens());
            assertThat(Files.getLastModifiedTime(index)).isEqualTo(written);
        }
    }

    @Test
    void anEvaluationThatTheLastRunDidNotComeToIsMadeUpFor() throws IOException {
        trainer(YOCO_U, options().build(), "run", new TrainingListener() {}).run(false, Long.MAX_VALUE);
        Path metrics = temp.resolve("run").resolve(MetricsLog.FILE);
        List<String> lines = Files.readAllLines(metrics);
        assertThat(lines.getLast()).contains("validation_loss");
        Files.write(metrics, lines.subList(0, lines.size() - 1));
        Trainer.Result result = trainer(YOCO_U, options().build(), "run", new TrainingListener() {})
                .run(true, Long.MAX_VALUE);
        assertThat(result.evaluation()).isPresent();
        assertThat(Files.readAllLines(metrics)).isEqualTo(lines);
        assertThat(trainer(YOCO_U, options().build(), "run", new TrainingListener() {})
                        .run(true, Long.MAX_VALUE)
                        .evaluation())
                .isEmpty();
    }

    @Test
    void aFolderThatIsNoShardsIsLeftAlone() throws IOException {
        Path texts = Files.createDirectories(temp.resolve("mine").resolve(TrainingData.FOLDER));
        Files.writeString(texts.resolve("corpus.txt"), "all that I have");
        assertThatThrownBy(() -> TrainingData.prepare(List.of(sentences()), temp.resolve("mine"), dataOptions()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(texts + " is in the way");
        assertThat(texts.resolve("corpus.txt")).hasContent("all that I have");
        Files.copy(temp.resolve("data/data/index.json"), texts.resolve("index.json"));
        assertThatThrownBy(() -> TrainingData.prepare(List.of(sentences()), temp.resolve("mine"), dataOptions()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(texts + " is in the way");
        assertThat(temp.resolve("mine"))
                .isDirectoryContaining(f -> f.equals(texts))
                .isDirectoryNotContaining("glob:**.json");
    }

    @Test
    void shardsStayUntilThereAreOthers() throws IOException {
        WeightedSource broken = WeightedSource.of(new DocumentSource() {
            private int passes;

            @Override
            public String name() {
                return "broken";
            }

            @Override
            public Stream<Document> documents() {
                // The tokenizer is trained on the first pass.
                if (passes++ > 0) {
                    throw new InvalidInputException("the disk is gone");
                }
                return sentences().source().documents();
            }
        });
        assertThatThrownBy(() -> TrainingData.prepare(List.of(broken), temp.resolve("data"), dataOptions()))
                .hasMessageContaining("the disk is gone");
        try (Shards shards = Shards.open(temp.resolve("data/data"))) {
            assertThat(shards.specHash()).isEqualTo(data.shards().specHash());
        }
    }

    @Test
    void aTokenizerOfAnotherRecipeIsNotReused() throws IOException {
        Path folder = temp.resolve("data");
        TrainingData.Options fewer =
                new TrainingData.Options(280, Optional.empty(), 1 << 20, Long.MAX_VALUE, 1, (_, _) -> {});
        try (TrainingData again = TrainingData.prepare(List.of(sentences()), folder, fewer)) {
            assertThat(again.vocabularySize()).isEqualTo(280);
        }
        Path given = temp.resolve("given.json");
        Files.writeString(given, data.tokenizer().json());
        TrainingData.Options with =
                new TrainingData.Options(280, Optional.of(given), 1 << 20, Long.MAX_VALUE, 1, (_, _) -> {});
        try (TrainingData again = TrainingData.prepare(List.of(sentences()), folder, with)) {
            assertThat(again.vocabularySize()).isEqualTo(data.vocabularySize());
        }
        try (TrainingData again = TrainingData.prepare(List.of(sentences()), folder, fewer)) {
            assertThat(again.vocabularySize()).isEqualTo(280);
        }
    }

    /** Windows of one source, then of the other: few of them are of both, and bytes per token are theirs. */
    @Test
    void evaluatesAPartOfEachSource() throws IOException {
        try (TrainingData both = TrainingData.prepare(
                List.of(repeated("some words. "), repeated("zyx ")), temp.resolve("both"), dataOptions())) {
            Sequences windows = both.heldOut(options().build());
            assertThat(windows.count()).isEqualTo(5);
            long[] ids = new long[5 * 40];
            long[] targets = new long[ids.length];
            windows.read(0, 5, ids, targets);
            String first = both.tokenizer().decode(ints(ids, 0));
            String last = both.tokenizer().decode(ints(ids, 4));
            assertThat(first).doesNotContain("zyx");
            assertThat(last).contains("zyx");
            double bytes = 0;
            for (int i = 0; i < 5; i++) {
                bytes += both.tokenizer()
                        .decode(ints(targets, i))
                        .replace("<|endoftext|>", "")
                        .length();
            }
            assertThat(both.bytesPerToken(options().build())).hasValueCloseTo(bytes / 200, within(1.5 / 40));
        }
    }

    private static WeightedSource repeated(String words) {
        return WeightedSource.of(new DocumentSource() {
            @Override
            public String name() {
                return words;
            }

            @Override
            public Stream<Document> documents() {
                return IntStream.range(0, 600).mapToObj(i -> new Document(words + i, i + " " + words.repeat(30)));
            }
        });
    }

    private static int[] ints(long[] rows, int row) {
        return Arrays.stream(rows, row * 40, row * 40 + 40)
                .mapToInt(id -> (int) id)
                .toArray();
    }
}
