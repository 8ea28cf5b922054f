package io.yoco4j.engine.exec;

import io.yoco4j.engine.cache.ContextState;
import java.util.Arrays;

/**
 * The rows of a step: segments of consecutive tokens, one of a context each, one after the other. Rows are left out
 * where a stage runs fewer iterations for their context, and for good where nobody asks for their logits; so segments
 * are ordered such that the rows that run are always the first.
 */
public final class BatchRows {
    private Segment[] segments = {};
    private int[] ids = {};
    private int[] owners = {};
    private int size;
    private int tokens;
    /** Segments that have rows. */
    private int kept;
    /** Those of them that run. */
    private int active;
    /** Their rows. */
    private int rows;

    /** Leaves nothing, and lets go of the contexts. */
    public void clear() {
        for (int i = 0; i < size; i++) {
            segments[i].clear();
        }
        size = 0;
        tokens = 0;
    }

    /**
     * Adds tokens of a context that has none yet.
     *
     * @param exit the context's
     * @param ids holds them, valid ones, from index {@code from} on; they are copied
     * @param wanted logits are wanted of the tokens from this one on; {@code count} for none
     */
    public void add(ContextState context, LoopExit exit, int[] ids, int from, int count, int wanted) {
        if (size == segments.length) {
            segments = Arrays.copyOf(segments, Math.max(1, 2 * size));
            Arrays.setAll(segments, i -> i < size ? segments[i] : new Segment());
        }
        if (this.ids.length < tokens + count) {
            this.ids = Arrays.copyOf(this.ids, Math.max(tokens + count, Math.min(2 * tokens, 1 << 16)));
        }
        System.arraycopy(ids, from, this.ids, tokens, count);
        segments[size].set(context, exit, size, tokens, count, wanted);
        size++;
        tokens += count;
    }

    /** Segments, in the order of being added. */
    public int size() {
        return size;
    }

    /** Tokens of all segments. */
    public int tokens() {
        return tokens;
    }

    /** All tokens are rows, each at the position that follows those its context has. */
    void begin() {
        if (owners.length < tokens) {
            owners = new int[ids.length];
        }
        kept = size;
        for (int i = 0; i < size; i++) {
            Segment g = segments[i];
            g.position = g.context().position();
            g.rows = g.count;
            g.source = 0;
        }
        layOut();
    }

    /** Counts the tokens in their contexts. */
    void advance() {
        for (int i = 0; i < size; i++) {
            Segment g = segments[i];
            g.context().advance(ids, g.firstId, g.count);
        }
    }

    /** Orders segments by their iterations of a stage, most first; says whether rows have to move. */
    boolean orderByLoops(int stage) {
        for (int i = 0; i < kept; i++) {
            Segment g = segments[i];
            g.loops = g.context().architecture().stages().get(stage).loops();
            g.source = g.first;
            int at = i;
            for (; at > 0 && segments[at - 1].loops < g.loops; at--) {
                segments[at] = segments[at - 1];
            }
            segments[at] = g;
        }
        return layOut();
    }

    /** Leaves the segments that run iteration {@code t} of the stage they are ordered for; says whether any does. */
    boolean iterate(int t) {
        active = 0;
        rows = 0;
        while (active < kept && segments[active].loops > t) {
            rows += segments[active].rows;
            active++;
        }
        return active > 0;
    }

    /** Leaves the rows whose logits are wanted, for good; says whether rows have to move. */
    boolean keepWanted() {
        int had = kept;
        kept = 0;
        for (int i = 0; i < had; i++) {
            Segment g = segments[i];
            g.source = g.first + g.wanted;
            g.position += g.wanted;
            g.rows = g.count - g.wanted;
            if (g.rows > 0) {
                segments[i] = segments[kept];
                segments[kept] = g;
                kept++;
            }
        }
        return layOut();
    }

    /** Gives the segments that have rows their places, one after the other, and takes all of them in. */
    private boolean layOut() {
        boolean moves = false;
        active = kept;
        rows = 0;
        for (int i = 0; i < kept; i++) {
            Segment g = segments[i];
            moves |= g.source != rows;
            g.first = rows;
            rows += g.rows;
            Arrays.fill(owners, g.first, rows, i);
        }
        return moves;
    }

    /** Rows that run. */
    int rows() {
        return rows;
    }

    /** Segments that run. */
    int active() {
        return active;
    }

    /** The {@code i}-th segment that runs. */
    Segment segment(int i) {
        return segments[i];
    }

    /** The segment of a row. */
    Segment owner(int row) {
        return segments[owners[row]];
    }

    /** The token of a row. */
    int id(int row) {
        Segment g = owner(row);
        return ids[g.firstId + row - g.first];
    }

    /** The position of a row. */
    int position(int row) {
        Segment g = owner(row);
        return g.position + row - g.first;
    }
}
