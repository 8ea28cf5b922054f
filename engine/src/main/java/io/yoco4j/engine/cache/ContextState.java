package io.yoco4j.engine.cache;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.Stage;
import java.util.Arrays;
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
            case Attention.GatedRetention _ -> new RetentionState(architecture);
            case Attention.Cross _ -> throw new IllegalArgumentException("cross layers keep nothing");
        };
    }

    private KvRows rows(BlockPool pool, int maxRows) {
        return new KvRows(KvShape.of(format, architecture.keyValueHeads(), architecture.headDim(), maxRows), pool);
    }

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

    /** Counts {@code n} more tokens, whose rows are in the caches. */
    public void advance(int n) {
        position += n;
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

    private Stream<LayerState> all() {
        return Stream.concat(
                Arrays.stream(states).flatMap(Arrays::stream).flatMap(Arrays::stream), Stream.ofNullable(global));
    }

    /** Bytes of the rows and states held. */
    public long cacheBytes() {
        return all().mapToLong(LayerState::cacheBytes).sum();
    }

    /** Bytes of memory taken for them; blocks that forks share count in each. */
    public long allocatedBytes() {
        return all().mapToLong(LayerState::allocatedBytes).sum();
    }

    /** Bytes of memory that {@code n} more tokens would take; never fewer for more tokens. */
    public long bytesToGrow(int n) {
        return all().mapToLong(state -> state.bytesToGrow(n)).sum();
    }

    /** A context that goes on from here on its own, and shares blocks until one of the two writes them. */
    public ContextState fork() {
        return new ContextState(this);
    }

    /** Forgets all tokens and gives the blocks back; the context can be used again. */
    public void release() {
        all().forEach(LayerState::release);
        position = 0;
    }
}
