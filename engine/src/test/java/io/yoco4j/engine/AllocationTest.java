package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A kernel that the compiler stops inlining halfway boxes its vectors: hundreds of megabytes where there were none. */
@Tag("slow")
class AllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @ParameterizedTest
    @ValueSource(strings = {"transformer", "yoco-u", "yoco-gret"})
    void compiledCodeAllocatesCacheBlocksOnly(String system) {
        Architecture a = Presets.architecture(system, "tiny");
        EngineOptions options = EngineOptions.builder().threads(1).build();
        try (YocoModel model = YocoModel.of(a, RandomWeights.of(a, WeightFormat.BF16, 1), options)) {
            Session session = model.session();
            int[] chunk = new int[512];
            for (int i = 0; i < 12; i++) {
                session.prefill(chunk, Logits.NONE);
            }
            long grown = session.allocatedBytes();
            long before = THREADS.getCurrentThreadAllocatedBytes();
            session.prefill(chunk, Logits.NONE);
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertThat(allocated).as("prefill").isLessThan(session.allocatedBytes() - grown + 200_000);
            for (int i = 0; i < 2000; i++) {
                session.decode(1);
            }
            grown = session.allocatedBytes();
            before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 300; i++) {
                session.decode(1);
            }
            allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertThat(allocated).as("decode").isLessThan(session.allocatedBytes() - grown + 200_000);
        }
    }

    /** Eight sessions, of different depths and exit thresholds where there is one to choose, on all threads. */
    @ParameterizedTest
    @ValueSource(strings = {"transformer", "yoco-u", "yoco-gret"})
    void stepsOfABatchAllocateCacheBlocksOnly(String system) {
        Architecture a = Presets.architecture(system, "tiny");
        try (YocoModel model = YocoModel.of(a, RandomWeights.of(a, WeightFormat.BF16, 1), EngineOptions.defaults())) {
            List<Session> sessions = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                SessionOptions.Builder options = SessionOptions.builder();
                if (a.looped()) {
                    options.loops(1 + i % 3).exitThreshold(i % 2 * 0.1);
                }
                sessions.add(model.session(options.build()));
            }
            Batch batch = model.batch();
            steps(batch, sessions, 1200);
            long grown = allocatedBytes(sessions);
            long before = allocatedBytesOfThreads();
            steps(batch, sessions, 200);
            long allocated = allocatedBytesOfThreads() - before;
            assertThat(allocated).isLessThan(allocatedBytes(sessions) - grown + 200_000);
        }
    }

    /** As many texts as there are loops of their own for, and every format after others in one process. */
    @ParameterizedTest
    @CsvSource({"F32,F32", "BF16,BF16", "F16,Q8", "Q8,BF16", "Q4,Q8"})
    void stepsOfAnyFormatAllocateNothing(WeightFormat weights, KvFormat kv) {
        Architecture a = Presets.architecture("yoco", "tiny");
        EngineOptions options = EngineOptions.builder().kv(kv).build();
        try (YocoModel model = YocoModel.of(a, RandomWeights.of(a, weights, 1), options)) {
            Batch batch = model.batch();
            for (int texts : new int[] {1, 2, 4, 8}) {
                List<Session> sessions =
                        Stream.generate(model::session).limit(texts).toList();
                decode(batch, sessions, texts == 1 ? 3000 : 1000);
                long grown = allocatedBytes(sessions);
                long before = allocatedBytesOfThreads();
                decode(batch, sessions, 200);
                long allocated = allocatedBytesOfThreads() - before;
                assertThat(allocated).as("%d texts", texts).isLessThan(allocatedBytes(sessions) - grown + 200_000);
            }
        }
    }

    private static void decode(Batch batch, List<Session> sessions, int steps) {
        for (int step = 0; step < steps; step++) {
            batch.clear();
            sessions.forEach(session -> batch.decode(session, 1));
            batch.run();
        }
    }

    /** Seven tokens to decode and a small chunk of a prompt. */
    private static void steps(Batch batch, List<Session> sessions, int steps) {
        int[] chunk = new int[5];
        for (int step = 0; step < steps; step++) {
            batch.clear();
            for (int i = 0; i < sessions.size(); i++) {
                if (i == step % 8) {
                    batch.prefill(sessions.get(i), chunk, 0, chunk.length, Logits.NONE);
                } else {
                    batch.decode(sessions.get(i), i);
                }
            }
            batch.run();
        }
    }

    private static long allocatedBytes(List<Session> sessions) {
        return sessions.stream().mapToLong(Session::allocatedBytes).sum();
    }

    /** Of this thread and the workers. */
    private static long allocatedBytesOfThreads() {
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith("yoco-worker-")) {
                bytes += THREADS.getThreadAllocatedBytes(thread.threadId());
            }
        }
        return bytes;
    }
}
