package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;

/**
 * The windows of a split in order, for evaluation: window i holds the {@code sequenceLength + 1} ids from position
 * {@code i * sequenceLength}, inputs and the targets shifted by one, so that every token but the first is predicted
 * once. A rest shorter than a window at the end is left out. A split of several sources is read source by source,
 * whatever their weights.
 */
public final class Windows implements Sequences {
    private final Shards.Split split;
    private final int sequenceLength;
    private final long count;

    /** @throws InvalidInputException when the split has no {@code sequenceLength + 1} tokens */
    public Windows(Shards.Split split, int sequenceLength) {
        checkLength(sequenceLength);
        this.split = split;
        this.sequenceLength = sequenceLength;
        this.count = count(split.tokens(), sequenceLength);
        if (count == 0) {
            throw tooShort(split.name(), split.tokens(), sequenceLength);
        }
    }

    static void checkLength(int sequenceLength) {
        if (sequenceLength < 1 || sequenceLength == Integer.MAX_VALUE) {
            throw new InvalidInputException("the sequence length is " + sequenceLength + ", but must be at least 1");
        }
    }

    static long count(long tokens, int sequenceLength) {
        return Math.max(0, (tokens - 1) / sequenceLength);
    }

    static InvalidInputException tooShort(String what, long tokens, int sequenceLength) {
        return new InvalidInputException(what + " has " + tokens + " tokens, but a sequence length of " + sequenceLength
                + " needs at least " + (sequenceLength + 1L) + ": add text, or take a shorter sequence length");
    }

    /** How many windows there are, at least 1. */
    @Override
    public long count() {
        return count;
    }

    /** Ids of a window: the sequence length and one target more. */
    public int width() {
        return sequenceLength + 1;
    }

    /**
     * Copies windows {@code first .. first + rows - 1} to {@code out}, row by row.
     *
     * @param out at least {@code rows * width()} ids
     */
    public void fill(long first, int rows, int[] out) {
        require(first, rows);
        for (int r = 0; r < rows; r++) {
            split.read((first + r) * sequenceLength, width(), out, r * width());
        }
    }

    /** So many of the windows, or all, evenly over the split: a part of each source where there are several. */
    public Sequences spread(long most) {
        long taken = Math.min(count, Math.max(1, most));
        return new Sequences() {
            @Override
            public long count() {
                return taken;
            }

            @Override
            public void read(long first, int rows, long[] ids, long[] targets) {
                if (first < 0 || rows < 0 || first > taken - rows) {
                    throw new IndexOutOfBoundsException(rows + " windows from " + first + " are not within " + taken);
                }
                int[] window = new int[width()];
                for (int r = 0; r < rows; r++) {
                    split.read(place(first + r) * sequenceLength, width(), window, 0);
                    part(window, r, ids, targets);
                }
            }

            private long place(long i) {
                return (long) ((double) i * count / taken);
            }
        };
    }

    private void require(long first, int rows) {
        if (first < 0 || rows < 0 || first > count - rows) {
            throw new IndexOutOfBoundsException(
                    rows + " windows from " + first + " are not within the " + count + " of " + split.name());
        }
    }

    @Override
    public void read(long first, int rows, long[] ids, long[] targets) {
        require(first, rows);
        int[] window = new int[width()];
        for (int r = 0; r < rows; r++) {
            split.read((first + r) * sequenceLength, width(), window, 0);
            part(window, r, ids, targets);
        }
    }

    /** A window as a row of inputs, all but its last id, and one of targets, all but its first. */
    static void part(int[] window, int row, long[] ids, long[] targets) {
        int n = window.length - 1;
        for (int i = 0; i < n; i++) {
            ids[row * n + i] = window[i];
            targets[row * n + i] = window[i + 1];
        }
    }
}
