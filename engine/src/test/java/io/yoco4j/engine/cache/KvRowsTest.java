package io.yoco4j.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.engine.kernel.ScalarKernels;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class KvRowsTest {
    private static final int HEADS = 3;

    /** Half a group, a group, one and a half, several. */
    static Stream<Arguments> widths() {
        return Arrays.stream(KvFormat.values())
                .flatMap(f -> Stream.of(16, 32, 48, 65).map(hd -> Arguments.of(f, hd)));
    }

    private static KvRows rows(KvFormat format, int headDim, int maxRows, BlockPool pool) {
        return new KvRows(KvShape.of(format, HEADS, headDim, maxRows), pool);
    }

    /** Rows are what they were, and the pool counts none that nobody holds. */
    @Test
    void whatIsClaimedInPartIsGivenBack() {
        AtomicInteger left = new AtomicInteger(3);
        BlockPool pool = new BlockPool(0, shape -> {
            if (left.getAndDecrement() <= 0) {
                throw new OutOfMemoryError("of a test");
            }
            return KvBlock.of(shape);
        });
        KvRows rows = rows(KvFormat.BF16, 16, Integer.MAX_VALUE, pool);
        rows.claim(0, rows.blockRows());
        assertThatThrownBy(() -> rows.claim(rows.blockRows(), 5 * rows.blockRows()))
                .isInstanceOf(OutOfMemoryError.class);
        assertThat(pool.usedBlocks()).isOne();
        assertThat(rows.allocatedBytes()).isEqualTo(pool.usedBytes());
        left.set(4);
        rows.claim(rows.blockRows(), 5 * rows.blockRows());
        assertThat(pool.usedBlocks()).isEqualTo(5);
        rows.truncate(0);
        assertThat(pool.usedBlocks()).isZero();
    }

    private static float[] random(int n, long seed) {
        Random random = new Random(seed);
        float[] out = new float[n];
        for (int i = 0; i < n; i++) {
            out[i] = (float) random.nextGaussian();
        }
        return out;
    }

    /** What a vector is once stored, by the definition of the formats. */
    private static float[] stored(KvFormat format, float[] x, int offset, int headDim) {
        float[] out = Arrays.copyOfRange(x, offset, offset + headDim);
        for (int g = 0; g < headDim; g += 32) {
            int n = Math.min(32, headDim - g);
            float scale = Bf16.widen(Q8.scale(x, offset + g, n));
            for (int j = g; j < g + n; j++) {
                out[j] = switch (format) {
                    case F32 -> out[j];
                    case BF16 -> Bf16.widen(Bf16.round(out[j]));
                    case Q8 -> scale * Q8.quantize(out[j], scale);
                };
            }
        }
        return out;
    }

    private static void requireRow(KvRows rows, int row, float[] k, float[] v, int offset) {
        KvShape s = rows.shape();
        KvTile tile = new KvTile(new ScalarKernels(), 1);
        int r = row % rows.blockRows();
        for (int h = 0; h < HEADS; h++) {
            tile.load(rows.block(row / rows.blockRows()), h, r, 1);
            float[] key = new float[s.headDim()];
            float[] value = new float[s.headDim()];
            for (int j = 0; j < key.length; j++) {
                key[j] = tile.keys()[tile.keyOffset() + j * 32 + r % 32];
                value[j] = tile.values()[tile.valueOffset(j / 32) + j % 32];
            }
            int from = offset + h * s.headDim();
            assertThat(key).as("key %d", row).isEqualTo(stored(s.format(), k, from, s.headDim()));
            assertThat(value).as("value %d", row).isEqualTo(stored(s.format(), v, from, s.headDim()));
        }
    }

    @ParameterizedTest
    @MethodSource("widths")
    void rowsAreReadAsTheyWereWrittenCopiedSavedAndLoaded(KvFormat format, int headDim) {
        int n = 300;
        int width = HEADS * headDim;
        float[] k = random(n * width + 1, 1);
        float[] v = random(n * width + 1, 2);
        KvRows rows = rows(format, headDim, Integer.MAX_VALUE, new BlockPool(0));
        KvRows copies = rows(format, headDim, 64, new BlockPool(0));
        KvRows loaded = rows(format, headDim, 128, new BlockPool(0));
        assertThat(copies.blockRows()).isNotEqualTo(rows.blockRows());
        rows.reserve(n);
        copies.reserve(n);
        loaded.reserve(n);
        int elements = Math.toIntExact(
                switch (format) {
                    case F32 -> 8L * width;
                    case BF16 -> 4L * width;
                    case Q8 -> 2L * width;
                });
        int scales = Math.toIntExact(rows.bytes(1) - elements);
        for (int i = 0; i < n; i++) {
            rows.put(i, k, v, i * width + 1);
            copies.put(i, rows, i);
        }
        for (int i = 0; i < n; i++) {
            ByteBuffer e = ByteBuffer.allocate(elements).order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer s = ByteBuffer.allocate(scales).order(ByteOrder.LITTLE_ENDIAN);
            KvBlock from = rows.block(i / rows.blockRows());
            from.saveElements(i % rows.blockRows(), e);
            from.saveScales(i % rows.blockRows(), s);
            assertThat(e.remaining() + s.remaining()).isZero();
            KvBlock to = loaded.block(i / loaded.blockRows());
            to.loadElements(i % loaded.blockRows(), e.flip());
            to.loadScales(i % loaded.blockRows(), s.flip());
        }
        for (int i = 0; i < n; i++) {
            requireRow(rows, i, k, v, i * width + 1);
            requireRow(copies, i, k, v, i * width + 1);
            requireRow(loaded, i, k, v, i * width + 1);
        }
        assertThat(rows.bytes(n)).isEqualTo(2 * n * format.vectorBytes(HEADS, headDim));
        assertThat(rows.allocatedBytes()).isGreaterThanOrEqualTo(rows.bytes(n));
    }

    @ParameterizedTest
    @EnumSource(KvFormat.class)
    void aFullBlockIsNeverCopiedAndASharedOneIsBeforeItIsWritten(KvFormat format) {
        int width = HEADS * 32;
        BlockPool pool = new BlockPool(Long.MAX_VALUE);
        GlobalKvCache cache = new GlobalKvCache(rows(format, 32, Integer.MAX_VALUE, pool));
        float[] k = random(600 * width, 1);
        float[] other = random(600 * width, 2);
        KvRows rows = cache.grow(300);
        for (int i = 0; i < 300; i++) {
            rows.put(i, k, k, i * width);
        }
        GlobalKvCache fork = cache.fork();
        assertThat(fork.bytesToGrow(1)).isEqualTo(rows.shape().blockBytes());
        assertThat(fork.bytesToGrow(300)).isEqualTo(2 * rows.shape().blockBytes());
        KvRows forked = fork.grow(300);
        for (int i = 300; i < 600; i++) {
            forked.put(i, other, other, i * width);
        }
        assertThat(forked.block(0)).isSameAs(rows.block(0));
        assertThat(forked.block(1)).isNotSameAs(rows.block(1));
        assertThat(cache.bytesToGrow(1)).as("the other went its own way").isZero();
        KvBlock own = rows.block(1);
        cache.grow(300);
        assertThat(rows.block(1)).isSameAs(own);
        for (int i = 300; i < 600; i++) {
            rows.put(i, k, k, i * width);
        }
        for (int i = 0; i < 600; i++) {
            requireRow(rows, i, k, k, i * width);
            requireRow(forked, i, i < 300 ? k : other, i < 300 ? k : other, i * width);
        }
        cache.release();
        assertThat(pool.freeBytes()).isEqualTo(2 * rows.shape().blockBytes());
        requireRow(forked, 0, k, k, 0);
        fork.release();
        fork.release();
        assertThat(pool.freeBytes()).isEqualTo(5 * rows.shape().blockBytes());
    }

    @ParameterizedTest
    @EnumSource(KvFormat.class)
    void aPoolHandsBlocksOutAgainAndKeepsNoMoreThanItsLimit(KvFormat format) {
        KvShape shape = KvShape.of(format, HEADS, 32, 64);
        KvShape another = KvShape.of(format, HEADS, 32, 32);
        BlockPool pool = new BlockPool(2 * shape.blockBytes());
        KvBlock a = pool.take(shape);
        KvBlock b = pool.take(shape);
        KvBlock c = pool.take(shape);
        b.share();
        pool.release(a);
        pool.release(b);
        assertThat(pool.freeBytes()).isEqualTo(shape.blockBytes());
        assertThat(pool.take(another)).isNotSameAs(a);
        assertThat(pool.take(shape)).isSameAs(a);
        assertThat(a.shared()).isFalse();
        pool.release(a);
        pool.release(b);
        pool.release(c);
        assertThat(pool.freeBytes()).isEqualTo(2 * shape.blockBytes());
        pool.close();
        assertThat(pool.freeBytes()).isZero();
        assertThat(pool.take(shape)).isNotIn(a, b, c);
        pool.release(c.revive());
        assertThat(pool.freeBytes()).isZero();
    }
}
