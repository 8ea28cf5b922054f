package io.yoco4j.engine.bench;

import io.yoco4j.engine.Batch;
import io.yoco4j.engine.Logits;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.engine.kernel.AllocationMeter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** One model taking in a prompt, then generating from there in batches of every size asked for. */
final class Trial {
    private static final int WARM_UP_PROMPT = 512;
    private static final int WARM_UP_ROUNDS = 20;
    private static final long WARM_UP_NANOS = 1_000_000_000;
    private static final long LONGEST_WARM_UP_NANOS = 20 * WARM_UP_NANOS;

    private final YocoModel model;
    private final Subject subject;
    private final BenchmarkOptions options;

    Trial(YocoModel model, Subject subject, BenchmarkOptions options) {
        this.model = model;
        this.subject = subject;
        this.options = options;
    }

    /**
     * What was measured.
     *
     * @param prefillSeconds of the prompt
     * @param firstTokenSeconds from an empty context to the first token drawn
     * @param decoding generating, by batch size
     * @param cacheBytes of one context after its prompt
     * @param allocatedBytes of memory that these take
     */
    record Sample(
            double prefillSeconds,
            double firstTokenSeconds,
            List<Decoding> decoding,
            long cacheBytes,
            long allocatedBytes) {}

    /**
     * Generating with a batch size.
     *
     * @param seconds of all steps
     * @param allocatedBytes of the median step
     */
    record Decoding(double seconds, long allocatedBytes) {}

    /**
     * Runs on short prompts, for a second or 20 times, so that the kernels get compiled; where steps still allocate as others
     * do, for up to 20 seconds. Returns how often.
     */
    int warmUp() {
        long start = System.nanoTime();
        int rounds = 0;
        long nanos = 0;
        boolean compiled = false;
        while (nanos < WARM_UP_NANOS && rounds < WARM_UP_ROUNDS || !compiled && nanos < LONGEST_WARM_UP_NANOS) {
            compiled = run(Math.min(options.longest(), WARM_UP_PROMPT)).decoding().stream()
                    .allMatch(d -> d.allocatedBytes() <= BenchmarkPoint.MUCH_ALLOCATED);
            nanos = System.nanoTime() - start;
            rounds++;
        }
        return rounds;
    }

    Sample run(int context) {
        int[] ids = new SplittableRandom(1)
                .ints(context, 0, subject.architecture().vocabSize())
                .toArray();
        long start = System.nanoTime();
        try (Session session = model.session()) {
            float[] logits = prefill(session, ids);
            long prefilled = System.nanoTime();
            int first = likeliest(logits);
            long drawn = System.nanoTime();
            requirePredicted(session);
            long cacheBytes = session.cacheBytes();
            long allocatedBytes = session.allocatedBytes();
            List<Decoding> decoding = new ArrayList<>();
            for (int i = 0; i < options.batches().size(); i++) {
                // The last may go on in the prompt's own session.
                boolean last = i == options.batches().size() - 1;
                decoding.add(decode(session, options.batches().get(i), last, first));
            }
            return new Sample((prefilled - start) / 1e9, (drawn - start) / 1e9, decoding, cacheBytes, allocatedBytes);
        }
    }

    /** Logits of the last token. */
    private float[] prefill(Session session, int[] ids) {
        if (!options.fullPrefill()) {
            return session.prefill(ids, Logits.LAST).last();
        }
        // By chunks, as the logits of a long prompt take more memory than its model.
        int chunk = model.options().prefillChunk();
        float[] last = new float[0];
        for (int from = 0; from < ids.length; from += chunk) {
            int[] part = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + chunk));
            last = session.prefill(part, Logits.ALL).last();
        }
        return last;
    }

    private Decoding decode(Session prompt, int size, boolean withPrompt, int first) {
        List<Session> forks = new ArrayList<>();
        for (int i = withPrompt ? 1 : 0; i < size; i++) {
            forks.add(prompt.fork());
        }
        try {
            List<Session> sessions = new ArrayList<>(forks);
            if (withPrompt) {
                sessions.add(prompt);
            }
            int[] ids = new int[size];
            Arrays.fill(ids, first);
            Batch batch = model.batch();
            AllocationMeter meter = new AllocationMeter(options.generate());
            long start = System.nanoTime();
            for (int i = 0; i < options.generate(); i++) {
                meter.stepBegins();
                step(batch, sessions, ids);
                meter.stepEnds();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            sessions.forEach(this::requirePredicted);
            return new Decoding(seconds, meter.median());
        } finally {
            forks.forEach(Session::close);
        }
    }

    /** One token of each session; the next ones are put in place of {@code ids}. */
    private static void step(Batch batch, List<Session> sessions, int[] ids) {
        batch.clear();
        for (int i = 0; i < ids.length; i++) {
            batch.decode(sessions.get(i), ids[i]);
        }
        batch.run();
        for (int i = 0; i < ids.length; i++) {
            ids[i] = likeliest(batch.logits(i));
        }
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    private void requirePredicted(Session session) {
        long predicted = subject.cacheBytes(session.position());
        if (session.cacheBytes() != predicted) {
            throw new IllegalStateException("the cache of " + subject.system() + " has " + session.cacheBytes()
                    + " bytes at " + session.position() + " tokens, but accounting says " + predicted);
        }
    }
}
