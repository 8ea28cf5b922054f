package io.yoco4j.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.testing.Systems;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WindowKvCacheTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u"));
    private static final int HD = A.headDim();

    /** Each row's keys and values hold its position, so that the view can be read back. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 32, 33, 300})
    void holdsTheLastRowsOnlyAndSaysTheirPositions(int window) {
        WindowKvCache cache = new WindowKvCache(A, window);
        KvRows chunk = new KvRows(A.keyValueHeads(), HD, Integer.MAX_VALUE);
        KeyView view = new KeyView();
        Random random = new Random(window);
        int end = 0;
        for (int step = 0; step < 60; step++) {
            int n = 1 + random.nextInt(step % 3 == 0 ? 2 * window + 1 : 7);
            int first = random.nextInt(40);
            chunk.reserve(first + n);
            for (int i = 0; i < n; i++) {
                chunk.put(first + i, filled(end + i), filled(-(end + i)), 0);
            }
            requireRows(cache.view(view, chunk, first, n), end - Math.min(end, window), end + n);
            cache.reserve(n);
            for (int i = n - 1; i >= 0; i--) {
                cache.put(i, n, chunk, first + i);
            }
            cache.advance(n);
            end += n;
            assertThat(cache.length()).isEqualTo(Math.min(end, window));
            assertThat(cache.cacheBytes()).isEqualTo(2L * Math.min(end, window) * A.kvDim() * 4);
        }
        // Whole blocks, and values padded from 8 to 32 columns.
        int rows = window <= 32 ? 32 : window == 33 ? 64 : 512;
        assertThat(cache.allocatedBytes()).isLessThanOrEqualTo(4L * A.keyValueHeads() * rows * (HD + 32));
    }

    private static float[] filled(float value) {
        float[] row = new float[A.kvDim()];
        Arrays.fill(row, value);
        return row;
    }

    private static void requireRows(KeyView view, int first, int end) {
        int next = first;
        for (int s = 0; s < view.spans(); s++) {
            KvRows rows = view.rows(s);
            assertThat(view.position(s)).isEqualTo(next);
            for (int i = 0; i < view.count(s); i++) {
                int row = view.from(s) + i;
                float[] keys = rows.keys(row / rows.blockRows());
                float[] values = rows.values(row / rows.blockRows());
                int r = row % rows.blockRows();
                for (int h = 0; h < A.keyValueHeads(); h++) {
                    for (int j = 0; j < HD; j++) {
                        assertThat(keys[rows.keyOffset(h, r) + j * 32]).isEqualTo(next);
                        assertThat(values[rows.valueOffset(h, j / 32, r) + j % 32])
                                .isEqualTo(-next);
                    }
                }
                next++;
            }
        }
        assertThat(next).isEqualTo(end);
    }
}
