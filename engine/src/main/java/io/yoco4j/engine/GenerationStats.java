package io.yoco4j.engine;

import java.util.Locale;

/**
 * How fast a generation went so far.
 *
 * @param promptTokens tokens of the prompt
 * @param prefillSeconds until the first token could be drawn
 * @param generatedTokens tokens drawn
 * @param decodeSeconds for the tokens after the first
 * @param cacheBytes of the session's context
 * @param exitThreshold of the session
 * @param loops that the prompt's tokens and the generated ones took
 * @param kernels in use, e.g. {@code vector-512}
 */
public record GenerationStats(
        int promptTokens,
        double prefillSeconds,
        int generatedTokens,
        double decodeSeconds,
        long cacheBytes,
        double exitThreshold,
        LoopsUsed loops,
        String kernels) {

    /** Prompt tokens per second; 0 where nothing was measured. */
    public double prefillTokensPerSecond() {
        return prefillSeconds > 0 ? promptTokens / prefillSeconds : 0;
    }

    /** Tokens per second after the first one, which the prefill gives; 0 where nothing was measured. */
    public double decodeTokensPerSecond() {
        return decodeSeconds > 0 && generatedTokens > 1 ? (generatedTokens - 1) / decodeSeconds : 0;
    }

    /** One line for a terminal. */
    @Override
    public String toString() {
        String used = exitThreshold > 0
                ? String.format(
                        Locale.ROOT, "%.2f loops per token, ", loops.mean().orElse(0))
                : "";
        return String.format(
                Locale.ROOT,
                "prompt %d tokens at %.1f/s, generated %d at %.1f/s, cache %.2f MiB, %skernels %s",
                promptTokens,
                prefillTokensPerSecond(),
                generatedTokens,
                decodeTokensPerSecond(),
                cacheBytes / 1048576.0,
                used,
                kernels);
    }
}
