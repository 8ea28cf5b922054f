package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.checkpoint.GenerationConfig;
import io.yoco4j.core.checkpoint.ModelFingerprint;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.engine.cache.BlockPool;
import io.yoco4j.engine.cache.ContextFile;
import io.yoco4j.engine.cache.ContextState;
import io.yoco4j.engine.exec.BatchRows;
import io.yoco4j.engine.exec.LayerTap;
import io.yoco4j.engine.exec.ModelWeights;
import io.yoco4j.engine.exec.StageExecutor;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.ManyRowProducts;
import io.yoco4j.engine.kernel.ProductSelection;
import io.yoco4j.engine.kernel.WorkerPool;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A model ready to run: weights mapped where they are stored, kernels, worker threads. Closing it releases them; a
 * session that is used afterwards gets an {@link IllegalStateException}, one that runs in another thread gets it at its
 * next step.
 *
 * {@snippet class="io.yoco4j.engine.EngineSnippets" region="open"}
 *
 * <p>Thread-safe: threads may open sessions and generate at the same time. Steps take turns on the workers, in the order
 * they ask, so that many generations at once slow each other down and nothing else; {@link Batch} shares steps.
 */
public final class YocoModel implements AutoCloseable {
    /** Free cache blocks are kept for the next session up to this fraction of the JVM's memory. */
    private static final int FREE_BLOCKS = 8;

    private final @Nullable Path folder;
    private final Architecture architecture;
    private final Map<String, StoredTensor> tensors;
    private final GenerationConfig generationConfig;
    private final EngineOptions options;
    private final @Nullable Arena arena;
    private final String kernels;
    private final Optional<ManyRowProducts> products;
    private final WorkerPool pool;
    private final StageExecutor executor;
    private final BlockPool blocks = new BlockPool(Runtime.getRuntime().maxMemory() / FREE_BLOCKS);
    private final MemoryCheck memory;
    /** Held for each step, so that activations serve one at a time and nothing is unmapped under a running step. */
    private final ReentrantLock lock = new ReentrantLock(true);

    private final @Nullable Path tokenizerFile;
    private volatile @Nullable Tokenizer tokenizer;
    private @Nullable String fingerprint;
    private volatile boolean closed;

    private YocoModel(
            @Nullable Path folder,
            Architecture architecture,
            Map<String, StoredTensor> tensors,
            GenerationConfig generationConfig,
            EngineOptions options,
            @Nullable Arena arena,
            @Nullable Path tokenizerFile,
            LongSupplier room) {
        this.folder = folder;
        this.architecture = architecture;
        this.tensors = tensors;
        this.generationConfig = generationConfig;
        this.options = options;
        this.arena = arena;
        this.tokenizerFile = tokenizerFile;
        memory = new MemoryCheck(room, blocks);
        Kernels own = options.kernels().kernels();
        ModelWeights weights = new ModelWeights(architecture, tensors);
        products = ProductSelection.open(options.products(), weights.formats(), own, options.threads());
        kernels = own.name() + products.map(p -> "+" + p.name()).orElse("");
        pool = new WorkerPool(options.threads());
        try {
            if (options.prepack()) {
                Prepacking.of(weights, products, pool);
            }
            executor = new StageExecutor(architecture, weights, own, pool, options.kv(), products);
        } catch (RuntimeException | Error e) {
            pool.close();
            products.ifPresent(ManyRowProducts::close);
            throw e;
        }
    }

    /** Opens a model folder with default options. */
    public static YocoModel open(Path folder) {
        return open(folder, EngineOptions.defaults());
    }

    /**
     * Opens a model folder.
     *
     * @throws InvalidInputException naming the file and field or tensor that is wrong, or when the products or the copy of
     *     the weights that are asked for cannot be had
     * @throws java.io.UncheckedIOException when reading fails
     */
    @SuppressWarnings("MustBeClosedChecker") // the model closes it
    public static YocoModel open(Path folder, EngineOptions options) {
        Arena arena = Arena.ofShared();
        try {
            Checkpoint checkpoint = Checkpoint.open(folder, arena);
            return new YocoModel(
                    folder,
                    checkpoint.architecture(),
                    checkpoint.tensors(),
                    checkpoint.generation(),
                    options,
                    arena,
                    checkpoint.tokenizer().orElse(null),
                    MemoryCheck::jvmRoom);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /**
     * A model of weights in memory, which must stay valid while it is open: a step that begins after they were closed fails,
     * but one that they are closed under may end the JVM.
     *
     * @throws IllegalArgumentException when a tensor of the architecture is missing or of another shape
     */
    public static YocoModel of(Architecture architecture, Map<String, StoredTensor> tensors, EngineOptions options) {
        return of(architecture, tensors, options, MemoryCheck::jvmRoom);
    }

    /** As above, with another measure of how many bytes can still be allocated. */
    static YocoModel of(
            Architecture architecture, Map<String, StoredTensor> tensors, EngineOptions options, LongSupplier room) {
        return new YocoModel(null, architecture, tensors, GenerationConfig.NONE, options, null, null, room);
    }

    /** The folder it was opened from; empty for weights in memory. */
    public Optional<Path> folder() {
        return Optional.ofNullable(folder);
    }

    /** What is run, with the model's own loops. */
    public Architecture architecture() {
        return architecture;
    }

    /** The folder's generation_config.json: tokens that begin and end texts. */
    public GenerationConfig generationConfig() {
        return generationConfig;
    }

    /** How it runs. */
    public EngineOptions options() {
        return options;
    }

    /** Names of the kernels in use, e.g. {@code vector-512}, {@code scalar}, or {@code vector-512+onednn}. */
    public String kernels() {
        return kernels;
    }

    /** An empty context. */
    public Session session() {
        return session(SessionOptions.defaults());
    }

    /**
     * An empty context.
     *
     * @throws InvalidInputException when loops or an exit threshold are given for a model without looped stage, loops are
     *     out of range, or there is an exit threshold and a looped stage of gated retention, whose states need every token
     */
    public Session session(SessionOptions options) {
        requireOpen();
        return new Session(this, options);
    }

    /** An empty batch, for steps of many sessions at once. */
    public Batch batch() {
        requireOpen();
        return new Batch(this);
    }

    /**
     * The tokens of a saved session, to tell which one to restore; the rest of the file is not looked at.
     *
     * @throws InvalidInputException when the file is missing, cut off, or no session file
     */
    public static int[] savedTokens(Path file) {
        return ContextFile.tokens(file);
    }

    /**
     * Runs texts of no meaning until the JVM has compiled the kernels, so that the first real one is not slower than later
     * ones; nothing of them is kept.
     *
     * @param atMost begins no further text after that; one takes 64 tokens and then 32 singly
     * @return whether they are compiled, as far as can be told from what steps allocate
     */
    public boolean warmUp(Duration atMost) {
        return WarmUp.run(this, atMost);
    }

    /** Memory that contexts of this model take now. */
    public CacheUsage cacheUsage() {
        return new CacheUsage(blocks.usedBlocks(), blocks.usedBytes(), blocks.freeBytes());
    }

    /** The most tokens of a step: 65,536, or what a very wide model's activations allow. */
    public int maxBatchTokens() {
        return Math.min(EngineOptions.MAX_CHUNK, executor.maxTokens());
    }

    /** A session that goes on where a saved one was. */
    public Session restore(Path file) {
        return restore(file, SessionOptions.defaults());
    }

    /**
     * A session that goes on where a saved one was ({@link Session#save}).
     *
     * @param options whose loops must be those of the saved session
     * @throws InvalidInputException when the file is missing, damaged, no session file, or of another model, loop count or
     *     cache format, or when its context does not fit
     */
    @SuppressWarnings("MustBeClosedChecker") // the caller closes it
    public Session restore(Path file, SessionOptions options) {
        Session session = session(options);
        try {
            session.restore(file);
            return session;
        } catch (RuntimeException | Error e) {
            session.close();
            throw e;
        }
    }

    /** Tells these weights from others: a hash over names, shapes and samples of values, computed when first asked for. */
    public String fingerprint() {
        lock.lock();
        try {
            requireOpen();
            if (fingerprint == null) {
                fingerprint = ModelFingerprint.of(tensors);
            }
            return fingerprint;
        } finally {
            lock.unlock();
        }
    }

    /** The model's tokenizer, where its folder has one; loaded when first asked for. */
    public Optional<Tokenizer> tokenizer() {
        // Without the lock where it need not be loaded: who asks shall not wait for a step that runs.
        @Nullable Tokenizer loaded = tokenizer;
        if (loaded != null && !closed) {
            return Optional.of(loaded);
        }
        lock.lock();
        try {
            requireOpen();
            if (tokenizer == null && tokenizerFile != null) {
                tokenizer = loadTokenizer(tokenizerFile);
            }
            return Optional.ofNullable(tokenizer);
        } finally {
            lock.unlock();
        }
    }

    private Tokenizer loadTokenizer(Path file) {
        Tokenizer loaded = Tokenizer.load(file);
        if (loaded.vocabularySize() > architecture.vocabSize()) {
            int size = loaded.vocabularySize();
            loaded.close();
            throw new InvalidInputException(file + " has " + size + " tokens, but the model's vocab_size is "
                    + architecture.vocabSize() + ": the two are of different models");
        }
        return loaded;
    }

    /**
     * The tokens of a text that begins here: the beginning-of-text token of generation_config.json, where there is one, and
     * those of the text. To go on with a text, take {@link Tokenizer#encode}.
     *
     * @throws InvalidInputException when the model has no tokenizer
     */
    public int[] encode(String text) {
        Tokenizer t = tokenizer()
                .orElseThrow(() -> new InvalidInputException("the model has no " + Checkpoint.TOKENIZER
                        + ", so it takes token ids only: put the file in its folder, or generate from ids"));
        return IntStream.concat(generationConfig().bos().stream(), IntStream.of(t.encode(text)))
                .toArray();
    }

    /**
     * {@linkplain #encode Encodes} a prompt and streams what follows, in a session
     * of its own, which ends when the generation is closed. Nothing is computed before the first token is pulled.
     *
     * @throws InvalidInputException when the model has no tokenizer, or the prompt has no token or too many
     */
    @SuppressWarnings("MustBeClosedChecker") // the generation closes it
    public Generation generate(String prompt, GenerationOptions options) {
        int[] ids = encode(prompt);
        return generate(session(options.session()), true, ids, options);
    }

    Generation generate(Session session, boolean ownSession, int[] prompt, GenerationOptions options) {
        int[] ids = IntStream.concat(session.pending().stream(), IntStream.of(prompt))
                .toArray();
        int[] before = IntStream.concat(IntStream.of(session.tokens()), IntStream.of(ids))
                .toArray();
        return new Generation(
                session, ownSession, ids, options, textStream(before, options.stop(), options.endOfText()));
    }

    /**
     * What turns drawn tokens into text.
     *
     * @param before the tokens that they follow, since what a token's text is depends on them
     * @param stop strings that end the text, themselves left out
     * @param endOfText whether the model's end-of-text tokens end it
     * @throws InvalidInputException when there are stop strings and the model has no tokenizer to find them with
     */
    public TextStream textStream(int[] before, List<String> stop, boolean endOfText) {
        Optional<Tokenizer> t = tokenizer();
        if (t.isEmpty() && !stop.isEmpty()) {
            throw new InvalidInputException("stop strings were given, but the model has no " + Checkpoint.TOKENIZER
                    + " to find them with: put the file in its folder, or leave them out");
        }
        Set<Integer> ends = new HashSet<>();
        if (endOfText) {
            ends.addAll(generationConfig.eos());
            t.flatMap(known -> known.endOfText().stream().boxed().findFirst()).ifPresent(ends::add);
        }
        return new TextStream(
                t.<TextStream.Decoder>map(known -> new ContextDecoder(known, before))
                        .orElse(TextStream.Decoder.NONE),
                stop,
                ends);
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the model is closed: open it again, or close it after its last session");
        }
    }

    /** An empty context of an architecture that is this model's but for its loops. */
    ContextState newContext(Architecture a) {
        return new ContextState(a, options.kv(), blocks);
    }

    MemoryCheck memory() {
        return memory;
    }

    void run(BatchRows rows, StageExecutor.LogitSink sink, LayerTap tap) {
        lock.lock();
        try {
            requireOpen();
            executor.run(rows, sink, tap);
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a step that runs, then releases threads, native memory and weights. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                pool.close();
                blocks.close();
                products.ifPresent(ManyRowProducts::close);
                if (tokenizer != null) {
                    tokenizer.close();
                }
                if (arena != null) {
                    arena.close();
                }
            }
        } finally {
            lock.unlock();
        }
    }
}
