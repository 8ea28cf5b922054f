package io.yoco4j.engine.exec;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.engine.cache.BlockPool;
import io.yoco4j.engine.cache.ContextState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class BatchRowsTest {
    /** Stages of 2, 3, 1, 1 and 2 iterations. */
    private static final Architecture A =
            Objects.requireNonNull(Systems.all().get("three kinds before two cross stages"));

    private final BatchRows batch = new BatchRows();

    /** A context with {@code position} tokens that takes in {@code n} more, all of the given id. */
    private void add(Architecture a, int position, int id, int n, int wanted) {
        ContextState context = new ContextState(a, KvFormat.F32, new BlockPool(0));
        context.advance(new int[position], 0, position);
        int[] ids = new int[n + 2];
        Arrays.fill(ids, id);
        batch.add(context, new LoopExit(0), ids, 1, n, wanted);
    }

    private List<String> rows() {
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < batch.rows(); row++) {
            rows.add(batch.id(row) + "@" + batch.position(row));
        }
        return rows;
    }

    @Test
    void rowsOfSegmentsThatRunAreAlwaysTheFirst() {
        add(A.withLoops(1), 10, 1, 2, 1);
        add(A.withLoops(2), 20, 2, 1, 0);
        add(A, 30, 3, 3, 3);
        add(A.withLoops(4), 40, 4, 2, 0);
        batch.begin();
        assertThat(rows()).containsExactly("1@10", "1@11", "2@20", "3@30", "3@31", "3@32", "4@40", "4@41");
        // The stage of 2 iterations.
        assertThat(batch.orderByLoops(0)).isTrue();
        assertThat(rows()).containsExactly("4@40", "4@41", "2@20", "3@30", "3@31", "3@32", "1@10", "1@11");
        assertThat(batch.segment(0).source).isEqualTo(6);
        assertThat(batch.segment(3).source).isZero();
        assertThat(batch.iterate(0)).isTrue();
        assertThat(batch.rows()).isEqualTo(8);
        assertThat(batch.iterate(1)).isTrue();
        assertThat(rows()).containsExactly("4@40", "4@41", "2@20", "3@30", "3@31", "3@32");
        assertThat(batch.iterate(3)).isTrue();
        assertThat(rows()).containsExactly("4@40", "4@41");
        assertThat(batch.iterate(4)).isFalse();
        // The stage of 3.
        assertThat(batch.orderByLoops(1)).isTrue();
        assertThat(rows()).containsExactly("4@40", "4@41", "3@30", "3@31", "3@32", "2@20", "1@10", "1@11");
        assertThat(batch.orderByLoops(2)).isFalse();
        batch.advance();
        assertThat(batch.keepWanted()).isTrue();
        assertThat(rows()).containsExactly("4@40", "4@41", "2@20", "1@11");
        assertThat(batch.segment(2).entry).isZero();
        assertThat(batch.segment(2).context().position()).isEqualTo(12);
        assertThat(batch.orderByLoops(4)).isFalse();
        assertThat(batch.iterate(1)).isTrue();
        assertThat(rows()).containsExactly("4@40", "4@41", "2@20");
    }

    @Test
    void aBatchWithoutLogitsKeepsNoRows() {
        add(A, 0, 1, 3, 3);
        add(A, 5, 2, 1, 1);
        batch.begin();
        assertThat(batch.keepWanted()).isFalse();
        assertThat(batch.rows()).isZero();
        batch.clear();
        assertThat(batch.size()).isZero();
        add(A, 7, 5, 1, 0);
        batch.begin();
        assertThat(rows()).containsExactly("5@7");
    }
}
