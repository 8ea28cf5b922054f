package io.yoco4j.engine.cache;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.Stage;
import java.util.Arrays;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything a context keeps between tokens: a position, one state per (stage, iteration with keys of its own, layer),
 * and the global cache where there is one.
 */
public final class ContextState {
    private final Architecture architecture;
    /** By stage, iteration, layer; empty for cross stages, which keep nothing. */
    private final LayerState[][][] states;

    private final @Nullable GlobalKvCache global;
    private int position;

    /** An empty context. */
    public ContextState(Architecture a) {
        architecture = a;
        states = a.stages().stream().map(s -> stage(a, s)).toArray(LayerState[][][]::new);
        global = a.hasGlobalCache() ? new GlobalKvCache(a) : null;
    }

    private ContextState(ContextState other) {
        architecture = other.architecture;
        states = Arrays.stream(other.states)
                .map(stage -> Arrays.stream(stage)
                        .map(loop -> Arrays.stream(loop).map(LayerState::copy).toArray(LayerState[]::new))
                        .toArray(LayerState[][]::new))
                .toArray(LayerState[][][]::new);
        global = other.global == null ? null : other.global.copy();
        position = other.position;
    }

    private static LayerState[][] stage(Architecture a, Stage s) {
        if (s.cross()) {
            return new LayerState[0][];
        }
        LayerState[][] loops = new LayerState[s.cachedLoops()][s.layers()];
        for (LayerState[] layers : loops) {
            Arrays.setAll(layers, l -> layer(a, s.attention()));
        }
        return loops;
    }

    private static LayerState layer(Architecture a, Attention attention) {
        return switch (attention) {
            case Attention.Full _ -> new GlobalKvCache(a);
            case Attention.SlidingWindow(int window) -> new WindowKvCache(a, window);
            case Attention.GatedRetention _ -> new RetentionState(a);
            case Attention.Cross _ -> throw new IllegalArgumentException("cross layers keep nothing");
        };
    }

    public Architecture architecture() {
        return architecture;
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

    /** Bytes of memory taken for them. */
    public long allocatedBytes() {
        return all().mapToLong(LayerState::allocatedBytes).sum();
    }

    /** A copy that shares nothing. */
    public ContextState copy() {
        return new ContextState(this);
    }

    /** Forgets all tokens; keeps the memory. */
    public void reset() {
        all().forEach(LayerState::reset);
        position = 0;
    }
}
