package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import java.util.zip.CRC32C;

/**
 * A tokenized corpus on disk: index.json and files of token ids (u16 for vocabularies of up to 65,536, else u32,
 * little-endian), mapped into memory. Each document's ids are followed by the end-of-text id. The tokens of each source
 * are kept apart, so that {@link Batches} can draw from the sources by weight.
 *
 * <p>A document belongs to the validation split when the hash of its text (without licence header) falls below the
 * validation fraction: neither the order nor the number of the other documents matters. Only when that would leave a
 * split without any document, the one whose hash is nearest moves there.
 *
 * <p>Thread-safe; after {@link #close} the splits must not be read any more.
 */
public final class Shards implements AutoCloseable {
    private final Path dir;
    private final ShardIndex index;
    private final Arena arena = Arena.ofShared();
    private final Split train;
    private final Split validation;

    private Shards(Path dir, ShardIndex index) throws IOException {
        this.dir = dir;
        this.index = index;
        try {
            train = split("train", index.train(), ShardIndex.Source::train);
            validation = split("validation", index.validation(), ShardIndex.Source::validation);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /**
     * Tokenizes the sources into {@code dir} and opens it. The folder appears complete or not at all: it is built
     * beside its place and renamed. What is written depends on the arguments alone.
     *
     * @param encoder called from several threads at once
     * @param endOfText the id written after each document
     * @param vocabularySize ids lie below it
     * @param dir must not exist, or be empty
     * @throws InvalidInputException when a source is broken or empty, there are fewer than two documents, the encoder's
     *     ids do not fit the vocabulary, or {@code dir} is in use
     * @throws IOException when the disk fails or the thread is interrupted
     */
    public static Shards build(
            List<WeightedSource> sources,
            Encoder encoder,
            int endOfText,
            int vocabularySize,
            Path dir,
            ShardOptions options)
            throws IOException {
        new ShardBuilder(sources, encoder, endOfText, vocabularySize, options).build(dir, false);
        return open(dir);
    }

    /**
     * As {@link #build}, but shards that are in {@code dir} are replaced, once the new ones are whole.
     *
     * @throws InvalidInputException also when there is anything in it that is no shard or index
     */
    public static Shards rebuild(
            List<WeightedSource> sources,
            Encoder encoder,
            int endOfText,
            int vocabularySize,
            Path dir,
            ShardOptions options)
            throws IOException {
        new ShardBuilder(sources, encoder, endOfText, vocabularySize, options).build(dir, true);
        return open(dir);
    }

    /**
     * Refuses a folder that {@link #rebuild} could not replace.
     *
     * @throws InvalidInputException when there is something in it, but not shards alone
     */
    public static void requireReplaceable(Path dir) throws IOException {
        ShardBuilder.requireReplaceable(dir);
    }

    /**
     * Opens a folder that {@link #build} wrote; checks that the index adds up and every file has its length, but reads
     * no tokens: see {@link #verify}.
     *
     * @throws InvalidInputException naming the file, when the folder is none, incomplete or damaged
     */
    public static Shards open(Path dir) throws IOException {
        return new Shards(dir, ShardIndex.read(dir));
    }

    /**
     * Names what shards are built from: the sources' names and weights, the vocabulary and the options that decide
     * about content. Equal hashes mean equal instructions; a file that has changed since is not noticed.
     */
    public static String specHash(
            List<WeightedSource> sources, int endOfText, int vocabularySize, ShardOptions options) {
        StringBuilder spec = new StringBuilder();
        for (WeightedSource s : sources) {
            spec.append(s.source().name()).append('\0').append(s.weight()).append('\n');
        }
        spec.append(endOfText)
                .append('\n')
                .append(vocabularySize)
                .append('\n')
                .append(options.maxDocuments())
                .append('\n')
                .append(options.maxBytes())
                .append('\n')
                .append(options.validationFraction())
                .append('\n')
                .append(options.dropRepeats())
                .append('\n')
                .append(options.tokenizerHash());
        byte[] digest = HashedSet.sha256().digest(spec.toString().getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest);
    }

    /**
     * Reads every file and compares checksums.
     *
     * @throws InvalidInputException naming the first damaged file
     */
    public void verify() throws IOException {
        byte[] buffer = new byte[1 << 18];
        for (ShardIndex.Source s : index.sources()) {
            for (ShardIndex.Stream stream : List.of(s.train(), s.validation())) {
                for (ShardIndex.ShardFile f : stream.files()) {
                    verify(dir.resolve(f.name()), f.crc32c(), buffer);
                }
            }
        }
    }

    private static void verify(Path file, long expected, byte[] buffer) throws IOException {
        CRC32C crc = new CRC32C();
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), buffer.length)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                crc.update(buffer, 0, n);
            }
        }
        if (crc.getValue() != expected) {
            throw new InvalidInputException(file
                    + " is damaged (its checksum differs from the index): copy it again, or build the shards again");
        }
    }

    public Split train() {
        return train;
    }

    public Split validation() {
        return validation;
    }

    public int vocabularySize() {
        return index.vocabularySize();
    }

    public int endOfText() {
        return index.endOfText();
    }

    /** What the builder gave as {@link ShardOptions#tokenizerHash}. */
    public String tokenizerHash() {
        return index.tokenizerHash();
    }

    /** {@link #specHash(List, int, int, ShardOptions)} of what these shards were built from. */
    public String specHash() {
        return index.specHash();
    }

    @Override
    public void close() {
        arena.close();
    }

    private Split split(String name, ShardIndex.Totals totals, Function<ShardIndex.Source, ShardIndex.Stream> part)
            throws IOException {
        List<ShardIndex.ShardFile> files = index.sources().stream()
                .flatMap(s -> part.apply(s).files().stream())
                .toList();
        String splitName = dir + ", " + name + " split";
        MappedTokens ids = MappedTokens.map(dir, files, index, splitName, arena);
        List<Part> parts = index.sources().stream()
                .map(s -> new Part(s.name(), s.weight(), part.apply(s).tokens()))
                .toList();
        return new Split(splitName, totals, parts, ids);
    }

    /** A source's share of a split. */
    record Part(String source, double weight, long tokens) {}

    /** The training or the validation documents: the sources' tokens, one after the other. */
    public static final class Split {
        private final String name;
        private final ShardIndex.Totals totals;
        private final List<Part> parts;
        private final MappedTokens ids;

        private Split(String name, ShardIndex.Totals totals, List<Part> parts, MappedTokens ids) {
            this.name = name;
            this.totals = totals;
            this.parts = parts;
            this.ids = ids;
        }

        /** Tokens, the end-of-text ids included. */
        public long tokens() {
            return totals.tokens();
        }

        public long documents() {
            return totals.documents();
        }

        /** UTF-8 bytes of the texts. */
        public long bytes() {
            return totals.bytes();
        }

        /** Bytes of text per token, end-of-text ids included: turns nats per token into bits per byte. */
        public double bytesPerToken() {
            return (double) bytes() / tokens();
        }

        /** For messages. */
        String name() {
            return name;
        }

        List<Part> parts() {
            return parts;
        }

        /**
         * Copies {@code count} ids from position {@code from} to {@code out[at..]}.
         *
         * @throws InvalidInputException when a stored id lies outside the vocabulary: the file is damaged
         */
        public void read(long from, int count, int[] out, int at) {
            ids.read(from, count, out, at);
        }
    }
}
