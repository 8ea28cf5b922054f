package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import java.util.List;

/**
 * Training batches as a pure function of the seed and the step, so that a run resumes exactly from its step number.
 *
 * <p>Rows are windows of {@code sequenceLength + 1} ids (inputs and the targets shifted by one) at multiples of
 * {@code sequenceLength}. Rows are numbered through: step s, micro-batch m, row r is number
 * {@code (s * microBatches + m) * batchSize + r}, so that a batch cut into more micro-batches, or spread over more
 * processes, holds the same rows.
 *
 * <ul>
 *   <li>No weights given (all are 1): the sources are one sequence of tokens, and every window of it comes once per epoch,
 *       in an order permuted by seed and epoch.
 *   <li>Weights given: each window is drawn from source i with probability w_i / sum w. Exactly so, up to rounding, in
 *       every 65,536 rows, in permuted order; within a source every window comes once before any comes again.
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class Batches implements Sequences {
    /** Rows after which weighted draws have met their shares. */
    private static final int BLOCK = 1 << 16;

    private final Shards.Split split;
    private final int batchSize;
    private final int microBatches;
    private final int sequenceLength;
    private final long seed;
    private final Lane[] lanes;
    private final long windows;

    /** Tokens to draw windows from: {@code quota} rows of each block, from {@code slot} on. */
    private record Lane(long start, long windows, int slot, int quota) {}

    /** Batches of one micro-batch per step. */
    public Batches(Shards.Split split, int batchSize, int sequenceLength, long seed) {
        this(split, batchSize, 1, sequenceLength, seed);
    }

    /**
     * @param batchSize rows of a micro-batch
     * @param microBatches micro-batches of a step, those of all processes together
     * @throws InvalidInputException when the split, or a weighted source, has no {@code sequenceLength + 1} tokens
     */
    public Batches(Shards.Split split, int batchSize, int microBatches, int sequenceLength, long seed) {
        Windows.checkLength(sequenceLength);
        if (batchSize < 1 || microBatches < 1) {
            throw new InvalidInputException("the batch size is " + batchSize + " in " + microBatches
                    + " micro-batches, but both must be at least 1");
        }
        if ((long) batchSize * (sequenceLength + 1L) > Integer.MAX_VALUE - 8) {
            throw new InvalidInputException("a micro-batch of " + batchSize + " sequences of " + sequenceLength
                    + " tokens does not fit an array: take fewer sequences and more micro-batches");
        }
        this.split = split;
        this.batchSize = batchSize;
        this.microBatches = microBatches;
        this.sequenceLength = sequenceLength;
        this.seed = seed;
        boolean weighted = split.parts().stream().anyMatch(p -> p.weight() != 1);
        this.lanes = weighted ? weighted(split, sequenceLength) : new Lane[] {whole(split, sequenceLength)};
        long sum = 0;
        for (Lane lane : lanes) {
            sum += lane.windows;
        }
        this.windows = sum;
    }

    private static Lane whole(Shards.Split split, int sequenceLength) {
        long windows = Windows.count(split.tokens(), sequenceLength);
        if (windows == 0) {
            throw Windows.tooShort(split.name(), split.tokens(), sequenceLength);
        }
        return new Lane(0, windows, 0, BLOCK);
    }

    private static Lane[] weighted(Shards.Split split, int sequenceLength) {
        List<Shards.Part> parts = split.parts();
        int[] quotas = quotas(parts.stream().mapToDouble(Shards.Part::weight).toArray(), BLOCK);
        Lane[] lanes = new Lane[quotas.length];
        long start = 0;
        int slot = 0;
        for (int i = 0; i < lanes.length; i++) {
            Shards.Part part = parts.get(i);
            long windows = Windows.count(part.tokens(), sequenceLength);
            if (windows == 0) {
                throw Windows.tooShort(
                        "source " + part.source() + " in " + split.name(), part.tokens(), sequenceLength);
            }
            lanes[i] = new Lane(start, windows, slot, quotas[i]);
            start += part.tokens();
            slot += quotas[i];
        }
        return lanes;
    }

    /** Shares {@code block} out in proportion to {@code weights}, at least 1 each, by cumulative rounding. */
    static int[] quotas(double[] weights, int block) {
        int n = weights.length;
        if (n > block) {
            throw new InvalidInputException(n + " weighted sources are more than the supported " + block);
        }
        double total = 0;
        double largest = 0;
        for (double w : weights) {
            largest = Math.max(largest, w);
        }
        // Scaled first: weights near the largest double would add up to infinity.
        for (double w : weights) {
            total += w / largest;
        }
        int[] quotas = new int[n];
        double cumulative = 0;
        int given = 0;
        for (int i = 0; i < n; i++) {
            cumulative += weights[i] / largest;
            int upTo = i == n - 1 ? block - n : (int) Math.round(cumulative / total * (block - n));
            quotas[i] = 1 + upTo - given;
            given = upTo;
        }
        return quotas;
    }

    /** Rows of a micro-batch. */
    public int batchSize() {
        return batchSize;
    }

    /** Ids of a row: the sequence length and one target more. */
    public int width() {
        return sequenceLength + 1;
    }

    /** Windows of an epoch. */
    public long windows() {
        return windows;
    }

    /**
     * The epoch, from 0, in which step {@code step} begins. With weights it counts as many rows as there are windows in
     * all sources.
     */
    public long epoch(long step) {
        return row(step, 0) / windows;
    }

    /**
     * Writes a micro-batch to {@code out}, row by row.
     *
     * @param step from 0
     * @param microBatch from 0, below the number of micro-batches
     * @param out at least {@code batchSize() * width()} ids
     */
    public void fill(long step, int microBatch, int[] out) {
        long row = row(step, microBatch);
        for (int r = 0; r < batchSize; r++) {
            split.read(position(row + r), width(), out, r * width());
        }
    }

    /** Without end: epoch follows epoch. */
    @Override
    public long count() {
        return Long.MAX_VALUE;
    }

    @Override
    public void read(long first, int rows, long[] ids, long[] targets) {
        if (first < 0 || rows < 0) {
            throw new IndexOutOfBoundsException(rows + " rows from " + first);
        }
        int[] window = new int[width()];
        for (int r = 0; r < rows; r++) {
            split.read(position(first + r), width(), window, 0);
            Windows.part(window, r, ids, targets);
        }
    }

    private long row(long step, int microBatch) {
        if (step < 0 || microBatch < 0 || microBatch >= microBatches) {
            throw new IndexOutOfBoundsException(
                    "step " + step + ", micro-batch " + microBatch + " of " + microBatches + " a step");
        }
        return Math.multiplyExact(Math.addExact(Math.multiplyExact(step, microBatches), microBatch), batchSize);
    }

    /** Where the window of a row starts in the split. */
    long position(long row) {
        if (lanes.length == 1) {
            return position(0, row);
        }
        long block = row / BLOCK;
        int slot = (int) new Permutation(BLOCK, Permutation.mix(seed, ~block)).apply(row % BLOCK);
        int lane = 0;
        while (slot >= lanes[lane].slot + lanes[lane].quota) {
            lane++;
        }
        // How often the lane was drawn before: its quota of each full block, and a place of its own in this one.
        return position(lane, block * lanes[lane].quota + slot - lanes[lane].slot);
    }

    private long position(int lane, long draw) {
        Lane l = lanes[lane];
        long key = Permutation.mix(Permutation.mix(seed, lane), draw / l.windows);
        return l.start + new Permutation(l.windows, key).apply(draw % l.windows) * sequenceLength;
    }
}
