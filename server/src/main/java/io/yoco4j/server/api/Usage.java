package io.yoco4j.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.engine.LoopsUsed;

/**
 * What a reply took. Beyond OpenAI's fields there are, under {@code yoco4j}, what loops and memory came to.
 *
 * @param promptTokens of all prompts
 * @param cachedTokens of these that did not have to be computed
 * @param completionTokens of all texts
 * @param cacheBytes of all contexts, at their end or so far
 * @param loops that computed tokens took
 * @param firstTokenSeconds from the request to its first token; 0 where there was none
 * @param seconds from the request to the end
 */
public record Usage(
        int promptTokens,
        int cachedTokens,
        int completionTokens,
        long cacheBytes,
        LoopsUsed loops,
        double firstTokenSeconds,
        double seconds) {

    /** Adds it to a reply, or to a piece of one, as {@code usage}. */
    public void addTo(ObjectNode reply) {
        ObjectNode usage = reply.putObject("usage");
        usage.put("prompt_tokens", promptTokens);
        usage.put("completion_tokens", completionTokens);
        usage.put("total_tokens", promptTokens + completionTokens);
        usage.putObject("prompt_tokens_details").put("cached_tokens", cachedTokens);
        ObjectNode own = usage.putObject("yoco4j");
        loops.mean().ifPresent(mean -> own.put("mean_loops", mean));
        own.put("cache_bytes", cacheBytes);
        own.put("time_to_first_token_s", firstTokenSeconds);
        own.put("time_s", seconds);
    }
}
