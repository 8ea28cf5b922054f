package io.yoco4j.train.model;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What a sequence leaves behind for its next chunk: keys and values, or a retention state, by the place that made them,
 * and how many tokens there have been. A context that does not remember ({@link #none}) serves training, where a
 * sequence is run whole.
 */
public final class TorchContext implements AutoCloseable {

    /**
     * Keys and values that queries attend to; queries are aligned to the last rows.
     *
     * @param keys [B, KV, M, hd]
     * @param values [B, KV, M, hd]
     */
    record KeyValues(Tensor keys, Tensor values) {}

    /** Where in the model a state belongs: the global cache has stage -1. */
    record Place(int stage, int loop, int layer) {
        static final Place GLOBAL_CACHE = new Place(-1, 0, 0);
    }

    private final boolean remembers;
    private final Map<Place, Tensor[]> states = new HashMap<>();
    private int position;

    private TorchContext(boolean remembers) {
        this.remembers = remembers;
    }

    /** A context for sequences that are run whole. */
    public static TorchContext none() {
        return new TorchContext(false);
    }

    /** A context that chunks of one sequence follow each other in; to be closed. Without gradients only. */
    public static TorchContext remembering() {
        return new TorchContext(true);
    }

    boolean remembers() {
        return remembers;
    }

    /** Tokens so far: the position of the next one. */
    public int position() {
        return position;
    }

    void advance(int tokens) {
        position += remembers ? tokens : 0;
    }

    /**
     * Adds a chunk's keys and values to those before it.
     *
     * @param keep how many rows the next chunk can still see, {@link Integer#MAX_VALUE} for all
     * @return those before, as far as they were kept, and the chunk's
     */
    KeyValues extend(Place place, Tensor keys, Tensor values, int keep) {
        if (!remembers) {
            return new KeyValues(keys, values);
        }
        Tensor @Nullable [] before = states.get(place);
        Tensor allKeys = before == null ? keys : Torch.cat(2, before[0], keys);
        Tensor allValues = before == null ? values : Torch.cat(2, before[1], values);
        long rows = Math.min(allKeys.size(2), keep);
        remember(
                place,
                Torch.last(allKeys, 2, rows).clone(),
                Torch.last(allValues, 2, rows).clone());
        return new KeyValues(allKeys, allValues);
    }

    /** The state left at a place, or null where there is none yet. */
    @Nullable
    Tensor state(Place place) {
        Tensor @Nullable [] state = states.get(place);
        return state == null ? null : state[0];
    }

    /** Leaves a state at a place. */
    void state(Place place, Tensor state) {
        if (remembers) {
            remember(place, state.clone());
        }
    }

    private void remember(Place place, Tensor... state) {
        for (Tensor t : state) {
            Torch.keep(t);
        }
        Tensor @Nullable [] before = states.put(place, state);
        if (before != null) {
            close(before);
        }
    }

    private static void close(Tensor[] tensors) {
        for (Tensor t : tensors) {
            t.close();
        }
    }

    @Override
    public void close() {
        states.values().forEach(TorchContext::close);
        states.clear();
    }
}
