package io.yoco4j.engine.exec;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.engine.cache.BlockPool;
import io.yoco4j.engine.cache.ContextState;
import io.yoco4j.engine.cache.GlobalKvCache;
import io.yoco4j.engine.cache.KvRows;
import io.yoco4j.engine.kernel.KernelSelection;
import io.yoco4j.engine.kernel.WorkerPool;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention over several segments against the plain formula in float64. */
class AttentionKernelTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("transformer"));
    private static final int HD = A.headDim();
    private static final int HEADS = A.attentionHeads();
    private static final int KV = A.keyValueHeads();
    /** Positions and rows of segments: long and short, one query and many, so that tasks of every kind are mixed. */
    private static final int[][] SEGMENTS = {{2999, 1}, {100, 1}, {1500, 40}, {2200, 3}, {0, 1}, {1023, 1}, {0, 9}};

    private final Random random = new Random(11);
    private final GlobalKvCache[] caches = new GlobalKvCache[SEGMENTS.length];
    private final float[][][] keys = new float[SEGMENTS.length][][];
    private final float[][][] values = new float[SEGMENTS.length][][];

    private float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private BatchRows batch(int[] which) {
        BatchRows batch = new BatchRows();
        for (int s : which) {
            int n = SEGMENTS[s][1];
            ContextState context = new ContextState(A, KvFormat.F32, new BlockPool(0));
            context.advance(new int[SEGMENTS[s][0]], 0, SEGMENTS[s][0]);
            batch.add(context, new LoopExit(0), new int[n], 0, n, 0);
            int length = SEGMENTS[s][0] + n;
            caches[s] = context.full(0, 0, 0);
            KvRows rows = caches[s].grow(length);
            keys[s] = new float[length][];
            values[s] = new float[length][];
            for (int i = 0; i < length; i++) {
                keys[s][i] = floats(KV * HD);
                values[s][i] = floats(KV * HD);
                rows.put(i, keys[s][i], values[s][i], 0);
            }
        }
        batch.begin();
        for (int i = 0; i < which.length; i++) {
            caches[which[i]].view(batch.segment(i).view);
        }
        return batch;
    }

    /** One query of 3,000 keys is cut into many ranges; beside others it is cut less, or not at all. */
    @ParameterizedTest
    @CsvSource({
        "1, VECTOR, 2147483647",
        "2, VECTOR, 2147483647",
        "5, VECTOR, 2147483647",
        "5, VECTOR, 1300",
        "5, SCALAR, 2147483647",
        "2, SCALAR, 33"
    })
    void computesThePlainFormulaHoweverTasksAreCut(int threads, KernelSelection kernels, int window) {
        try (WorkerPool pool = new WorkerPool(threads)) {
            AttentionKernel attention = new AttentionKernel(A, kernels.kernels(), pool);
            for (int[] which : new int[][] {{0}, {1}, {3}, {2}, {0, 1, 2, 3, 4, 5, 6}, {5, 0, 4}}) {
                BatchRows batch = batch(which);
                float[] q = floats(batch.rows() * HEADS * HD);
                float[] out = new float[q.length];
                attention.run(q, batch, window, out);
                for (int row = 0; row < batch.rows(); row++) {
                    int s = which[batch.owner(row).entry];
                    double worst = 0;
                    for (int h = 0; h < HEADS; h++) {
                        worst = Math.max(
                                worst, difference(out, q, (row * HEADS + h) * HD, s, h, batch.position(row), window));
                    }
                    assertThat(worst)
                            .as("segment %d, position %d", s, batch.position(row))
                            .isLessThan(1e-5);
                }
            }
        }
    }

    private double difference(float[] out, float[] q, int at, int s, int head, int position, int window) {
        int kv = head / (HEADS / KV) * HD;
        double total = 0;
        double[] sums = new double[HD];
        for (int i = Math.max(0, position - window + 1); i <= position; i++) {
            double score = 0;
            for (int j = 0; j < HD; j++) {
                score += q[at + j] * keys[s][i][kv + j];
            }
            double weight = Math.exp(score / Math.sqrt(HD));
            total += weight;
            for (int j = 0; j < HD; j++) {
                sums[j] += weight * values[s][i][kv + j];
            }
        }
        double worst = 0;
        for (int j = 0; j < HD; j++) {
            worst = Math.max(worst, Math.abs(out[at + j] - sums[j] / total));
        }
        return worst;
    }

    @ParameterizedTest
    @CsvSource({"1, 3000, 1", "2, 3000, 4", "2, 1023, 2", "2, 512, 1", "8, 3000, 6", "8, 513, 2"})
    void cutsAQueryOnlyWhereThreadsWouldWaitForIt(int threads, int keys, int ranges) {
        ContextState context = new ContextState(A, KvFormat.F32, new BlockPool(0));
        context.advance(new int[keys], 0, keys - 1);
        BatchRows batch = new BatchRows();
        batch.add(context, new LoopExit(0), new int[1], 0, 1, 0);
        batch.begin();
        AttentionTasks tasks = new AttentionTasks(threads, HEADS, KV, HD);
        tasks.plan(batch, Integer.MAX_VALUE);
        assertThat(tasks.ranges(0)).isEqualTo(ranges);
        assertThat(tasks.count()).isEqualTo(KV * ranges);
        tasks.plan(batch, 300);
        assertThat(tasks.ranges(0)).isEqualTo(1);
        assertThat(tasks.partials()).isZero();
    }
}
