package io.yoco4j.engine.cache;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Blocks that contexts of a model take and give back, so that a new context does not pay for fresh memory. Blocks given
 * back are kept, by shape, up to a number of bytes; beyond that they are garbage. A block taken may hold rows of an
 * earlier context: whoever reads it reads what was written since, and padding, which is always 0.
 *
 * <p>Thread-safe.
 */
public final class BlockPool implements AutoCloseable {
    private final Function<KvShape, KvBlock> maker;
    private long limit;
    private final Map<KvShape, Deque<KvBlock>> free = new HashMap<>();
    private long freeBytes;
    private long usedBlocks;
    private long usedBytes;

    /**
     * An empty pool.
     *
     * @param limit bytes of free blocks to keep at most
     */
    public BlockPool(long limit) {
        this(limit, KvBlock::of);
    }

    /** @param maker of blocks, which may run out of memory */
    BlockPool(long limit, Function<KvShape, KvBlock> maker) {
        this.limit = limit;
        this.maker = maker;
    }

    /** A block with one reference. */
    KvBlock take(KvShape shape) {
        KvBlock block = takeFree(shape);
        if (block == null) {
            block = maker.apply(shape);
        }
        synchronized (this) {
            usedBlocks++;
            usedBytes += shape.blockBytes();
        }
        return block;
    }

    private synchronized @Nullable KvBlock takeFree(KvShape shape) {
        Deque<KvBlock> blocks = free.get(shape);
        if (blocks == null || blocks.isEmpty()) {
            return null;
        }
        freeBytes -= shape.blockBytes();
        return blocks.pop().revive();
    }

    /** Drops a reference, and keeps the block where that was the last. */
    void release(KvBlock block) {
        if (!block.drop()) {
            return;
        }
        KvShape shape = block.shape();
        synchronized (this) {
            usedBlocks--;
            usedBytes -= shape.blockBytes();
            if (freeBytes + shape.blockBytes() <= limit) {
                freeBytes += shape.blockBytes();
                free.computeIfAbsent(shape, _ -> new ArrayDeque<>()).push(block);
            }
        }
    }

    /** Counts memory that contexts take beside blocks; fewer bytes than none where they give it back. */
    synchronized void count(long bytes) {
        usedBytes += bytes;
    }

    /** Bytes of the free blocks it keeps. */
    public synchronized long freeBytes() {
        return freeBytes;
    }

    /** Blocks taken and not given back, each once however many contexts share it; those of forgotten contexts among them. */
    public synchronized long usedBlocks() {
        return usedBlocks;
    }

    /** Bytes of the {@link #usedBlocks}, and of the states of retention layers. */
    public synchronized long usedBytes() {
        return usedBytes;
    }

    /** Lets go of all free blocks. */
    public synchronized void clear() {
        free.clear();
        freeBytes = 0;
    }

    /** Lets go of all free blocks, and keeps none from now on. */
    @Override
    public synchronized void close() {
        limit = 0;
        clear();
    }
}
