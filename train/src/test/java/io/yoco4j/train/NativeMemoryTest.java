package io.yoco4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.arch.Presets;
import io.yoco4j.train.model.Parameters;
import io.yoco4j.train.model.StageExecutor;
import io.yoco4j.train.model.Torch;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** Training keeps no native memory from one step to the next. */
class NativeMemoryTest {
    private static final int BATCH = 4;
    private static final int LENGTH = 64;
    private static final int SETTLED = 40;
    private static final int STEPS = 200;

    /** One activation [B, N, D] per step that is not freed comes to 10 MiB over the steps that count. */
    private static final long ALLOWED_BYTES = 5 << 20;

    @Test
    void liveBytesStayFlatOverTwoHundredSteps() {
        var architecture = Presets.architecture("yoco-u", "nano");
        TrainingOptions options = TrainingOptions.builder().steps(STEPS).build();
        try (Parameters parameters = new Parameters(architecture);
                AdamW optimizer = new AdamW(parameters, options);
                StageExecutor executor = new StageExecutor(parameters, true, 0.1)) {
            parameters.initialize(Parameters.Initialization.DEFAULT, 1);
            long[] ids = new long[BATCH * LENGTH];
            Arrays.setAll(ids, i -> i * 31 % architecture.vocabSize());
            long pointers = 0;
            Optional<Long> bytes = Optional.empty();
            for (int step = 1; step <= STEPS; step++) {
                try (PointerScope _ = new PointerScope()) {
                    Tensor batch = Torch.longs(ids, BATCH, LENGTH);
                    // The number of loops varies as in training with drawn loops.
                    executor.loss(architecture.withLoops(1 + step % 3), batch, batch)
                            .backward();
                }
                optimizer.step(step, 1e-3);
                if (step == SETTLED) {
                    pointers = Pointer.totalCount();
                    bytes = mallocBytes();
                }
            }
            assertThat(Pointer.totalCount()).isEqualTo(pointers);
            long before = bytes.orElse(0L);
            mallocBytes().ifPresent(after -> assertThat(after - before).isLessThan(ALLOWED_BYTES));
        }
    }

    /** Bytes in use of malloc's heaps and of its mapped blocks; empty where the C library cannot tell. */
    private static Optional<Long> mallocBytes() {
        Linker linker = Linker.nativeLinker();
        StructLayout mallinfo2 = MemoryLayout.structLayout(MemoryLayout.sequenceLayout(10, ValueLayout.JAVA_LONG));
        return linker.defaultLookup().find("mallinfo2").map(address -> {
            MethodHandle handle = linker.downcallHandle(address, FunctionDescriptor.of(mallinfo2));
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment info = (MemorySegment) handle.invokeExact((SegmentAllocator) arena);
                long mapped = info.getAtIndex(ValueLayout.JAVA_LONG, 4);
                long used = info.getAtIndex(ValueLayout.JAVA_LONG, 7);
                return mapped + used;
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
