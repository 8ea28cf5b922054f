package io.yoco4j.engine.cache;

import java.util.Arrays;

/**
 * Rows of keys and values in blocks of one shape, which are taken from a pool when first written, never moved, and
 * shared with forks until one of them writes.
 */
public final class KvRows {
    private final KvShape shape;
    private final BlockPool pool;
    private KvBlock[] blocks;

    /** No rows yet, and blocks that are only its own. */
    public KvRows(KvShape shape) {
        this(shape, new BlockPool(0));
    }

    /** No rows yet. */
    public KvRows(KvShape shape, BlockPool pool) {
        this(shape, pool, new KvBlock[0]);
    }

    private KvRows(KvShape shape, BlockPool pool, KvBlock[] blocks) {
        this.shape = shape;
        this.pool = pool;
        this.blocks = blocks;
    }

    public KvShape shape() {
        return shape;
    }

    /** Rows of a block, a multiple of 32. */
    public int blockRows() {
        return shape.blockRows();
    }

    /** The block that holds rows {@code blockRows * index ..}. */
    public KvBlock block(int index) {
        return blocks[index];
    }

    private int blocksOf(int rows) {
        return (rows + shape.blockRows() - 1) / shape.blockRows();
    }

    /** Makes rows 0 .. rows - 1 writable. */
    public void reserve(int rows) {
        claim(0, rows);
    }

    /**
     * Makes rows {@code from .. to - 1} writable: takes the blocks that are missing, copies those that are shared. Where
     * memory runs out, the rows are what they were.
     */
    void claim(int from, int to) {
        int had = blocks.length;
        if (blocksOf(to) > had) {
            KvBlock[] more = Arrays.copyOf(blocks, blocksOf(to));
            int taken = had;
            try {
                while (taken < more.length) {
                    more[taken] = pool.take(shape);
                    taken++;
                }
            } finally {
                // Else blocks that nobody holds would count as used for good.
                for (int b = had; taken < more.length && b < taken; b++) {
                    pool.release(more[b]);
                }
            }
            blocks = more;
        }
        for (int b = from / shape.blockRows(); b < blocksOf(to); b++) {
            KvBlock shared = blocks[b];
            if (shared.shared()) {
                KvBlock own = pool.take(shape);
                own.copy(shared);
                blocks[b] = own;
                pool.release(shared);
            }
        }
    }

    /** Gives back the blocks beyond the first {@code rows} rows. */
    void truncate(int rows) {
        for (int b = blocksOf(rows); b < blocks.length; b++) {
            pool.release(blocks[b]);
        }
        if (blocksOf(rows) < blocks.length) {
            blocks = Arrays.copyOf(blocks, blocksOf(rows));
        }
    }

    /** Bytes of the blocks that {@link #claim} would take. */
    long bytesToClaim(int from, int to) {
        long taken = Math.max(0, blocksOf(to) - blocks.length);
        for (int b = from / shape.blockRows(); b < Math.min(blocks.length, blocksOf(to)); b++) {
            taken += blocks[b].shared() ? 1 : 0;
        }
        return taken * shape.blockBytes();
    }

    /** The same rows, in the same blocks until one of the two writes. */
    KvRows fork() {
        return new KvRows(shape, pool, Arrays.stream(blocks).map(KvBlock::share).toArray(KvBlock[]::new));
    }

    /** Bytes of keys and values in {@code rows} rows, without padding. */
    long bytes(long rows) {
        return shape.rowBytes(rows);
    }

    /** Bytes of all blocks, shared ones too, with what is padding or not yet written. */
    public long allocatedBytes() {
        return blocks.length * shape.blockBytes();
    }

    /** Bytes of the blocks that no fork shares. */
    long ownBytes() {
        return Arrays.stream(blocks).filter(b -> !b.shared()).count() * shape.blockBytes();
    }

    /** Writes a row, claimed before, from {@code k} and {@code v}, each [heads x headDim] at {@code offset}. */
    public void put(int row, float[] k, float[] v, int offset) {
        blocks[row / shape.blockRows()].put(row % shape.blockRows(), k, v, offset);
    }

    /** Copies a row, as it is stored, of other rows of the same format and width. */
    public void put(int row, KvRows other, int otherRow) {
        KvBlock from = other.blocks[otherRow / other.blockRows()];
        blocks[row / shape.blockRows()].put(row % shape.blockRows(), from, otherRow % other.blockRows());
    }
}
