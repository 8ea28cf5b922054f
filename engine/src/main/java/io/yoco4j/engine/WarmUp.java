package io.yoco4j.engine;

import io.yoco4j.engine.kernel.AllocationMeter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Short texts of no meaning, until the JVM has compiled what computes them: then a step allocates next to nothing. */
final class WarmUp {
    private static final int PROMPT = 64;
    private static final int TOKENS = 32;
    /** Bytes of a step between what compiled kernels allocate and what others do. */
    private static final long MUCH_ALLOCATED = 100_000;

    private WarmUp() {}

    /** Whether it got there in time. */
    static boolean run(YocoModel model, Duration atMost) {
        long start = System.nanoTime();
        long limit = TimeUnit.NANOSECONDS.convert(atMost); // the longest there is, where it is longer
        boolean compiled;
        do {
            compiled = text(model) <= MUCH_ALLOCATED;
        } while (!compiled && System.nanoTime() - start < limit);
        return compiled;
    }

    /** Bytes that the median step allocated. */
    private static long text(YocoModel model) {
        try (Session session = model.session()) {
            int prompt = Math.clamp(session.maxPositions() / 2, 1, PROMPT);
            int tokens = Math.min(TOKENS, session.maxPositions() - prompt);
            int vocabulary = model.architecture().vocabSize();
            int[] ids = new int[prompt];
            for (int i = 0; i < prompt; i++) {
                ids[i] = i % vocabulary;
            }
            session.prefill(ids, Logits.LAST);
            AllocationMeter meter = new AllocationMeter(tokens);
            for (int i = 0; i < tokens; i++) {
                meter.stepBegins();
                session.decode(i % vocabulary);
                meter.stepEnds();
            }
            return meter.median();
        }
    }
}
