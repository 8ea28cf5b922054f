package io.yoco4j.train.kernel;

import static io.yoco4j.train.kernel.VectorAttention.PANEL;
import static io.yoco4j.train.kernel.VectorAttention.ROWS;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Causal softmax attention, and its gradient, of the queries that share one head of keys and values: block by block of
 * queries, without ever holding all weights (Dao 2023, "FlashAttention-2", algorithms 1 and 2; rows are short enough here
 * to hold one block's whole). An instance is one thread's working memory.
 */
public final class HeadAttention {
    /**
     * Where heads lie in a tensor of a sequence's rows.
     *
     * @param n tokens
     * @param heads of queries
     * @param kvHeads of keys and of values
     * @param hd entries of a head
     * @param window tokens seen, the own included
     */
    public record Shape(int batch, int n, int heads, int kvHeads, int hd, int window) {
        /** Queries, keys and values of a token, beside each other. */
        public int columns() {
            return (heads + 2 * kvHeads) * hd;
        }

        /** Tokens in whole blocks. */
        public int rows() {
            return (n + ROWS - 1) / ROWS * ROWS;
        }
    }

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
    private final float[] row;
    private final float[] sum = new float[1];

    public HeadAttention(Shape shape) {
        this.shape = shape;
        stride = (shape.hd() + PANEL - 1) / PANEL * PANEL;
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
     * @param in [B, N, columns]
     * @param out [B, N, heads x hd]
     * @param lse log of the sum of exponentials of each row, [B, heads, rows]
     */
    public void forward(int b, int kvHead, MemorySegment in, MemorySegment out, float[] lse) {
        int group = shape.heads() / shape.kvHeads();
        readKeys(b, kvHead, in);
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
            readRows(in, b, shape.columns(), head, queries);
            scale(queries);
            int at = (b * shape.heads() + head) * shape.rows();
            for (int i = 0; i < shape.n(); i += ROWS) {
                maskedScores(i);
                for (int r = 0; r < ROWS; r++) {
                    float max = VectorAttention.exponentials(
                            weights, r * width + first(i) * PANEL, r * width + last(i) * PANEL, sum);
                    lse[at + i + r] = max + (float) Math.log(sum[0]);
                    weightGradients[r] = 1 / sum[0];
                }
                VectorAttention.mix(weights, width, values, stride, from(i), to(i), outputs, i * stride);
                for (int r = 0; r < ROWS; r++) {
                    for (int c = 0; c < shape.hd(); c++) {
                        outputs[(i + r) * stride + c] *= weightGradients[r];
                    }
                }
            }
            writeRows(out, b, shape.heads() * shape.hd(), head, outputs);
        }
    }

    /**
     * Gradients of queries, keys and values.
     *
     * @param in [B, N, columns]
     * @param out what {@link #forward} wrote
     * @param lse what it wrote
     * @param gradient [B, N, columns], with the output's gradient in the queries' columns; theirs and those of keys and
     *     values take its place
     */
    public void backward(int b, int kvHead, MemorySegment in, MemorySegment out, float[] lse, MemorySegment gradient) {
        int group = shape.heads() / shape.kvHeads();
        readKeys(b, kvHead, in);
        panels(values, valuePanels);
        Arrays.fill(keyGradients, 0);
        Arrays.fill(valueGradients, 0);
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
            readRows(in, b, shape.columns(), head, queries);
            scale(queries);
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
                VectorAttention.mix(weightGradients, width, keys, stride, from(i), to(i), outputs, i * stride);
            }
            scale(outputs);
            writeRows(gradient, b, shape.columns(), head, outputs);
        }
        int columns = shape.columns();
        rows(keyGradients, keys);
        writeRows(gradient, b, columns, shape.heads() + kvHead, keys);
        rows(valueGradients, values);
        writeRows(gradient, b, columns, shape.heads() + shape.kvHeads() + kvHead, values);
    }

    /** Reads the output's gradient into {@link #outputs}; its inner product with the output, by row. */
    private float[] deltas(int b, int head, MemorySegment out, MemorySegment gradient) {
        float[] delta = new float[shape.rows()];
        readRows(gradient, b, shape.columns(), head, outputs);
        Arrays.fill(outputs, shape.n() * stride, outputs.length, 0);
        for (int i = 0; i < shape.n(); i++) {
            read(out, b, i, shape.heads() * shape.hd(), head, row, 0);
            for (int c = 0; c < shape.hd(); c++) {
                delta[i] += row[c] * outputs[i * stride + c];
            }
        }
        return delta;
    }

    private void readKeys(int b, int kvHead, MemorySegment in) {
        readRows(in, b, shape.columns(), shape.heads() + kvHead, keys);
        readRows(in, b, shape.columns(), shape.heads() + shape.kvHeads() + kvHead, values);
        panels(keys, keyPanels);
    }

    /** Scores of a block, minus infinity where a query does not see a key. */
    private void maskedScores(int i) {
        int first = first(i);
        int last = last(i);
        VectorAttention.scores(queries, i * stride, stride, shape.hd(), keyPanels, first, last, weights, width);
        for (int r = 0; r < ROWS; r++) {
            int seen = Math.min(i + r, shape.n() - 1);
            int unseen = Math.max(0, seen + 1 - shape.window());
            Arrays.fill(weights, r * width + first * PANEL, r * width + unseen, Float.NEGATIVE_INFINITY);
            Arrays.fill(weights, r * width + seen + 1, r * width + last * PANEL, Float.NEGATIVE_INFINITY);
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

    private void scale(float[] rows) {
        float scale = (float) (1 / Math.sqrt(shape.hd()));
        for (int i = 0; i < shape.n() * stride; i++) {
            rows[i] *= scale;
        }
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

    private void readRows(MemorySegment from, int b, int columns, int head, float[] to) {
        for (int n = 0; n < shape.n(); n++) {
            read(from, b, n, columns, head, to, n * stride);
        }
    }

    private void read(MemorySegment from, int b, int n, int columns, int head, float[] to, int at) {
        VectorAttention.copy(from, offset(b, n, columns, head), to, at, shape.hd());
    }

    private void writeRows(MemorySegment to, int b, int columns, int head, float[] from) {
        for (int n = 0; n < shape.n(); n++) {
            VectorAttention.copy(from, n * stride, to, offset(b, n, columns, head), shape.hd());
        }
    }

    private long offset(int b, int n, int columns, int head) {
        return 4 * (((long) b * shape.n() + n) * columns + (long) head * shape.hd());
    }
}
