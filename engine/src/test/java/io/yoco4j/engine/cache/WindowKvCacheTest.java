package io.yoco4j.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.engine.kernel.ScalarKernels;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WindowKvCacheTest {
    private static final int HEADS = 2;
    private static final int HD = 8;
    /** Small enough for every format to tell them apart. */
    private static final int VALUES = 127;

    static Stream<Arguments> windows() {
        return Arrays.stream(KvFormat.values())
                .flatMap(f -> Stream.of(1, 2, 5, 32, 33, 300).map(w -> Arguments.of(f, w)));
    }

    private static WindowKvCache cache(KvFormat format, int window, BlockPool pool) {
        return new WindowKvCache(window, new KvRows(KvShape.of(format, HEADS, HD, window), pool));
    }

    private static KvRows chunk(KvFormat format) {
        return new KvRows(KvShape.of(format, HEADS, HD, Integer.MAX_VALUE));
    }

    /** Each row's keys and values tell its position. */
    private static void fill(KvRows chunk, int first, int position, int n) {
        chunk.reserve(first + n);
        for (int i = 0; i < n; i++) {
            float[] k = new float[HEADS * HD];
            float[] v = new float[HEADS * HD];
            Arrays.fill(k, (position + i) % VALUES);
            Arrays.fill(v, -((position + i) % VALUES));
            chunk.put(first + i, k, v, 0);
        }
    }

    /** In any order, as threads may. */
    private static void append(WindowKvCache cache, KvRows chunk, int first, int n) {
        cache.reserve(n);
        for (int i = n - 1; i >= 0; i--) {
            cache.put(i, n, chunk, first + i);
        }
        cache.advance(n);
    }

    @ParameterizedTest
    @MethodSource("windows")
    void holdsTheLastRowsOnlyAndSaysTheirPositions(KvFormat format, int window) {
        WindowKvCache cache = cache(format, window, new BlockPool(0));
        KvRows chunk = chunk(format);
        KeyView view = new KeyView();
        Random random = new Random(window);
        int end = 0;
        for (int step = 0; step < 60; step++) {
            int n = 1 + random.nextInt(step % 3 == 0 ? 2 * window + 1 : 7);
            int first = random.nextInt(40);
            fill(chunk, first, end, n);
            requireRows(cache.view(view, chunk, first, n), end - Math.min(end, window), end + n);
            long grown = cache.allocatedBytes() + cache.bytesToGrow(n);
            append(cache, chunk, first, n);
            end += n;
            assertThat(cache.allocatedBytes()).isEqualTo(grown);
            assertThat(cache.length()).isEqualTo(Math.min(end, window));
            assertThat(cache.cacheBytes()).isEqualTo(2 * Math.min(end, window) * format.vectorBytes(HEADS, HD));
            for (int i = 0; i < cache.length(); i += 7) {
                assertThat(cache.row(i)).isEqualTo((end - cache.length() + i) % window);
            }
        }
        int rows = window <= 32 ? 32 : window == 33 ? 64 : 512;
        assertThat(cache.allocatedBytes())
                .as("whole blocks, and values padded from 8 to 32 columns")
                .isLessThanOrEqualTo(4L * HEADS * rows * (HD + 32));
    }

    @ParameterizedTest
    @MethodSource("windows")
    void forksShareBlocksUntilOneOfThemWritesThem(KvFormat format, int window) {
        BlockPool pool = new BlockPool(Long.MAX_VALUE);
        WindowKvCache cache = cache(format, window, pool);
        KvRows chunk = chunk(format);
        KeyView view = new KeyView();
        int end = window + window / 3;
        fill(chunk, 0, 0, end);
        append(cache, chunk, 0, end);
        WindowKvCache fork = cache.fork();
        KvRows none = chunk(format);
        for (int n : new int[] {1, 2, window, 3}) {
            fill(chunk, 0, end, n);
            append(fork, chunk, 0, n);
            end += n;
            assertThat(fork.rows()
                            .block(fork.row(fork.length() - 1) / fork.rows().blockRows())
                            .shared())
                    .isFalse();

            requireRows(fork.view(view, none, 0, 0), end - window, end);
            requireRows(cache.view(view, none, 0, 0), window / 3, window + window / 3);
        }
        long all = cache.allocatedBytes() + fork.allocatedBytes();
        cache.release();
        fork.release();
        assertThat(pool.freeBytes()).as("each has blocks of its own by now").isEqualTo(all);
    }

    private static void requireRows(KeyView view, int first, int end) {
        KvTile tile = new KvTile(new ScalarKernels(), 128);
        int next = first;
        for (int s = 0; s < view.spans(); s++) {
            KvRows rows = view.rows(s);
            assertThat(view.position(s)).isEqualTo(next);
            for (int i = 0; i < view.count(s); ) {
                int row = view.from(s) + i;
                int inBlock = row % rows.blockRows();
                int count = Math.min(Math.min(view.count(s) - i, 100), rows.blockRows() - inBlock);
                for (int h = 0; h < HEADS; h++) {
                    tile.load(rows.block(row / rows.blockRows()), h, inBlock, count);
                    requireRows(tile, inBlock, count, next);
                }
                next += count;
                i += count;
            }
        }
        assertThat(next).isEqualTo(end);
    }

    private static void requireRows(KvTile tile, int row, int count, int position) {
        for (int i = 0; i < count; i++) {
            int column = row % 32 + i;
            for (int j = 0; j < HD; j++) {
                float key = tile.keys()[tile.keyOffset() + (column / 32 * HD + j) * 32 + column % 32];
                float value = tile.values()[tile.valueOffset(0) + i * 32 + j];
                assertThat(Math.round(key)).isEqualTo((position + i) % VALUES);
                assertThat(Math.round(value)).isEqualTo(-((position + i) % VALUES));
            }
        }
    }
}
