package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.AtomicFiles;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Builds shards: this thread reads and writes, the pool tokenizes groups of documents in between. Groups are written in
 * the order in which they were read, so thread timing cannot show.
 */
final class ShardBuilder {
    private static final System.Logger LOG = System.getLogger(ShardBuilder.class.getPackageName());

    /** Text per task, in characters: enough to make its overhead small. */
    private static final int GROUP = 64 << 10;

    private final List<WeightedSource> sources;
    private final Encoder encoder;
    private final int endOfText;
    private final int vocabularySize;
    private final ShardOptions options;

    private final LicenceHeaders repeats = new LicenceHeaders();
    private final ArrayDeque<Future<List<Encoded>>> queue = new ArrayDeque<>();
    private final List<Writers> writers = new ArrayList<>();
    private List<Item> group = new ArrayList<>();
    private int groupSize;
    private long documents;
    private long bytes;
    /** Kept back while the other split has no document. */
    private @Nullable Encoded held;

    private boolean anyTrain;
    private boolean anyValidation;

    private record Item(int source, Document document, long hash, int bytes) {}

    // Never compared, only carried.
    @SuppressWarnings("ArrayRecordComponent")
    private record Encoded(int source, long hash, int[] ids, int bytes) {}

    private record Writers(ShardWriter train, ShardWriter validation) {}

    ShardBuilder(
            List<WeightedSource> sources, Encoder encoder, int endOfText, int vocabularySize, ShardOptions options) {
        if (sources.isEmpty()) {
            throw new InvalidInputException("no source of training text is given: name at least one");
        }
        if (vocabularySize < 1 || endOfText < 0 || endOfText >= vocabularySize) {
            throw new InvalidInputException(
                    "the end-of-text id is " + endOfText + ", but must lie within the vocabulary of " + vocabularySize);
        }
        this.sources = List.copyOf(sources);
        this.encoder = encoder;
        this.endOfText = endOfText;
        this.vocabularySize = vocabularySize;
        this.options = options;
    }

    static void requireReplaceable(Path dir) throws IOException {
        if (Files.exists(dir) && !emptyFolder(dir) && !ShardIndex.allIn(dir)) {
            throw new InvalidInputException(
                    dir
                            + " is in the way: it is no folder of token shards alone, which belong there; choose another place, or move it");
        }
    }

    /** @param replace whether shards that are there may go; nothing else ever does */
    void build(Path dir, boolean replace) throws IOException {
        Path target = dir.toAbsolutePath().normalize();
        if (replace) {
            requireReplaceable(dir);
        } else if (Files.exists(target) && !emptyFolder(target)) {
            throw new InvalidInputException(dir + " exists and is not empty: delete it, or choose another folder");
        }
        if (target.getParent() == null) {
            throw new InvalidInputException(dir + " is the root of a file system: choose a folder below it");
        }
        try {
            AtomicFiles.createFolder(target, built -> {
                write(built);
                if (replace) {
                    AtomicFiles.deleteRecursively(target);
                }
            });
        } catch (UncheckedIOException e) {
            throw new IOException(e.getMessage(), e);
        } catch (InterruptedIOException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException("token shards could not be written to " + dir + ": " + Cursor.reason(e), e);
        }
    }

    private void write(Path dir) throws IOException {
        ExecutorService pool = Executors.newFixedThreadPool(
                options.threads(),
                Thread.ofPlatform().daemon().name("tokenizer-", 0).factory());
        try {
            for (int s = 0; s < sources.size(); s++) {
                String suffix = String.format(Locale.ROOT, "-s%03d", s);
                int width = ShardIndex.dtype(vocabularySize).equals("u16") ? 2 : 4;
                writers.add(new Writers(
                        new ShardWriter(dir, "train" + suffix, width, options.shardTokens()),
                        new ShardWriter(dir, "validation" + suffix, width, options.shardTokens())));
                read(s, pool);
            }
            submit(pool);
            while (!queue.isEmpty()) {
                writeHead();
            }
            placeHeld();
            if (repeats.stripped() + repeats.duplicates() > 0) {
                LOG.log(
                        System.Logger.Level.INFO,
                        "removed {0} repeated licence headers and {1} duplicate documents",
                        repeats.stripped(),
                        repeats.duplicates());
            }
            writeIndex(dir);
        } finally {
            pool.shutdownNow();
            for (Writers w : writers) {
                w.train.close();
                w.validation.close();
            }
        }
    }

    private void read(int s, ExecutorService pool) throws IOException {
        long maxDocuments = share(s, options.maxDocuments(), documents);
        long maxBytes = share(s, options.maxBytes(), bytes);
        long readDocuments = 0;
        long readBytes = 0;
        try (Stream<Document> stream = sources.get(s).source().documents()) {
            Iterator<Document> iterator = stream.iterator();
            while (readDocuments < maxDocuments && iterator.hasNext()) {
                Item item = item(s, iterator.next());
                if (item == null) {
                    continue;
                }
                if (readDocuments > 0 && item.bytes > maxBytes - readBytes) {
                    break;
                }
                readDocuments++;
                readBytes += item.bytes;
                group.add(item);
                groupSize += item.document.text().length();
                if (groupSize >= GROUP) {
                    submit(pool);
                }
            }
        }
        documents += readDocuments;
        bytes += readBytes;
    }

    /** The part of a limit that source {@code s} may use: its weight among those not yet read. */
    private long share(int s, long limit, long used) {
        if (limit == Long.MAX_VALUE) {
            return limit;
        }
        double weights = 0;
        for (WeightedSource w : sources.subList(s, sources.size())) {
            weights += w.weight();
        }
        long left = Math.max(0, limit - used);
        long share =
                s == sources.size() - 1 ? left : (long) (left * (sources.get(s).weight() / weights));
        return Math.max(1, share);
    }

    private @Nullable Item item(int s, Document document) {
        if (options.dropRepeats()) {
            var kept = repeats.keep(document).orElse(null);
            return kept == null ? null : item(s, kept.document(), kept.contentHash());
        }
        return item(s, document, LicenceHeaders.contentHash(document.text()));
    }

    private static Item item(int s, Document document, long hash) {
        return new Item(s, document, hash, document.text().getBytes(StandardCharsets.UTF_8).length);
    }

    private void submit(ExecutorService pool) throws IOException {
        if (group.isEmpty()) {
            return;
        }
        List<Item> items = group;
        group = new ArrayList<>();
        groupSize = 0;
        queue.add(pool.submit(() -> items.stream().map(this::encode).toList()));
        if (queue.size() >= 3 * options.threads()) {
            writeHead();
        }
    }

    private Encoded encode(Item item) {
        int[] ids = encoder.encode(item.document.text());
        for (int id : ids) {
            if (id < 0 || id >= vocabularySize) {
                throw new InvalidInputException("the tokenizer gives id " + id + " in document " + item.document.id()
                        + ", but the vocabulary has " + vocabularySize + " entries: give the tokenizer's own size");
            }
        }
        return new Encoded(item.source, item.hash, ids, item.bytes);
    }

    private void writeHead() throws IOException {
        List<Encoded> encoded;
        try {
            encoded = queue.remove().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            var interrupted = new InterruptedIOException("building token shards was interrupted");
            interrupted.initCause(e);
            throw interrupted;
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException r -> throw r;
                case Error r -> throw r;
                case null, default -> throw new IOException("tokenizing failed: " + e.getMessage(), e);
            }
        }
        for (Encoded e : encoded) {
            place(e);
        }
        long writtenDocuments = held == null ? 0 : 1;
        long writtenBytes = held == null ? 0 : held.bytes;
        for (Writers w : writers) {
            writtenDocuments +=
                    w.train.totals().documents() + w.validation.totals().documents();
            writtenBytes += w.train.totals().bytes() + w.validation.totals().bytes();
        }
        options.progress().update(writtenDocuments, writtenBytes);
    }

    private void place(Encoded e) throws IOException {
        boolean toValidation = validation(e);
        anyTrain |= !toValidation;
        anyValidation |= toValidation;
        if (anyTrain && anyValidation) {
            if (held != null) {
                write(held, validation(held));
                held = null;
            }
            write(e, toValidation);
        } else if (held == null) {
            held = e;
        } else {
            // The candidate for the empty split is the document nearest to the border.
            boolean nearer = Long.compareUnsigned(e.hash, held.hash) < 0 ^ toValidation;
            write(nearer ? held : e, toValidation);
            held = nearer ? e : held;
        }
    }

    private boolean validation(Encoded e) {
        return (e.hash >>> 11) * 0x1p-53 < options.validationFraction();
    }

    private void placeHeld() throws IOException {
        if (held == null) {
            return;
        }
        boolean alone = writers.stream()
                .allMatch(w ->
                        w.train.totals().documents() + w.validation.totals().documents() == 0);
        if (alone) {
            throw new InvalidInputException("the sources hold a single document, but training and validation need one"
                    + " each: add a source, or split the text into several files");
        }
        write(held, !validation(held));
        held = null;
    }

    private void write(Encoded e, boolean toValidation) throws IOException {
        Writers w = writers.get(e.source);
        (toValidation ? w.validation : w.train).write(e.ids, endOfText, e.bytes);
    }

    private void writeIndex(Path dir) throws IOException {
        List<ShardIndex.Source> entries = new ArrayList<>();
        ShardIndex.Totals train = ShardIndex.Totals.NONE;
        ShardIndex.Totals validation = ShardIndex.Totals.NONE;
        for (int s = 0; s < writers.size(); s++) {
            Writers w = writers.get(s);
            train = train.plus(w.train.totals());
            validation = validation.plus(w.validation.totals());
            WeightedSource source = sources.get(s);
            entries.add(new ShardIndex.Source(
                    source.source().name(), source.weight(), w.train.finish(), w.validation.finish()));
        }
        ShardIndex index = new ShardIndex(
                ShardIndex.FORMAT,
                ShardIndex.VERSION,
                ShardIndex.dtype(vocabularySize),
                vocabularySize,
                endOfText,
                options.tokenizerHash(),
                Shards.specHash(sources, endOfText, vocabularySize, options),
                train,
                validation,
                entries);
        Path file = dir.resolve(ShardIndex.FILE);
        Files.writeString(file, index.write(), StandardOpenOption.CREATE_NEW);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    private static boolean emptyFolder(Path dir) throws IOException {
        if (!Files.isDirectory(dir)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(dir)) {
            return entries.findAny().isEmpty();
        }
    }
}
