package io.yoco4j.engine.cache;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Blocks that contexts of a model take and give back, so that a new context does not pay for fresh memory. Blocks given
 * back are kept, by shape, up to a number of bytes; beyond that they are garbage. A block taken may hold rows of an
 * earlier context: whoever reads it reads what was written since, and padding, which is always 0.
 *
 * <p>Thread-safe.
 */
public final class BlockPool implements AutoCloseable {
    private long limit;
    private final Map<KvShape, Deque<KvBlock>> free = new HashMap<>();
    private long freeBytes;

    /**
     * An empty pool.
     *
     * @param limit bytes of free blocks to keep at most
     */
    public BlockPool(long limit) {
        this.limit = limit;
    }

    /** A block with one reference. */
    KvBlock take(KvShape shape) {
        synchronized (this) {
            Deque<KvBlock> blocks = free.get(shape);
            if (blocks != null && !blocks.isEmpty()) {
                freeBytes -= shape.blockBytes();
                return blocks.pop().revive();
            }
        }
        return KvBlock.of(shape);
    }

    /** Drops a reference, and keeps the block where that was the last. */
    void release(KvBlock block) {
        if (!block.drop()) {
            return;
        }
        KvShape shape = block.shape();
        synchronized (this) {
            if (freeBytes + shape.blockBytes() <= limit) {
                freeBytes += shape.blockBytes();
                free.computeIfAbsent(shape, _ -> new ArrayDeque<>()).push(block);
            }
        }
    }

    /** Bytes of the free blocks it keeps. */
    public synchronized long freeBytes() {
        return freeBytes;
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
