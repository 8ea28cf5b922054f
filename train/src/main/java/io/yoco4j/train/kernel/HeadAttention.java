package io.yoco4j.train.kernel;

import static io.yoco4j.train.kernel.VectorAttention.LANES;
import static io.yoco4j.train.kernel.VectorAttention.PANEL;
import static io.yoco4j.train.kernel.VectorAttention.ROWS;

import java.util.Arrays;

/**
 * Causal softmax attention, and its gradient, of the queries that share one head of keys and values: block by block of
 * queries, without ever holding all weights (Dao 2023, "FlashAttention-2", algorithms 1 and 2; rows are short enough here
 * to hold one block's whole). Queries and keys are rotated as they are read, their gradients back as they are written. An
 * instance is one thread's working memory.
 */
public final class HeadAttention {
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
            return (n + ROWS - 1) / ROWS * ROWS;
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
    private final int stride;
    private final int width;
    private final float[] queries;
    private final float[] keys;
    private final float[] values;
    private final float[] outputs;
    private final float[] keyPanels;
    private final float[] valuePanels;
    private final float[] keyGradients;
    private final float[] valueGradients;
    private final float[] weights;
    private final float[] weightGradients;
    private final float[] factors = new float[ROWS];
    private final float[] row;
    private final float[] lanes = new float[LANES];
    private final float[] sum = new float[1];

    public HeadAttention(Shape shape) {
        this.shape = shape;
        stride = (shape.hd() + LANES - 1) / LANES * LANES;
        int panels = (shape.n() + PANEL - 1) / PANEL;
        width = panels * PANEL;
        queries = new float[shape.rows() * stride];
        outputs = new float[shape.rows() * stride];
        keys = new float[width * stride];
        values = new float[width * stride];
        keyPanels = new float[width * shape.hd()];
        valuePanels = new float[width * shape.hd()];
        keyGradients = new float[width * shape.hd()];
        valueGradients = new float[width * shape.hd()];
        weights = new float[ROWS * width];
        weightGradients = new float[ROWS * width];
        row = new float[shape.hd()];
    }

    /**
     * Attention of the query heads of one key head.
     *
     * @param out [B, N, heads x hd]
     * @param lse log of the sum of exponentials of each row, [B, heads, rows]
     */
    public void forward(int b, int kvHead, Operands in, Heads out, float[] lse) {
        int group = shape.heads() / shape.kvHeads();
        readKeys(b, kvHead, in);
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
            readQueries(b, head, in);
            int at = (b * shape.heads() + head) * shape.rows();
            for (int i = 0; i < shape.n(); i += ROWS) {
                maskedScores(i);
                for (int r = 0; r < ROWS; r++) {
                    float max = VectorAttention.exponentials(
                            weights, r * width + first(i) * PANEL, r * width + last(i) * PANEL, sum);
                    lse[at + i + r] = max + (float) Math.log(sum[0]);
                    factors[r] = 1 / sum[0];
                }
                VectorAttention.mix(weights, width, values, stride, from(i), to(i), factors, outputs, i * stride);
            }
            writeRows(out, b, head, outputs);
        }
    }

    /**
     * Gradients of queries, keys and values.
     *
     * @param out what {@link #forward} wrote
     * @param lse what it wrote
     * @param gradient of the output
     * @param to where those of queries, keys and values go
     */
    public void backward(int b, int kvHead, Operands in, Heads out, float[] lse, Heads gradient, Operands to) {
        int group = shape.heads() / shape.kvHeads();
        readKeys(b, kvHead, in);
        panels(values, valuePanels);
        Arrays.fill(keyGradients, 0);
        Arrays.fill(valueGradients, 0);
        Arrays.fill(factors, scale());
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
            readQueries(b, head, in);
            float[] delta = deltas(b, head, out, gradient);
            int at = (b * shape.heads() + head) * shape.rows();
            for (int i = 0; i < shape.n(); i += ROWS) {
                int first = first(i);
                int last = last(i);
                maskedScores(i);
                VectorAttention.scores(
                        outputs, i * stride, stride, shape.hd(), valuePanels, first, last, weightGradients, width);
                for (int r = 0; r < ROWS; r++) {
                    VectorAttention.weightsAndGradient(
                            weights,
                            weightGradients,
                            r * width + first * PANEL,
                            r * width + last * PANEL,
                            lse[at + i + r],
                            delta[i + r]);
                }
                VectorAttention.accumulate(
                        weights, width, outputs, i * stride, stride, shape.hd(), valueGradients, first, last);
                VectorAttention.accumulate(
                        weightGradients, width, queries, i * stride, stride, shape.hd(), keyGradients, first, last);
                VectorAttention.mix(weightGradients, width, keys, stride, from(i), to(i), factors, outputs, i * stride);
            }
            writeGradients(to.queries(), b, head, outputs);
        }
        rows(keyGradients, keys);
        writeGradients(to.keys(), b, kvHead, keys);
        rows(valueGradients, values);
        writeGradients(to.values(), b, kvHead, values);
    }

    private float scale() {
        return (float) (1 / Math.sqrt(shape.hd()));
    }

    /** Reads the output's gradient into {@link #outputs}; its inner product with the output, by row. */
    private float[] deltas(int b, int head, Heads out, Heads gradient) {
        float[] delta = new float[shape.rows()];
        readRows(gradient, b, head, outputs);
        Arrays.fill(outputs, shape.n() * stride, outputs.length, 0);
        for (int i = 0; i < shape.n(); i++) {
            out.memory().read(offset(out, b, i, head), row, 0, shape.hd());
            delta[i] = VectorAttention.dot(row, 0, outputs, i * stride, shape.hd(), lanes);
        }
        return delta;
    }

    private void readKeys(int b, int kvHead, Operands in) {
        readRows(in.keys(), b, kvHead, keys);
        readRows(in.values(), b, kvHead, values);
        panels(keys, keyPanels);
    }

    private void readQueries(int b, int head, Operands in) {
        readRows(in.queries(), b, head, queries);
        float scale = scale();
        for (int i = 0; i < shape.n() * stride; i++) {
            queries[i] *= scale;
        }
    }

    /** Scores of a block, minus infinity where a query does not see a key. */
    private void maskedScores(int i) {
        int first = first(i);
        int last = last(i);
        VectorAttention.scores(queries, i * stride, stride, shape.hd(), keyPanels, first, last, weights, width);
        for (int r = 0; r < ROWS; r++) {
            int seen = Math.min(i + r, shape.n() - 1);
            int unseen = Math.max(0, seen + 1 - shape.window());
            VectorAttention.hide(weights, r * width, first * PANEL, last * PANEL, unseen, seen);
        }
    }

    /** The first key that a block sees. */
    private int from(int i) {
        return Math.max(0, Math.min(i, shape.n() - 1) + 1 - shape.window());
    }

    /** The key behind the last that it sees. */
    private int to(int i) {
        return Math.min(i + ROWS, shape.n());
    }

    private int first(int i) {
        return from(i) / PANEL;
    }

    private int last(int i) {
        return (to(i) + PANEL - 1) / PANEL;
    }

    /** Rows {@link #stride} apart, as panels. */
    private void panels(float[] rows, float[] panels) {
        for (int n = 0; n < shape.n(); n++) {
            int to = n / PANEL * PANEL * shape.hd() + n % PANEL;
            for (int d = 0; d < shape.hd(); d++) {
                panels[to + d * PANEL] = rows[n * stride + d];
            }
        }
    }

    private void rows(float[] panels, float[] rows) {
        for (int n = 0; n < shape.n(); n++) {
            int from = n / PANEL * PANEL * shape.hd() + n % PANEL;
            for (int d = 0; d < shape.hd(); d++) {
                rows[n * stride + d] = panels[from + d * PANEL];
            }
        }
    }

    private void readRows(Heads from, int b, int head, float[] to) {
        Angles angles = from.angles();
        int half = angles.cos().length / shape.n();
        for (int n = 0; n < shape.n(); n++) {
            from.memory().read(offset(from, b, n, head), to, n * stride, shape.hd());
            VectorAttention.rotate(to, n * stride, half, angles.cos(), angles.sin(), n * half);
        }
    }

    private void writeRows(Heads to, int b, int head, float[] from) {
        for (int n = 0; n < shape.n(); n++) {
            to.memory().write(from, n * stride, offset(to, b, n, head), shape.hd());
        }
    }

    private void writeGradients(Heads to, int b, int head, float[] from) {
        Angles angles = to.angles();
        int half = angles.cos().length / shape.n();
        for (int n = 0; n < shape.n(); n++) {
            VectorAttention.rotate(from, n * stride, half, angles.cos(), angles.minusSin(), n * half);
        }
        writeRows(to, b, head, from);
    }

    private long offset(Heads heads, int b, int n, int head) {
        return ((long) b * shape.n() + n) * heads.columns() + heads.first() + (long) head * shape.hd();
    }
}
