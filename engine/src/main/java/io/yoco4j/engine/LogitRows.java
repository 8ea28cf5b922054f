package io.yoco4j.engine;

/** Logits of some tokens, [rows, V]. */
public final class LogitRows {
    private final float[][] rows;
    private final int vocabulary;

    LogitRows(float[][] rows, int vocabulary) {
        this.rows = rows;
        this.vocabulary = vocabulary;
    }

    /** How many tokens: none, one, or all of the prompt. */
    public int rows() {
        return rows.length;
    }

    /** V, the length of each row. */
    public int vocabulary() {
        return vocabulary;
    }

    /**
     * Logits [V] of the i-th token, not a copy; unlike those of {@link Session#decode} and {@link Batch} they stay as they are.
     *
     * @throws IndexOutOfBoundsException unless i is in 0..rows - 1
     */
    public float[] row(int i) {
        return rows[i];
    }

    /**
     * Logits [V] of the last token there is.
     *
     * @throws IllegalStateException when there are none
     */
    public float[] last() {
        if (rows.length == 0) {
            throw new IllegalStateException("there are no logits: ask for those of the last token or of all");
        }
        return rows[rows.length - 1];
    }
}
