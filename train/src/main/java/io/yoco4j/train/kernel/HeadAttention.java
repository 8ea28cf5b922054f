package io.yoco4j.train.kernel;

import static io.yoco4j.train.kernel.VectorAttention.LANES;
import static io.yoco4j.train.kernel.VectorAttention.ROWS;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Causal softmax attention, and its gradient, of the queries that share heads of keys and values: block by block of
 * queries, without ever holding all weights (Dao 2023, "FlashAttention-2", algorithms 1 and 2; rows are short enough here
 * to hold one block's whole). Queries and keys are rotated as they are read, their gradients back as they are written. An
 * instance is one thread's working memory.
 */
public final class HeadAttention {
    /** Entries of neighbouring heads that are read at once, so that memory is read as it lies: a head alone may be 64 bytes. */
    private static final int NEIGHBOURS = 64;

    /**
     * What is attended.
     *
     * @param batch sequences
     * @param n tokens of each
     * @param heads of queries
     * @param kvHeads of keys and of values
     * @param hd entries of a head
     * @param window tokens seen, the own included
     */
    public record Shape(int batch, int n, int heads, int kvHeads, int hd, int window) {
        /** Tokens in whole blocks. */
        public int rows() {
            return (n + LANES - 1) / LANES * LANES;
        }

        /** Floats that {@link #forward} leaves for {@link #backward}. */
        public int statistics() {
            return 2 * batch * heads * rows();
        }

        /** Heads of keys that are best taken together where there is work enough for all threads: a divisor of their number. */
        public int neighbours() {
            int count = Math.max(1, Math.min(kvHeads, NEIGHBOURS / hd));
            while (kvHeads % count != 0) {
                count--;
            }
            return count;
        }
    }

    /**
     * Where heads lie in a tensor of tokens' rows.
     *
     * @param memory [B, N, columns]
     * @param columns entries of a token's row
     * @param first column where the first head begins
     * @param angles of tokens by which heads are to be rotated
     */
    public record Heads(RowMemory memory, int columns, int first, Angles angles) {}

    /** Queries, keys and values, or the gradients of all three; they may be columns of one tensor. */
    public record Operands(Heads queries, Heads keys, Heads values) {}

    private final Shape shape;
    private final int group;
    /** Vectors of a head's entries. */
    private final int blocks;
    /** Floats of a block of a head's entries: rows of LANES, one for each token. */
    private final int size;

    private final float[] queries;
    private final float[] keys;
    private final float[] values;
    private final float[] outputs;
    private final float[] weights;
    private final float[] queryLanes;
    private final float[] outputLanes;
    private final float[] row;
    private Gradients gradients = Gradients.NONE;

    /** What the gradient needs besides. */
    private record Gradients(float[] keys, float[] values, float[] weights, float[] outputs) {
        static final Gradients NONE = new Gradients(new float[0], new float[0], new float[0], new float[0]);
    }

    /** @param neighbours heads of keys that a call takes at most */
    public HeadAttention(Shape shape, int neighbours) {
        this.shape = shape;
        group = shape.heads() / shape.kvHeads();
        // In whole products of columns, whichever of the two is wider.
        int whole = Math.max(LANES, ROWS);
        blocks = (shape.hd() + whole - 1) / whole * whole / LANES;
        // Keys are taken in whole products of rows, from any key on.
        size = (shape.rows() + ROWS) * LANES;
        queries = new float[neighbours * group * blocks * size];
        outputs = new float[neighbours * group * blocks * size];
        keys = new float[neighbours * blocks * size];
        values = new float[neighbours * blocks * size];
        weights = new float[(Math.min(shape.rows(), shape.window() + LANES) + ROWS) * LANES];
        queryLanes = new float[blocks * LANES * LANES];
        outputLanes = new float[blocks * LANES * LANES];
        row = new float[blocks * LANES];
    }

    /**
     * Attention of the query heads of {@code count} heads of keys from {@code kvHead} on, in sequence {@code b}.
     *
     * @param out [B, N, heads x hd]
     * @param statistics of {@link Shape#statistics()}, written: each query's maximum and inverse sum of exponentials
     */
    public void forward(int b, int kvHead, int count, Operands in, Heads out, float[] statistics) {
        read(in, b, kvHead, count);
        for (int head = 0; head < count * group; head++) {
            int at = head * blocks * size;
            int kv = head / group * blocks * size;
            int max = (b * shape.heads() + kvHead * group + head) * shape.rows();
            for (int i = 0; i < shape.n(); i += LANES) {
                int from = from(i);
                int seen = seen(i);
                transpose(queries, at + i * LANES, size, queryLanes, 0, LANES * LANES);
                scores(keys, kv + from * LANES, seen, queryLanes, weights);
                VectorAttention.hide(weights, seen, from - i + shape.window(), i - from);
                int inverse = max + i + statistics.length / 2;
                VectorAttention.softmax(weights, seen, statistics, max + i, inverse);
                FloatVector factors = FloatVector.fromArray(FloatVector.SPECIES_PREFERRED, statistics, inverse);
                mix(values, kv + from * LANES, seen, weights, factors, outputLanes);
                transpose(outputLanes, 0, LANES * LANES, outputs, at + i * LANES, size);
            }
        }
        for (int n = 0; n < shape.n(); n++) {
            write(out, b, n, kvHead * group, count * group, outputs);
        }
    }

    /**
     * Gradients of queries, keys and values.
     *
     * @param statistics what {@link #forward} wrote
     * @param gradient of the output
     * @param to where those of queries, keys and values go
     */
    public void backward(int b, int kvHead, int count, Operands in, float[] statistics, Heads gradient, Operands to) {
        if (gradients == Gradients.NONE) {
            gradients = new Gradients(
                    new float[keys.length],
                    new float[values.length],
                    new float[weights.length],
                    new float[outputLanes.length]);
        }
        read(in, b, kvHead, count);
        for (int n = 0; n < shape.n(); n++) {
            read(gradient, b, n, kvHead * group, count * group, outputs);
        }
        clearRest(outputs);
        Arrays.fill(gradients.keys, 0);
        Arrays.fill(gradients.values, 0);
        FloatVector scale = FloatVector.broadcast(FloatVector.SPECIES_PREFERRED, scale());
        float[] dp = gradients.weights;
        for (int head = 0; head < count * group; head++) {
            int kv = head / group * blocks * size;
            int max = (b * shape.heads() + kvHead * group + head) * shape.rows();
            for (int i = 0; i < shape.n(); i += LANES) {
                int seen = seen(i);
                int query = head * blocks * size + i * LANES;
                int key = kv + from(i) * LANES;
                transpose(queries, query, size, queryLanes, 0, LANES * LANES);
                transpose(outputs, query, size, gradients.outputs, 0, LANES * LANES);
                scores(keys, key, seen, queryLanes, weights);
                scores(values, key, seen, gradients.outputs, dp);
                VectorAttention.hide(weights, seen, from(i) - i + shape.window(), i - from(i));
                int inverse = max + i + statistics.length / 2;
                VectorAttention.weightsAndGradient(weights, dp, seen, statistics, max + i, inverse);
                accumulate(weights, seen, outputs, query, gradients.values, key);
                accumulate(dp, seen, queries, query, gradients.keys, key);
                mix(keys, key, seen, dp, scale, outputLanes);
                // Nothing reads this block's queries again: their gradients take their place.
                transpose(outputLanes, 0, LANES * LANES, queries, query, size);
            }
        }
        for (int n = 0; n < shape.n(); n++) {
            write(to.queries(), b, n, kvHead * group, count * group, queries);
            write(to.keys(), b, n, kvHead, count, gradients.keys);
            write(to.values(), b, n, kvHead, count, gradients.values);
        }
    }

    private float scale() {
        return (float) (1 / Math.sqrt(shape.hd()));
    }

    /** Of keys, or of values by the output's gradient: {@code out[key][lane]}. */
    private void scores(float[] rows, int at, int seen, float[] lanes, float[] out) {
        for (int block = 0; block < blocks; block++) {
            for (int key = 0; key < seen * LANES; key += ROWS * LANES) {
                VectorAttention.rowsTimes(
                        rows, at + block * size + key, lanes, block * LANES * LANES, out, key, block > 0);
            }
        }
    }

    /** Rows of keys or values by their weights, summed over keys: {@code out[d][lane]}. */
    private void mix(float[] rows, int at, int seen, float[] p, FloatVector factors, float[] out) {
        for (int d = 0; d < shape.hd(); d += ROWS) {
            int first = at + d / LANES * size + d % LANES;
            VectorAttention.columnsTimes(rows, first, LANES < ROWS ? size : ROWS / 2, seen, p, factors, out, d * LANES);
        }
    }

    /** Weights by queries' rows, summed over queries, onto the keys' gradients. */
    private void accumulate(float[] p, int seen, float[] rows, int row, float[] to, int at) {
        for (int block = 0; block < blocks * size; block += size) {
            for (int key = 0; key < seen * LANES; key += ROWS * LANES) {
                VectorAttention.rowsTimes(p, key, rows, row + block, to, at + block + key, true);
            }
        }
    }

    private void transpose(float[] from, int at, int stride, float[] to, int bt, int toStride) {
        for (int block = 0; block < blocks; block++) {
            VectorAttention.transpose(from, at + block * stride, to, bt + block * toStride);
        }
    }

    /** The first key that a block sees. */
    private int from(int i) {
        return Math.max(0, i + 1 - shape.window());
    }

    /** Keys from there to the last that it sees, in whole products of rows: those beyond are hidden. */
    private int seen(int i) {
        return (i + LANES - from(i) + ROWS - 1) / ROWS * ROWS;
    }

    /** Token by token, since queries, keys and values of one may lie side by side. */
    private void read(Operands in, int b, int kvHead, int count) {
        for (int n = 0; n < shape.n(); n++) {
            read(in.queries(), b, n, kvHead * group, count * group, queries);
            read(in.keys(), b, n, kvHead, count, keys);
            read(in.values(), b, n, kvHead, count, values);
        }
        for (int at = 0; at < count * group * blocks * size; at += size) {
            VectorAttention.scale(queries, at, shape.n() * LANES, scale());
        }
        clearRest(queries);
        clearRest(keys);
        clearRest(values);
    }

    /** The last block's rows beyond the sequence, which may hold what an earlier call computed for them. */
    private void clearRest(float[] rows) {
        for (int at = 0; at < rows.length; at += size) {
            Arrays.fill(rows, at + shape.n() * LANES, at + size, 0);
        }
    }

    private void read(Heads from, int b, int n, int first, int count, float[] to) {
        long place = offset(from, b, n, first);
        for (int head = 0; head < count; head++, place += shape.hd()) {
            int at = head * blocks * size + n * LANES;
            if (blocks == 1) {
                read(from, place, n, to, at);
            } else {
                read(from, place, n, row, 0);
                for (int block = 0; block < blocks; block++) {
                    VectorAttention.copy(row, block * LANES, to, at + block * size);
                }
            }
        }
    }

    private void read(Heads from, long place, int n, float[] to, int at) {
        Angles angles = from.angles();
        from.memory().read(place, to, at, shape.hd());
        VectorAttention.rotate(to, at, angles.half(), angles.cos(), angles.sin(), n * angles.half());
    }

    private void write(Heads to, int b, int n, int first, int count, float[] from) {
        long place = offset(to, b, n, first);
        for (int head = 0; head < count; head++, place += shape.hd()) {
            int at = head * blocks * size + n * LANES;
            if (blocks == 1) {
                write(from, at, n, to, place);
            } else {
                for (int block = 0; block < blocks; block++) {
                    VectorAttention.copy(from, at + block * size, row, block * LANES);
                }
                write(row, 0, n, to, place);
            }
        }
    }

    private void write(float[] from, int at, int n, Heads to, long place) {
        Angles angles = to.angles();
        VectorAttention.rotate(from, at, angles.half(), angles.cos(), angles.minusSin(), n * angles.half());
        to.memory().write(from, at, place, shape.hd());
    }

    private long offset(Heads heads, int b, int n, int head) {
        return ((long) b * shape.n() + n) * heads.columns() + heads.first() + (long) head * shape.hd();
    }
}
