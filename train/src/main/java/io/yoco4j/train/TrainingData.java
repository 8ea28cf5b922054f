package io.yoco4j.train;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.Sha256;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.text.BpeTrainer;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.train.data.Batches;
import io.yoco4j.train.data.Document;
import io.yoco4j.train.data.Sequences;
import io.yoco4j.train.data.ShardOptions;
import io.yoco4j.train.data.Shards;
import io.yoco4j.train.data.WeightedSource;
import io.yoco4j.train.data.Windows;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Text to train on. From sources to a tokenizer and token shards in a model folder; what is there already and still fits is reused.
 *
 * @param tokenizer of the model; to be closed
 * @param shards of the text; to be closed
 */
public record TrainingData(Tokenizer tokenizer, Shards shards) implements Dataset {
    /** Where in a model folder its token shards are. */
    public static final String FOLDER = "data";

    /** What a trained tokenizer was trained with, so that it is trained anew where that differs. */
    private static final String TOKENIZER_ORIGIN = "tokenizer.origin";

    /**
     * What to prepare.
     *
     * @param vocabularySize of the tokenizer to train, at most; ignored where one is given
     * @param tokenizer a tokenizer.json to use instead of training one
     * @param tokenizerBytes text that the tokenizer is trained on, at most
     * @param maxBytes text that is tokenized, at most
     * @param threads that tokenize
     * @param progress hears how far the tokenizing is
     */
    public record Options(
            int vocabularySize,
            Optional<Path> tokenizer,
            long tokenizerBytes,
            long maxBytes,
            int threads,
            ShardOptions.Progress progress) {}

    /**
     * Prepares a folder.
     *
     * @throws InvalidInputException naming a source that is missing, unreadable or empty, or a tokenizer without an
     *     end-of-text token
     */
    public static TrainingData prepare(List<WeightedSource> sources, Path folder, Options options) throws IOException {
        if (sources.isEmpty()) {
            throw new InvalidInputException("no data source was given: name one with --data, such as --data jdk");
        }
        // Before minutes of work, and before anything is written.
        Shards.requireReplaceable(folder.resolve(FOLDER));
        writeTokenizer(sources, folder, options);
        Tokenizer tokenizer = Tokenizer.load(folder.resolve(Checkpoint.TOKENIZER));
        try {
            return new TrainingData(tokenizer, shards(sources, folder.resolve(FOLDER), tokenizer, options));
        } catch (RuntimeException | IOException e) {
            tokenizer.close();
            throw e;
        }
    }

    /**
     * Opens what {@link #prepare} left.
     *
     * @throws InvalidInputException when it is missing or damaged
     */
    public static TrainingData open(Path folder) throws IOException {
        Tokenizer tokenizer = Tokenizer.load(folder.resolve(Checkpoint.TOKENIZER));
        try {
            return new TrainingData(tokenizer, Shards.open(folder.resolve(FOLDER)));
        } catch (RuntimeException | IOException e) {
            tokenizer.close();
            throw e;
        }
    }

    /** The tokenizer that was given, or one trained on the sources, unless the one that is there is just that. */
    private static void writeTokenizer(List<WeightedSource> sources, Path folder, Options options) throws IOException {
        Path file = folder.resolve(Checkpoint.TOKENIZER);
        Path origin = folder.resolve(TOKENIZER_ORIGIN);
        if (options.tokenizer().isPresent()) {
            try (Tokenizer given = Tokenizer.load(options.tokenizer().get())) {
                requireEnd(given);
                Files.deleteIfExists(origin);
                AtomicFiles.writeString(file, given.json());
            }
            return;
        }
        String recipe = Sha256.hex(sources.stream().map(s -> s.source().name()).toList() + " "
                + options.vocabularySize() + " " + options.tokenizerBytes());
        boolean made = Files.exists(file)
                && Files.exists(origin)
                && Files.readString(origin).equals(origin(recipe, Files.readString(file)));
        if (!made) {
            String json = trainTokenizer(sources, options);
            AtomicFiles.writeString(file, json);
            AtomicFiles.writeString(origin, origin(recipe, json));
        }
    }

    /** What a tokenizer was trained with, and which it is: another one may have taken its place. */
    private static String origin(String recipe, String json) {
        return "trained with " + recipe + "\ntokenizer " + Sha256.hex(json) + "\n";
    }

    private static String trainTokenizer(List<WeightedSource> sources, Options options) {
        BpeTrainer trainer = BpeTrainer.builder()
                .vocabularySize(options.vocabularySize())
                .maxBytes(options.tokenizerBytes())
                .build();
        long share = Math.max(1, options.tokenizerBytes() / sources.size());
        return trainer.train(sources.stream().flatMap(s -> first(s, share))).json();
    }

    /** The first documents of a source, of about {@code bytes} in all. */
    private static Stream<String> first(WeightedSource source, long bytes) {
        AtomicLong read = new AtomicLong();
        return source.source()
                .documents()
                .map(Document::text)
                .takeWhile(text -> read.getAndAdd(text.getBytes(StandardCharsets.UTF_8).length) < bytes);
    }

    private static int requireEnd(Tokenizer tokenizer) {
        return tokenizer
                .endOfText()
                .orElseThrow(() -> new InvalidInputException("the tokenizer has no end-of-text token, such as"
                        + " <|endoftext|>, to put between documents: take another, or leave --tokenizer out"));
    }

    private static Shards shards(List<WeightedSource> sources, Path folder, Tokenizer tokenizer, Options options)
            throws IOException {
        int endOfText = requireEnd(tokenizer);
        ShardOptions shardOptions = ShardOptions.builder()
                .maxBytes(options.maxBytes())
                .threads(options.threads())
                .tokenizerHash(Sha256.hex(tokenizer.json()))
                .progress(options.progress())
                .build();
        int vocabulary = tokenizer.vocabularySize();
        if (Files.exists(folder)) {
            Optional<Shards> kept = reusable(folder, sources, endOfText, vocabulary, shardOptions);
            if (kept.isPresent()) {
                return kept.get();
            }
        }
        return Shards.rebuild(sources, tokenizer::encode, endOfText, vocabulary, folder, shardOptions);
    }

    private static Optional<Shards> reusable(
            Path folder, List<WeightedSource> sources, int endOfText, int vocabulary, ShardOptions options)
            throws IOException {
        Shards shards;
        try {
            shards = Shards.open(folder);
        } catch (InvalidInputException _) {
            return Optional.empty();
        }
        if (shards.tokenizerHash().equals(options.tokenizerHash())
                && shards.specHash().equals(Shards.specHash(sources, endOfText, vocabulary, options))) {
            return Optional.of(shards);
        }
        shards.close();
        return Optional.empty();
    }

    @Override
    public int vocabularySize() {
        return shards.vocabularySize();
    }

    @Override
    public OptionalInt endOfText() {
        return OptionalInt.of(shards.endOfText());
    }

    /** Windows of the text, permuted by the seed ({@link Batches}). */
    @Override
    public Sequences training(TrainingOptions options) {
        return new Batches(
                shards.train(), options.batchSize(), options.accumulation(), options.sequenceLength(), options.seed());
    }

    /** As many windows of the held-out text as are evaluated, evenly over all of it. */
    @Override
    public Sequences heldOut(TrainingOptions options) {
        return new Windows(shards.validation(), options.sequenceLength())
                .spread(options.evaluationTokens() / options.sequenceLength());
    }

    @Override
    public OptionalDouble bytesPerToken(TrainingOptions options) {
        Sequences windows = heldOut(options);
        long[] ids = new long[options.sequenceLength()];
        long[] targets = new long[ids.length];
        long bytes = 0;
        for (long i = 0; i < windows.count(); i++) {
            windows.read(i, 1, ids, targets);
            for (long target : targets) {
                bytes += target == shards.endOfText() ? 0 : tokenizer.bytes((int) target).length;
            }
        }
        return OptionalDouble.of((double) bytes / (windows.count() * ids.length));
    }

    @Override
    public void close() {
        shards.close();
        tokenizer.close();
    }
}
