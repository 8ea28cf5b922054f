package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
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
}
