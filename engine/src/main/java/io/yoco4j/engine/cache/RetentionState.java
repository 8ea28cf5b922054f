package io.yoco4j.engine.cache;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The state S of a gated-retention layer, [H][hd][hd] float32, whatever the context's length: zeros, and no memory, before
 * the first token. Forks share it until one of them takes in more.
 */
public final class RetentionState implements LayerState {
    private final BlockPool pool;
    private final int size;
    private @Nullable Block block;

    private static final class Block {
        final float[] values;
        final AtomicInteger references = new AtomicInteger(1);

        Block(float[] values) {
            this.values = values;
        }
    }

    /** A state of zeros, whose memory counts with the blocks of a pool. */
    public RetentionState(Architecture a, BlockPool pool) {
        this(size(a), pool, null);
    }

    private RetentionState(int size, BlockPool pool, @Nullable Block block) {
        this.size = size;
        this.pool = pool;
        this.block = block;
    }

    private static int size(Architecture a) {
        long size = (long) a.queryDim() * a.headDim();
        if (size > Integer.MAX_VALUE - 8) {
            throw new InvalidInputException("head_dim is " + a.headDim()
                    + ", but a retention state of H x head_dim x head_dim must fit one array: use more, smaller heads");
        }
        return (int) size;
    }

    /** The state itself, to be read and written; no fork sees it. */
    public float[] values() {
        Block mine = block;
        if (mine == null || mine.references.get() > 1) {
            Block own = new Block(mine == null ? new float[size] : mine.values.clone());
            release();
            pool.count(cacheBytes());
            block = own;
            mine = own;
        }
        return mine.values;
    }

    /** The state, to be read. */
    float[] read() {
        return block == null ? new float[size] : block.values;
    }

    @Override
    public long cacheBytes() {
        return (long) size * Float.BYTES;
    }

    @Override
    public long allocatedBytes() {
        return block == null ? 0 : cacheBytes();
    }

    @Override
    public long ownBytes() {
        return block != null && block.references.get() == 1 ? cacheBytes() : 0;
    }

    @Override
    public long bytesToGrow(int n) {
        return n == 0 || ownBytes() > 0 ? 0 : cacheBytes();
    }

    @Override
    public void reserve(int n) {
        if (n > 0) {
            values();
        }
    }

    @Override
    public void trim() {
        // It has nothing to spare.
    }

    @Override
    public RetentionState fork() {
        if (block != null) {
            block.references.incrementAndGet();
        }
        return new RetentionState(size, pool, block);
    }

    @Override
    public void release() {
        if (block != null && block.references.decrementAndGet() == 0) {
            pool.count(-cacheBytes());
        }
        block = null;
    }
}
