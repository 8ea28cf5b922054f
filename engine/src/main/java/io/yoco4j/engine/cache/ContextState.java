package io.yoco4j.engine.cache;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.Stage;
import java.util.Arrays;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything a context keeps between tokens: a position, one state per (stage, iteration with keys of its own, layer),
 * and the global cache where there is one.
 */
public final class ContextState {
    private static final int UNBOUNDED = Integer.MAX_VALUE;

    private final Architecture architecture;
    private final KvFormat format;
    /** By stage, iteration, layer; empty for cross stages, which keep nothing. */
    private final LayerState[][][] states;

    private final @Nullable GlobalKvCache global;
    /** All of them in a row, so that nothing is allocated to ask each. */
    private final LayerState[] all;

    /** The tokens taken in, {@link #position} of them. */
    private int[] tokens = {};

    private int position;

    /**
     * An empty context.
     *
     * @param pool that blocks of keys and values are taken from and given back to
     */
    public ContextState(Architecture a, KvFormat format, BlockPool pool) {
        architecture = a;
        this.format = format;
        states = a.stages().stream().map(s -> stage(s, pool)).toArray(LayerState[][][]::new);
        global = a.hasGlobalCache() ? new GlobalKvCache(rows(pool, UNBOUNDED)) : null;
        all = flat(states, global);
    }

    private ContextState(ContextState other) {
        architecture = other.architecture;
        format = other.format;
        states = Arrays.stream(other.states)
                .map(stage -> Arrays.stream(stage)
                        .map(loop -> Arrays.stream(loop).map(LayerState::fork).toArray(LayerState[]::new))
                        .toArray(LayerState[][]::new))
                .toArray(LayerState[][][]::new);
        global = other.global == null ? null : other.global.fork();
        all = flat(states, global);
        tokens = other.tokens();
        position = other.position;
    }

    private LayerState[][] stage(Stage s, BlockPool pool) {
        if (s.cross()) {
            return new LayerState[0][];
        }
        LayerState[][] loops = new LayerState[s.cachedLoops()][s.layers()];
        for (LayerState[] layers : loops) {
            Arrays.setAll(layers, _ -> layer(s.attention(), pool));
        }
        return loops;
    }

    private LayerState layer(Attention attention, BlockPool pool) {
        return switch (attention) {
            case Attention.Full _ -> new GlobalKvCache(rows(pool, UNBOUNDED));
            case Attention.SlidingWindow(int window) -> new WindowKvCache(window, rows(pool, window));
            case Attention.GatedRetention _ -> new RetentionState(architecture, pool);
            case Attention.Cross _ -> throw new IllegalArgumentException("cross layers keep nothing");
        };
    }

    private KvRows rows(BlockPool pool, int maxRows) {
        return new KvRows(KvShape.of(format, architecture.keyValueHeads(), architecture.headDim(), maxRows), pool);
    }

    /** What it is a context of, its loops included. */
    public Architecture architecture() {
        return architecture;
    }

    /** How keys and values are stored. */
    public KvFormat format() {
        return format;
    }

    /** Tokens taken in. */
    public int position() {
        return position;
    }

    /** The tokens taken in, a copy. */
    public int[] tokens() {
        return Arrays.copyOf(tokens, position);
    }

    /** Counts {@code n} more tokens, {@code ids[from ..]}, whose rows are in the caches. */
    public void advance(int[] ids, int from, int n) {
        if (tokens.length < position + n) {
            // Doubling is of no use beyond the most tokens there can be.
            int most = Math.min(architecture.maxPositions(), Math.max(256, 2 * position));
            tokens = Arrays.copyOf(tokens, Math.max(position + n, most));
        }
        System.arraycopy(ids, from, tokens, position, n);
        position += n;
    }

    /** Goes from empty to these tokens, whose rows and states can be written then. */
    void restore(int[] ids) {
        advance(ids, 0, ids.length);
        for (LayerState state : all) {
            if (state instanceof KvCache cache) {
                cache.restore(ids.length);
            }
        }
    }

    /** Hands out every state under its name in files, in a fixed order. */
    void forEach(BiConsumer<String, LayerState> taker) {
        for (int s = 0; s < states.length; s++) {
            for (int t = 0; t < states[s].length; t++) {
                for (int l = 0; l < states[s][t].length; l++) {
                    taker.accept("stages." + s + ".loops." + t + ".layers." + l, states[s][t][l]);
                }
            }
        }
        if (global != null) {
            taker.accept("global", global);
        }
    }

    /** The cache of an iteration of a full-attention layer. */
    public GlobalKvCache full(int stage, int loop, int layer) {
        return (GlobalKvCache) states[stage][loop][layer];
    }

    /** The ring of an iteration of a sliding-window layer. */
    public WindowKvCache window(int stage, int loop, int layer) {
        return (WindowKvCache) states[stage][loop][layer];
    }

    /** The state of an iteration of a retention layer. */
    public RetentionState retention(int stage, int loop, int layer) {
        return (RetentionState) states[stage][loop][layer];
    }

    /** The global cache of an architecture with cross stages. */
    public GlobalKvCache global() {
        if (global == null) {
            throw new IllegalStateException("an architecture without cross stages has no global cache");
        }
        return global;
    }

    private static LayerState[] flat(LayerState[][][] states, @Nullable GlobalKvCache global) {
        return Stream.concat(
                        Arrays.stream(states).flatMap(Arrays::stream).flatMap(Arrays::stream),
                        Stream.ofNullable(global))
                .toArray(LayerState[]::new);
    }

    /** Bytes of the rows and states held. */
    public long cacheBytes() {
        return Arrays.stream(all).mapToLong(LayerState::cacheBytes).sum();
    }

    /** Bytes of memory taken for them; blocks that forks share count in each. */
    public long allocatedBytes() {
        return Arrays.stream(all).mapToLong(LayerState::allocatedBytes).sum();
    }

    /** Bytes of memory that {@link #release} would give back now. */
    public long ownBytes() {
        return Arrays.stream(all).mapToLong(LayerState::ownBytes).sum();
    }

    /** Bytes of memory that {@code n} more tokens would take; never fewer for more tokens. */
    public long bytesToGrow(int n) {
        long bytes = 0;
        for (LayerState state : all) {
            bytes += state.bytesToGrow(n);
        }
        return bytes;
    }

    /**
     * Takes the memory of {@code n} more tokens, so that none is asked for when they come.
     *
     * @throws OutOfMemoryError when there is not as much; the context is then what it was
     */
    public void reserve(int n) {
        try {
            for (LayerState state : all) {
                state.reserve(n);
            }
        } catch (OutOfMemoryError e) {
            trim();
            throw e;
        }
    }

    /** Gives back what was reserved for tokens that did not come. */
    public void trim() {
        for (LayerState state : all) {
            state.trim();
        }
    }

    /** A context that goes on from here on its own, and shares blocks until one of the two writes them. */
    public ContextState fork() {
        return new ContextState(this);
    }

    /** Forgets all tokens and gives the blocks back; the context can be used again. */
    public void release() {
        for (LayerState state : all) {
            state.release();
        }
        position = 0;
        tokens = new int[0];
    }
}
