package io.yoco4j.engine.cache;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.DType;
import io.yoco4j.core.checkpoint.StoredTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Consumer;

/**
 * A tensor of a context in a file. Keys and values are [tokens, 2, KV, hd], oldest token first, their scales [tokens, 2,
 * KV, groups], whatever a block's layout; a retention state is [H, hd, hd].
 *
 * @param parts its bytes, for writing
 * @param load takes its bytes, when it was read
 */
record SavedTensor(String name, DType dtype, long[] shape, Iterable<MemorySegment> parts, Consumer<StoredTensor> load) {
    private static final int PART_ROWS = 64;
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** What moves one row between a block and a file. */
    @FunctionalInterface
    private interface RowMove {
        void move(KvBlock block, int row, ByteBuffer bytes);
    }

    /**
     * The tensors of all states of a context, in a fixed order.
     *
     * @param position tokens in the context, once it is loaded where it is to be
     */
    static List<SavedTensor> of(ContextState context, int position) {
        List<SavedTensor> tensors = new ArrayList<>();
        Architecture a = context.architecture();
        context.forEach((name, state) -> {
            switch (state) {
                case KvCache cache -> addRows(tensors, name, cache, cache.lengthAt(position));
                case RetentionState s -> tensors.add(state(name, s, a));
            }
        });
        return tensors;
    }

    private static void addRows(List<SavedTensor> tensors, String name, KvCache cache, int n) {
        KvShape s = cache.rows().shape();
        DType dtype = switch (s.format()) {
            case F32 -> DType.F32;
            case BF16 -> DType.BF16;
            case Q8 -> DType.I8;
        };
        long[] shape = {n, 2, s.heads(), s.headDim()};
        tensors.add(rows(name, dtype, shape, cache, KvBlock::saveElements, KvBlock::loadElements));
        if (s.format() == KvFormat.Q8) {
            long[] scales = {n, 2, s.heads(), s.groups()};
            tensors.add(rows(name + ".scales", DType.BF16, scales, cache, KvBlock::saveScales, KvBlock::loadScales));
        }
    }

    private static SavedTensor rows(String name, DType dtype, long[] shape, KvCache cache, RowMove save, RowMove load) {
        int n = (int) shape[0];
        int rowBytes = Math.toIntExact(2 * shape[2] * shape[3] * dtype.bytes());
        return new SavedTensor(name, dtype, shape, () -> parts(cache, n, rowBytes, save), stored -> {
            for (int from = 0; from < n; from += PART_ROWS) {
                int count = Math.min(PART_ROWS, n - from);
                ByteBuffer bytes = stored.data()
                        .asSlice((long) from * rowBytes, (long) count * rowBytes)
                        .asByteBuffer();
                moveRows(cache, from, count, bytes.order(ByteOrder.LITTLE_ENDIAN), load);
            }
        });
    }

    private static Iterator<MemorySegment> parts(KvCache cache, int n, int rowBytes, RowMove save) {
        return new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < n;
            }

            @Override
            public MemorySegment next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                int count = Math.min(PART_ROWS, n - next);
                ByteBuffer bytes =
                        ByteBuffer.allocate(Math.multiplyExact(count, rowBytes)).order(ByteOrder.LITTLE_ENDIAN);
                moveRows(cache, next, count, bytes, save);
                next += count;
                return MemorySegment.ofArray(bytes.array());
            }
        };
    }

    private static void moveRows(KvCache cache, int first, int count, ByteBuffer bytes, RowMove move) {
        KvRows rows = cache.rows();
        for (int i = first; i < first + count; i++) {
            int row = cache.row(i);
            move.move(rows.block(row / rows.blockRows()), row % rows.blockRows(), bytes);
        }
    }

    private static SavedTensor state(String name, RetentionState state, Architecture a) {
        long[] shape = {a.attentionHeads(), a.headDim(), a.headDim()};
        return new SavedTensor(
                name,
                DType.F32,
                shape,
                () -> {
                    float[] values = state.read();
                    MemorySegment bytes = MemorySegment.ofArray(new byte[Math.multiplyExact(values.length, 4)]);
                    MemorySegment.copy(values, 0, bytes, FLOAT, 0, values.length);
                    return List.of(bytes).iterator();
                },
                stored -> {
                    float[] values = state.values();
                    MemorySegment.copy(stored.data(), FLOAT, 0, values, 0, values.length);
                });
    }
}
