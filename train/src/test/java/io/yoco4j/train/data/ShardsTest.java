package io.yoco4j.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardsTest {
    private static final ShardOptions OPTIONS = ShardOptions.builder()
            .threads(2)
            .validationFraction(0.2)
            .shardTokens(1000)
            .build();

    /** Few files for much text: each is forced to disk. */
    private static final ShardOptions LARGE =
            OPTIONS.toBuilder().shardTokens(100_000).build();

    @TempDir
    Path dir;

    @Test
    void holdsEveryDocumentOnce() throws IOException {
        Corpus corpus = Corpus.random("c", 200, 50, 1);
        try (Shards shards = build(corpus, OPTIONS, "shards")) {
            List<String> train = documents(shards.train());
            List<String> validation = documents(shards.validation());
            assertThat(train.size()).isEqualTo((int) shards.train().documents());
            assertThat(validation.size()).isBetween(20, 60).isEqualTo((int)
                    shards.validation().documents());
            List<String> all = new ArrayList<>(train);
            all.addAll(validation);
            assertThat(all).containsExactlyInAnyOrderElementsOf(corpus.texts());
            // In the order of the source.
            assertThat(train)
                    .isEqualTo(corpus.texts().stream().filter(train::contains).toList());
            long bytes = train.stream().mapToLong(String::length).sum();
            assertThat(shards.train().bytes()).isEqualTo(bytes);
            assertThat(shards.train().tokens()).isEqualTo(bytes + train.size());
            assertThat(shards.train().bytesPerToken())
                    .isCloseTo((double) bytes / (bytes + train.size()), within(1e-12));
            assertThat(shards.vocabularySize()).isEqualTo(Corpus.VOCABULARY);
            assertThat(shards.endOfText()).isEqualTo(Corpus.END);
            shards.verify();
        }
        assertThat(files("shards")).contains("train-s000-00003.bin", "validation-s000-00000.bin", "index.json");
    }

    @Test
    void bytesAreOfUtf8() throws IOException {
        Corpus corpus = new Corpus("utf8", List.of("\u00E9\u00E9", "\uD83D\uDE00", "abc"));
        try (Shards shards =
                Shards.build(sources(corpus), t -> t.codePoints().toArray(), 0, 1 << 20, dir.resolve("u32"), OPTIONS)) {
            assertThat(shards.train().bytes() + shards.validation().bytes()).isEqualTo(4 + 4 + 3);
            List<String> all = new ArrayList<>(documents(shards.train()));
            all.addAll(documents(shards.validation()));
            assertThat(all).containsExactlyInAnyOrderElementsOf(corpus.texts());
        }
    }

    @ParameterizedTest
    @CsvSource({"65536,2", "65537,4"})
    void widthFollowsTheVocabulary(int vocabulary, int width) throws IOException {
        Corpus corpus = Corpus.random("c", 10, 10, 1);
        Path out = dir.resolve("w");
        try (Shards shards = Shards.build(sources(corpus), t -> new int[] {65535}, 1, vocabulary, out, OPTIONS)) {
            assertThat(Files.size(out.resolve("train-s000-00000.bin")))
                    .isEqualTo(shards.train().tokens() * width);
            int[] ids = new int[2];
            shards.train().read(0, 2, ids, 0);
            assertThat(ids).containsExactly(65535, 1);
        }
    }

    @Test
    void filesHaveTheSameNamesEverywhere() throws IOException {
        Locale locale = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
        try (Shards shards = build(Corpus.random("c", 10, 10, 1), OPTIONS, "shards")) {
            assertThat(shards.train().tokens()).isPositive();
        } finally {
            Locale.setDefault(locale);
        }
    }

    @Test
    void threadsDoNotShow() throws IOException {
        Corpus corpus = Corpus.random("c", 400, 2000, 2);
        Encoder uneven = text -> {
            LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(200_000));
            return Corpus.encode(text);
        };
        for (int threads : new int[] {1, 2, 7}) {
            Path out = dir.resolve("t" + threads);
            Shards.build(
                            sources(corpus),
                            uneven,
                            Corpus.END,
                            Corpus.VOCABULARY,
                            out,
                            LARGE.toBuilder().threads(threads).build())
                    .close();
            assertThat(contents("t" + threads)).isEqualTo(contents("t1"));
        }
    }

    @Test
    void splitDependsOnTheTextAlone() throws IOException {
        Corpus corpus = Corpus.random("c", 300, 20, 3);
        List<String> shuffled = new ArrayList<>(corpus.texts());
        Collections.shuffle(shuffled, new Random(1));
        shuffled.removeIf(t -> t.hashCode() % 3 == 0);
        shuffled.replaceAll(t -> t.hashCode() % 3 == 1 ? "/* licence */\n" + t : t);
        try (Shards a = build(corpus, OPTIONS, "a");
                Shards b = build(new Corpus("d", shuffled), OPTIONS, "b")) {
            var validation = new TreeSet<>(documents(b.validation()).stream()
                    .map(t -> t.replace("/* licence */\n", ""))
                    .toList());
            var expected = new TreeSet<>(documents(a.validation()));
            expected.removeIf(t -> t.hashCode() % 3 == 0);
            assertThat(validation).isNotEmpty().isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({"2,0.0001", "2,0.9999", "50,0.0001", "50,0.9999"})
    void eachSplitHasADocument(int documents, double fraction) throws IOException {
        Corpus corpus = Corpus.random("c", documents, 20, 4);
        List<String> reversed = new ArrayList<>(corpus.texts()).reversed();
        try (Shards a = build(
                        corpus, OPTIONS.toBuilder().validationFraction(fraction).build(), "a");
                Shards b = build(
                        new Corpus("r", reversed),
                        OPTIONS.toBuilder().validationFraction(fraction).build(),
                        "b")) {
            Shards.Split small = fraction < 0.5 ? a.validation() : a.train();
            assertThat(small.documents()).isEqualTo(1);
            assertThat(a.train().documents() + a.validation().documents()).isEqualTo(documents);
            assertThat(documents(a.validation())).containsExactlyInAnyOrderElementsOf(documents(b.validation()));
        }
    }

    @Test
    void oneDocumentIsTooFew() {
        assertThatThrownBy(() -> build(new Corpus("one", List.of("text", "text")), OPTIONS, "one"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("a single document");
        assertThat(dir).isEmptyDirectory();
    }

    @Test
    void repeatsAreDroppedUnlessKept() throws IOException {
        Corpus corpus = new Corpus("c", List.of("/* licence */ a", "/* licence */ b", "/* licence */ a"));
        try (Shards dropped = build(corpus, OPTIONS, "dropped");
                Shards kept =
                        build(corpus, OPTIONS.toBuilder().dropRepeats(false).build(), "kept")) {
            assertThat(dropped.train().bytes() + dropped.validation().bytes()).isEqualTo(15 + 1);
            assertThat(kept.train().documents() + kept.validation().documents()).isEqualTo(3);
            assertThat(kept.train().bytes() + kept.validation().bytes()).isEqualTo(3 * 15);
        }
    }

    @Test
    void limitsAreSharedByWeight() throws IOException {
        Corpus a = Corpus.letters('a', 100, 10);
        Corpus b = Corpus.letters('b', 3, 10);
        Corpus c = Corpus.letters('c', 100, 10);
        List<WeightedSource> sources =
                List.of(new WeightedSource(a, 1), new WeightedSource(b, 1), new WeightedSource(c, 2));
        try (Shards shards = build(sources, OPTIONS.toBuilder().maxDocuments(40).build(), "documents")) {
            // a: 40 / 4; b has but 3 of its 10; c gets what is left.
            assertThat(count(shards, 'a')).isEqualTo(10);
            assertThat(count(shards, 'b')).isEqualTo(3);
            assertThat(count(shards, 'c')).isEqualTo(27);
        }
        try (Shards shards = build(sources, OPTIONS.toBuilder().maxBytes(400).build(), "bytes")) {
            assertThat(count(shards, 'a')).isEqualTo(7);
            assertThat(shards.train().bytes() + shards.validation().bytes()).isBetween(350L, 400L);
        }
    }

    @Test
    void progressIsToldTheTruth() throws IOException {
        Corpus corpus = Corpus.random("c", 300, 2000, 5);
        List<Long> documents = new ArrayList<>();
        List<Long> bytes = new ArrayList<>();
        build(
                        corpus,
                        OPTIONS.toBuilder()
                                .progress((d, b) -> {
                                    documents.add(d);
                                    bytes.add(b);
                                })
                                .build(),
                        "p")
                .close();
        assertThat(documents).isSorted().endsWith(300L).hasSizeGreaterThan(2);
        assertThat(bytes)
                .isSorted()
                .endsWith(corpus.texts().stream().mapToLong(String::length).sum());
    }

    @Test
    void tokenizersMistakesAreNamed() {
        Corpus corpus = Corpus.random("c", 10, 10, 1);
        for (int id : new int[] {-1, 300}) {
            assertThatThrownBy(
                            () -> Shards.build(sources(corpus), _ -> new int[] {id}, 0, 300, dir.resolve("x"), OPTIONS))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("the tokenizer gives id " + id)
                    .hasMessageContaining("the vocabulary has 300");
        }
        assertThatThrownBy(() -> Shards.build(sources(corpus), Corpus::encode, 300, 300, dir.resolve("x"), OPTIONS))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("the end-of-text id is 300");
        assertThat(dir).isEmptyDirectory();
    }

    /** A source that fails midway, whatever the reason, leaves nothing behind. */
    @Test
    void interruptedBuildLeavesNothing() {
        Corpus corpus = Corpus.random("c", 300, 2000, 5);
        DocumentSource failing = new DocumentSource() {
            @Override
            public String name() {
                return "failing";
            }

            @Override
            public Stream<Document> documents() {
                return Stream.concat(corpus.documents(), Stream.of(1).map(_ -> {
                    throw new UncheckedIOException("source failing cannot be read: disk", new IOException("disk"));
                }));
            }
        };
        assertThatThrownBy(() -> Shards.build(
                        sources(failing), Corpus::encode, Corpus.END, Corpus.VOCABULARY, dir.resolve("x"), LARGE))
                .isInstanceOf(IOException.class)
                .hasMessage("source failing cannot be read: disk");
        assertThat(dir).isEmptyDirectory();
        Encoder interrupting = text -> {
            throw new IllegalStateException("encoder");
        };
        assertThatThrownBy(() -> Shards.build(
                        sources(corpus), interrupting, Corpus.END, Corpus.VOCABULARY, dir.resolve("x"), LARGE))
                .isInstanceOf(IllegalStateException.class);
        assertThat(dir).isEmptyDirectory();
    }

    @Test
    void interruptedThread() {
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> build(Corpus.random("c", 300, 2000, 5), LARGE, "x"))
                    .isInstanceOf(IOException.class);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(dir).isEmptyDirectory();
    }

    /** What a killed process leaves: files, but no index. */
    @Test
    void unfinishedFolderIsRefused() throws IOException {
        build(Corpus.random("c", 30, 20, 5), OPTIONS, "x").close();
        Files.delete(dir.resolve("x/index.json"));
        assertRefused("has no index.json");
    }

    @Test
    void usedFolderIsNotOverwritten() throws IOException {
        Files.createDirectories(dir.resolve("empty"));
        build(Corpus.random("c", 30, 20, 5), OPTIONS, "empty").close();
        assertThatThrownBy(() -> build(Corpus.random("c", 30, 20, 5), OPTIONS, "empty"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("exists and is not empty");
        assertThat(files("empty")).contains("index.json");
    }

    @Test
    void damagedShardFile() throws IOException {
        build(Corpus.random("c", 60, 20, 5), OPTIONS, "x").close();
        Path shard = dir.resolve("x/train-s000-00000.bin");
        byte[] bytes = Files.readAllBytes(shard);
        bytes[20] ^= 1;
        Files.write(shard, bytes);
        try (Shards shards = Shards.open(dir.resolve("x"))) {
            assertThatThrownBy(shards::verify)
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("train-s000-00000.bin is damaged");
        }
        bytes[21] = (byte) 0xFF;
        Files.write(shard, bytes);
        try (Shards shards = Shards.open(dir.resolve("x"))) {
            assertThatThrownBy(() -> shards.train().read(0, 20, new int[20], 0))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("token 10 is 65")
                    .hasMessageContaining("the vocabulary has 256");
        }
        Files.write(shard, Arrays.copyOf(bytes, bytes.length - 2));
        assertRefused("train-s000-00000.bin has " + (bytes.length - 2) + " bytes");
        Files.delete(shard);
        assertRefused("train-s000-00000.bin is missing");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"version\" : 1|\"version\" : 2|reads yoco4j-shards version 1",
                "\"dtype\" : \"u16\"|\"dtype\" : \"u32\"|dtype is u32",
                "\"vocabulary_size\" : 256|\"vocabulary_size\" : 0|end_of_text is 0",
                "\"vocabulary_size\" : 256|\"vocabulary_size\" : \"many\"|field vocabulary_size",
                "\"vocabulary_size\" : 256,||vocabulary_size",
                "\"vocabulary_size\"|\"unknown\" : 1, \"vocabulary_size\"|field unknown",
                "\"name\" : \"train-s000-00000.bin\"|\"name\" : \"../train.bin\"|no name of a shard file",
                "\"documents\" : \\d+|\"documents\" : 1|do not add up",
                "\"weight\" : 1.0|\"weight\" : -1|the weight of source c",
                "\"tokens\" : \\d+|\"tokens\" : -1|do not add up",
                "\"tokens\" : \\d+(,\\s+\"crc32c)|\"tokens\" : 7$1|train-s000-00000.bin has",
                "\\A.|[|is not a shard index",
                "(?s)\\A.*\\z|null|is not a shard index",
                "(?s)\"files\" : \\[[^]]*]|\"files\" : [null]|is not a shard index",
                "\"name\" : \"c\"|\"name\" : null|field sources.[0].name",
            })
    void lyingIndexIsRefused(String from, String to, String message) throws IOException {
        build(Corpus.random("c", 60, 20, 5), OPTIONS, "x").close();
        Path index = dir.resolve("x/index.json");
        String json = Files.readString(index);
        assertThat(json).containsPattern(from);
        Files.writeString(index, json.replaceFirst(from, to == null ? "" : to));
        assertRefused(message);
    }

    @Test
    void hugeCountsDoNotMap() throws IOException {
        build(Corpus.random("c", 60, 20, 5), OPTIONS, "x").close();
        Path index = dir.resolve("x/index.json");
        String json = Files.readString(index).replaceAll("\"tokens\" : \\d+", "\"tokens\" : " + Long.MAX_VALUE);
        Files.writeString(index, json);
        assertRefused("counts that overflow");
    }

    @Test
    void specHashTellsInstructionsApart() throws IOException {
        Corpus corpus = Corpus.random("c", 30, 20, 5);
        String hash = Shards.specHash(sources(corpus), 0, 256, OPTIONS);
        assertThat(Shards.specHash(
                        sources(corpus), 0, 256, OPTIONS.toBuilder().threads(9).build()))
                .isEqualTo(hash);
        assertThat(List.of(
                        Shards.specHash(List.of(new WeightedSource(corpus, 2)), 0, 256, OPTIONS),
                        Shards.specHash(sources(corpus), 1, 256, OPTIONS),
                        Shards.specHash(
                                sources(corpus),
                                0,
                                256,
                                OPTIONS.toBuilder().maxBytes(5).build()),
                        Shards.specHash(
                                sources(corpus),
                                0,
                                256,
                                OPTIONS.toBuilder().tokenizerHash("t").build())))
                .doesNotContain(hash)
                .doesNotHaveDuplicates();
        try (Shards shards = Shards.build(
                sources(corpus),
                Corpus::encode,
                0,
                256,
                dir.resolve("x"),
                OPTIONS.toBuilder().tokenizerHash("t").build())) {
            assertThat(shards.tokenizerHash()).isEqualTo("t");
            assertThat(shards.specHash())
                    .isEqualTo(Shards.specHash(
                            sources(corpus),
                            0,
                            256,
                            OPTIONS.toBuilder().tokenizerHash("t").build()));
        }
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> Shards.open(dir.resolve("x")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    private Shards build(DocumentSource source, ShardOptions options, String name) throws IOException {
        return build(sources(source), options, name);
    }

    private Shards build(List<WeightedSource> sources, ShardOptions options, String name) throws IOException {
        return Shards.build(sources, Corpus::encode, Corpus.END, Corpus.VOCABULARY, dir.resolve(name), options);
    }

    private static List<WeightedSource> sources(DocumentSource source) {
        return List.of(WeightedSource.of(source));
    }

    /** The texts of a split, cut at the separators. */
    private static List<String> documents(Shards.Split split) {
        int[] ids = new int[Math.toIntExact(split.tokens())];
        split.read(0, ids.length, ids, 0);
        List<String> documents = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            if (id == Corpus.END) {
                documents.add(text.toString());
                text.setLength(0);
            } else {
                text.appendCodePoint(id);
            }
        }
        assertThat(text).isEmpty();
        return documents;
    }

    private static long count(Shards shards, char letter) {
        return Stream.of(shards.train(), shards.validation())
                .flatMap(s -> documents(s).stream())
                .filter(d -> d.charAt(0) == letter)
                .count();
    }

    private List<String> files(String name) throws IOException {
        try (Stream<Path> files = Files.list(dir.resolve(name))) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    private Map<String, String> contents(String name) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        for (String file : files(name)) {
            contents.put(
                    file, new String(Files.readAllBytes(dir.resolve(name).resolve(file)), StandardCharsets.ISO_8859_1));
        }
        return contents;
    }
}
